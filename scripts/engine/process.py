"""What the process of Snakemake needs before it plans."""

import gc
import os
import sys
from pathlib import Path


def prepare_process():
    """Let jobs find this Python, and look for garbage less often."""
    # `.venv/bin/snakemake` without an activated .venv must find the same Python for its jobs. With
    # `--sdm conda` the environment of a rule is activated later and comes first.
    os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), *os.get_exec_path()])
    # With many runs Snakemake makes millions of objects that live to its end: looking for garbage
    # among them as often as Python does takes a seventh of a dry run.
    gc.set_threshold(50_000, 50, 50)
