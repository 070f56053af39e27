"""Pages of docs/, done as written: their files, their edits and their commands."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

from project import ROOT, copy_project

BLOCK = re.compile(r"^```(\w+)(?: (\S+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PAGE = (ROOT / "docs/architecture.md").read_text()
INTRODUCTION, *PARTS = re.split(
    r"^### ", PAGE.partition("\n## How to add\n")[2], flags=re.MULTILINE
)


def follow(project, text):
    """Write and edit the files of a part of the page, and run its commands; what they print."""
    printed = []
    for language, name, content in BLOCK.findall(text):
        path = project.folder / name
        if language == "diff":
            for before, after in changes(content):
                assert path.read_text().count(before) == 1, f"{name} has not, once:\n{before}"
                path.write_text(path.read_text().replace(before, after))
        elif name:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content)
        else:
            assert language == "sh"
            done = subprocess.run(
                ["bash", "-e", "-c", content],
                cwd=project.folder,
                capture_output=True,
                text=True,
                timeout=300,
            )
            assert done.returncode == 0, done.stdout + done.stderr
            printed.append(done.stdout + done.stderr)
    return "".join(printed)


def changes(diff):
    """(text before, text after) of each part of a diff without headers; empty lines part them."""
    for part in re.split(r"(?<=\n)\n", diff):
        lines = part.splitlines(keepends=True)
        yield ["".join(line[1:] for line in lines if line[0] != sign) for sign in "+-"]


def make_small_run(folder):
    """Do what the page does before anything is added."""
    project = copy_project(folder)
    shutil.copy2(ROOT / "Makefile", folder)
    # An environment of its own that is this one, and younger than the lock: make installs nothing.
    (folder / ".venv").mkdir()
    for item in Path(sys.prefix).iterdir():
        if item.name != "installed":
            (folder / ".venv" / item.name).symlink_to(item)
    (folder / ".venv/installed").touch()
    follow(project, INTRODUCTION)
