"""The files of templates/ that a report is made of."""

from pathlib import Path


def template_files(folder):
    """Paths below the folder, but for what editors and operating systems leave there."""
    return [
        path
        for path in sorted(Path(folder).rglob("*"))
        if path.is_file() and not path.name.startswith((".", "#")) and not path.name.endswith("~")
    ]
