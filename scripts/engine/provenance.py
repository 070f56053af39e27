"""Which state of the project's own source made a result."""

import os
import subprocess
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
# Where a file that git does not know may change results.
SOURCE = ("Snakefile", "rules", "scripts", "templates")
# Pages change no result, and the workflow writes some of them itself.
ALL_BUT_PAGES = (".", ":!docs")


def source_state():
    """The git commit of the project and whether its source differs from it: a dict, or None.

    None where the project is no git checkout of its own, or git is not installed.
    """
    top = _git("rev-parse", "--show-toplevel")
    if top is None or Path(top).resolve() != PROJECT:
        return None
    commit = _git("rev-parse", "--verify", "--quiet", "HEAD")
    changes = _git("status", "--porcelain", "--untracked-files=no", "--", *ALL_BUT_PAGES)
    new_files = _git("ls-files", "--others", "--exclude-standard", "--", *SOURCE)
    if commit is None or changes is None or new_files is None:
        return None
    return {"commit": commit, "dirty": bool(changes or new_files)}


def _git(*words):
    """What git prints, or None where it fails or is not there."""
    # Many trainings may ask at once, and none of them needs the index refreshed.
    command = ["git", "--no-optional-locks", "-C", str(PROJECT), *words]
    # In a hook of another repository, these variables point git to that one.
    plain = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    try:
        result = subprocess.run(command, capture_output=True, text=True, check=False, env=plain)
    except FileNotFoundError:
        return None
    return result.stdout.strip() if result.returncode == 0 else None
