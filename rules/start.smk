# In: where Snakemake runs, and the configuration files that it was given.
# Out: nothing, or one line on what keeps the workflow from starting.
#
# It comes before the configuration is read: what is wrong here makes a wrong one of it.

import os
import sys
from pathlib import Path

PROJECT = Path(workflow.snakefile).resolve().parent.parent
sys.path.insert(0, str(PROJECT / "scripts"))

from engine.configfiles import check_configfile
from engine.errors import UserError
from engine.process import check_place

try:
    check_place(PROJECT, workflow.basedir)
    for file in map(Path, [*workflow.configfiles, "config/config.yaml"]):
        if file.is_file():
            check_configfile(os.path.relpath(file))
except UserError as error:
    sys.exit(f"error: {error}")
