"""What the process of Snakemake needs before it plans."""

import os
import shlex
import sys
from pathlib import Path

from engine.errors import UserError

# What a user's shell or notebook may say and no job is meant to hear. In this order: the folder of
# the command is not searched for modules; docstrings and assertions are gone; warnings are errors;
# the process stays open at its end; output cannot say every name; figures are drawn in a notebook.
NOT_FOR_JOBS = (
    "PYTHONSAFEPATH",
    "PYTHONOPTIMIZE",
    "PYTHONWARNINGS",
    "PYTHONINSPECT",
    "PYTHONIOENCODING",
    "MPLBACKEND",
)


def check_place(project, main_folder):
    """Raise UserError where Snakemake does not run this workflow itself, in the project's folder.

    project: Path of the folder, absolute; main_folder: that of the Snakefile that was asked for.
    All paths of the workflow are relative to its folder, as are those of a user.
    """
    folder = shlex.quote(str(project))
    if Path(main_folder).resolve() != project:
        raise UserError(
            "this workflow stands alone and cannot be a module or an include of another one (found "
            f"the Snakefile of {main_folder}); run it by itself, for example in the shell command "
            f"of a rule: cd {folder} && snakemake --cores 8"
        )
    if Path.cwd().resolve() != project:
        raise UserError(
            f"this workflow runs in its own folder, {project}, and this is {Path.cwd()}; "
            f"go there first (cd {folder}), or add --directory {folder}"
        )
    if {"{", "}"} & set(str(project)):
        raise UserError(
            "the path of this workflow has braces, which Snakemake reads as wildcards "
            f"({project}); rename that folder"
        )


def prepare_process():
    """Let jobs find this Python and run it as usual."""
    # `.venv/bin/snakemake` without an activated .venv must find the same Python for its jobs. With
    # `--sdm conda` the environment of a rule is activated later and comes first.
    os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), *os.get_exec_path()])
    for name in NOT_FOR_JOBS:
        os.environ.pop(name, None)
