"""What several tests need, made once for all processes that test at the same time."""

import os
import shutil
from pathlib import Path

from filelock import FileLock


def common_folder(tmp_path_factory):
    """The folder of temporary files that all these processes share."""
    root = tmp_path_factory.getbasetemp()
    return root.parent if "PYTEST_XDIST_WORKER" in os.environ else root


def made_once(folder, make):
    """The folder, which make(folder) writes where no process has done so."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    done = Path(f"{folder}.made")
    with FileLock(f"{folder}.lock"):
        if not done.exists():
            shutil.rmtree(folder, ignore_errors=True)
            make(folder)
            done.touch()
    return folder
