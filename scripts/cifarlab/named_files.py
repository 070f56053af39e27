"""The files that a configuration names, looked for before any job starts."""

import os
from pathlib import Path

from engine.errors import UserError
from engine.files import local_path


def check_files(configuration, runs, has_data):
    """Raise UserError, a line each, for files that the configuration names and that are not there.

    runs: list of Run; the models of others are not looked at. has_data: whether the data set was
    prepared, after which its archive is not needed.
    """
    files = {"published": [configuration.published_file]}
    if path := configuration.evaluation.label_corrections_file:
        files["evaluation.label_corrections"] = [path]
    if not has_data and not configuration.dataset.is_synthetic:
        files["dataset.source"] = list(map(local_path, configuration.dataset.source))
    for name in dict.fromkeys(run.model for run in runs):
        local_files = configuration.models[name].local_files
        files |= {f"models.{name}.{key}": [Path(path)] for key, path in local_files.items()}
    # Of several sources one is enough, and whether a URL is there is seen when it is asked.
    faults = [
        f"{key}: {_missing(key, paths)}"
        for key, paths in files.items()
        if None not in paths and not any(map(os.path.isfile, paths))
    ]
    if faults:
        raise UserError("\n  ".join(["files are missing:", *faults]))


def _missing(key, paths):
    folders = [str(path) for path in paths if os.path.isdir(path)]
    if folders and key == "dataset.source":
        return (
            f"expected an archive, found the folder {folders[0]}; name the file that it was "
            "unpacked from, as it was downloaded: its MD5 says that the images are the right ones"
        )
    return (
        f"expected a file at {' or '.join(map(str, paths))}, found "
        f"{'a folder' if folders else 'none'}; check the path, which is relative to {Path.cwd()}"
    )
