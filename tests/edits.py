"""Edits of a project, each a function of it: what people do between two runs."""

import os
import shutil
import subprocess
import sys
import time

import yaml

RESULTS = "results/synthetic"
OWN_MODEL = '''"""A user's own model."""

import json
from pathlib import Path

from torch import nn

from .layers import flat

SIZE = json.loads(Path(__file__).with_name("size.json").read_text())


def tiny(n_classes):
    # One layer suffices.
    return nn.Sequential(flat(), nn.Linear(3 * SIZE**2, n_classes))
'''
# What it imports and reads, beside it.
OWN_FILES = {
    "layers.py": "from torch import nn\n\n\ndef flat():\n    return nn.Flatten()\n",
    "size.json": "32\n",
}
OTHER = {"name": "adamw", "learning_rate": 0.01, "weight_decay": 0.02}


def save_own_weights(folder, value):
    """Weights for the user's model, all of one value, written by a process as a user would."""
    code = (
        "import torch; torch.save({'1.weight': torch.full((100, 3072), VALUE),"
        " '1.bias': torch.zeros(100)}, 'own/weights.pth')"
    ).replace("VALUE", str(value))
    subprocess.run([sys.executable, "-c", code], cwd=folder, check=True)


def replace(name, before, after):
    """An edit of a file's text."""

    def edit(project):
        path = project.folder / name
        text = path.read_text()
        assert before in text, f"{name} has no {before!r}"
        path.write_text(text.replace(before, after, 1))

    return edit


def append(name, text):
    def edit(project):
        with (project.folder / name).open("a") as file:
            file.write(text)

    return edit


def write_list(text):
    """An edit of the user's list of corrected labels."""
    return lambda project: (project.folder / "wrong.csv").write_text(text)


def configure(change):
    """An edit of the configuration: change(values) in place."""

    def edit(project):
        values = yaml.safe_load((project.folder / "small.yaml").read_text())
        change(values)
        project.configure(values)

    return edit


def setting(*path, value):
    def change(values):
        for key in path[:-1]:
            values = values.setdefault(key, {})
        values[path[-1]] = value

    return configure(change)


def with_old_time(edit, name):
    """The same edit, the file's time stamp set back, as `cp -p` would."""

    def edited(project):
        before = (project.folder / name).stat()
        edit(project)
        os.utime(project.folder / name, ns=(before.st_atime_ns, before.st_mtime_ns))

    return edited


def touch_everything(project):
    for path in project.folder.rglob("*"):
        if path.is_file() and ".snakemake" not in path.parts:
            os.utime(path)


def touch_in_the_future(project):
    for path in project.folder.glob("results/*/runs/*/*/*/weights.safetensors"):
        os.utime(path, (time.time() + 86_400,) * 2)


def clone_without_metadata(project):
    """A fresh copy: other inodes and times, no .snakemake."""
    shutil.rmtree(project.folder / ".snakemake")
    clone(project)


def clone(project):
    """A fresh copy: other inodes and times."""
    shutil.copytree(project.folder, project.folder.with_name("clone"), copy_function=shutil.copy)
    project.folder = project.folder.with_name("clone")


def move(project):
    project.folder = project.folder.rename(project.folder.with_name("moved"))


def rewrite_own_weights(project):
    path = project.folder / "own/weights.pth"
    content = path.read_bytes()
    path.unlink()
    path.write_bytes(content)


def reorder_keys(project):
    values = yaml.safe_load((project.folder / "small.yaml").read_text())

    def turned(value):
        if isinstance(value, dict):
            return {key: turned(item) for key, item in reversed(value.items())}
        return value

    text = yaml.safe_dump(turned(values), sort_keys=False)
    (project.folder / "small.yaml").write_text("# a comment\n" + text)


def forget_metadata_and(edit):
    def edited(project):
        shutil.rmtree(project.folder / ".snakemake/metadata")
        edit(project)

    return edited


def both(*edits):
    def edited(project):
        for edit in edits:
            edit(project)

    return edited


def delete(name):
    return lambda project: (project.folder / RESULTS / name).unlink()


def truncate(name):
    def edit(project):
        path = project.folder / RESULTS / name
        content = path.read_bytes()
        path.write_bytes(content[: len(content) // 2])

    return edit


def flip_a_byte(name):
    def edit(project):
        path = project.folder / RESULTS / name
        content = bytearray(path.read_bytes())
        content[-1] ^= 1
        path.write_bytes(content)

    return with_old_time(edit, f"{RESULTS}/{name}")


def another_seed(values):
    values["runs"][1]["seeds"] = [0, 1]
    values["runs"][1]["models"] = ["cnn_3"]
    values["runs"].append({"models": ["own"], "recipes": ["quick"], "seeds": [0]})


def without_cnn_3(values):
    values["runs"][1]["models"] = ["own"]


def without_other(values):
    values["runs"][0]["recipes"] = ["quick"]


def swapped(values):
    optimizer = values["recipes"]["other"]["optimizer"]
    optimizer["learning_rate"], optimizer["weight_decay"] = (
        optimizer["weight_decay"],
        optimizer["learning_rate"],
    )
