"""Any edits together ask for what each of them asks for, and an edit undone for nothing."""

import shutil

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from project import Project
from staleness_table import Scene, table, would_make

pytestmark = pytest.mark.long

TABLE = table(Scene())
# Edits of one file each, no two of the same place, with that file.
FILES = {
    "comment in the training loop": "scripts/cifarlab/training/loop.py",
    "comment in a model family": "scripts/cifarlab/models/families/cnn.py",
    "a report template": "templates/report.md.j2",
    "code of a figure of each model": "scripts/reporting/figures/loss.py",
    "code of the drawing of structures": "scripts/reporting/figures/structure.py",
    "a figure's code": "scripts/reporting/figures/accuracy.py",
    "a metric's code": "scripts/cifarlab/evaluation/metrics.py",
    "code of prediction": "scripts/cifarlab/evaluation/prediction.py",
    "a helper imported by a helper of train.py": "scripts/cifarlab/training/steps.py",
    "code of the user's model": "own/model.py",
    "the published numbers": "config/published.csv",
    "torch version in the lock": "requirements.lock",
    "learning rate of one recipe": "small.yaml",
    "metrics deleted": "results/synthetic/runs/cnn_3/quick/seed-0/metrics.json",
    "weights edited, with their old time": (
        "results/synthetic/runs/cnn_3/quick/seed-0/weights.safetensors"
    ),
    "an array deleted": "results/synthetic/data/train_images.npy",
}


@pytest.fixture(scope="module")
def made(made_once, tmp_path_factory):
    folder = tmp_path_factory.mktemp("together") / "project"
    return Project(shutil.copytree(made_once.folder, folder, symlinks=True))


def undo(project, name, kept):
    """Put an edit's file back, its bytes and not its times."""
    path = project.folder / FILES[name]
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(kept[name])


# Each step turns an edit on, or off again; derandomised, for a suite that always says the same.
@given(steps=st.lists(st.sampled_from(sorted(FILES)), min_size=1, max_size=8))
@settings(
    max_examples=15,
    deadline=None,
    derandomize=True,
    database=None,
)
def test_edits_ask_for_what_each_of_them_asks_for(made, steps):
    kept, on = {}, set()
    for name in steps:
        if name in on:
            undo(made, name, kept)
            on.remove(name)
        else:
            kept[name] = (made.folder / FILES[name]).read_bytes()
            TABLE[name][0](made)
            on.add(name)
    try:
        assert would_make(made) == set().union(*(TABLE[name][1] for name in on))
    finally:
        for name in on:
            undo(made, name, kept)
