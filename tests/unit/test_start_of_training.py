"""What a process that trains loads and holds, seen in a process of its own."""

import json
import platform
import subprocess
import sys

import numpy as np
import pytest
from choices import choices
from project import ROOT

from cifarlab.datasets.store import Dataset, Split, save_dataset

SGD = {"name": "sgd", "learning_rate": 0.01}
TRAINING = """
import json, sys
import torch
from torch import nn
from cifarlab.datasets.inputs import Images, InputSettings
from cifarlab.datasets.store import load_split
from cifarlab.training.recipes import Recipe
from cifarlab.training.steps import Stepper
from engine.settings import checked_settings

torch.manual_seed(0)
split = load_split(sys.argv[1])
images = Images(split.images, InputSettings(32, [0.5] * 3, [0.2] * 3), torch.device("cpu"))
keys = {"epochs": 1, "batch_size": 8, "clip_norm": 1.0, "optimizer": json.loads(sys.argv[2])}
recipe = checked_settings(Recipe, keys)
layers = [nn.Linear(3072, 4), nn.Linear(4, 4), nn.Linear(4, 2)]
model = nn.Sequential(nn.Flatten(), *layers).train()
labels = torch.tensor(split.labels)
"""


def in_a_process(code, dataset, optimizer=SGD, *arguments):
    """What the code prints, as JSON, after `TRAINING`."""
    done = subprocess.run(
        [sys.executable, "-c", TRAINING + code, str(dataset), json.dumps(optimizer), *arguments],
        env={"PYTHONPATH": str(ROOT / "scripts")},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "Warning" not in done.stderr
    return json.loads(done.stdout)


@pytest.fixture
def dataset(tmp_path):
    images = np.random.default_rng(0).integers(0, 256, (8, 32, 32, 3), dtype=np.uint8)
    split = Split(images, np.arange(8) % 2)
    save_dataset(Dataset(split, split, ["a", "b"]), tmp_path, {"synthetic": True})
    return tmp_path / "train.json"


def optimizers():
    return [changes["optimizer"] for changes in choices() if "optimizer" in changes]


def test_steps_and_checkpoints_do_not_import_torchs_compiler(dataset):
    code = """
imported = {}
for optimizer in json.loads(sys.argv[3]):
    recipe = checked_settings(Recipe, {**keys, "optimizer": optimizer})
    stepper, again = (Stepper(model, images, labels, recipe) for _ in range(2))
    stepper.step(torch.arange(8), 0.01)
    again.resume(stepper.state())
    again.step(torch.arange(8), 0.01)
    found = [name for name in sys.modules if name.startswith("torch._dynamo")]
    imported[json.dumps(optimizer)] = found
print(json.dumps(imported))
"""
    imported = in_a_process(code, dataset, SGD, json.dumps(optimizers()))
    assert imported == {json.dumps(optimizer): [] for optimizer in optimizers()}


def test_images_of_a_data_set_are_used_where_they_lie(dataset):
    code = """
images.images[0, 0, 0, 0] += 1
print(json.dumps([split.images.ctypes.data == images.images.data_ptr(),
                  bool((load_split(sys.argv[1]).images != split.images).sum() == 1)]))
"""
    # In the same memory, and the file is not written to.
    assert in_a_process(code, dataset) == [True, True]


FAULTS = """
import resource
from cifarlab.devices import prepare_cpu
if sys.argv[3] == "kept":
    prepare_cpu(1)
layers = [nn.Conv2d(3, 1200, 3), nn.ReLU(), nn.Flatten(), nn.Linear(1_080_000, 2)]
model = nn.Sequential(*layers).train()
stepper = Stepper(model, images, labels, recipe)
for _ in range(3):
    stepper.step(torch.arange(8), 0.01)
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(20):
    stepper.step(torch.arange(8), 0.01)
print((resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before) // 20)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc's memory is kept")
def test_the_steps_of_a_training_get_their_memory_from_the_system_once(dataset):
    # A step frees and gets arrays of 35 MB, with a page fault for each 4 kB of them. Up to 32 MB it
    # is chance whether glibc gives a block back: its own threshold moves.
    usual, kept = (in_a_process(FAULTS, dataset, SGD, how) for how in ("as usual", "kept"))
    assert 10 * kept < usual
