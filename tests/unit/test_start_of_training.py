"""What a process that trains loads and holds, seen in a process of its own."""

import json
import platform
import subprocess
import sys

import numpy as np
import pytest
from project import ROOT

from cifarlab.datasets.store import Dataset, Split, save_dataset

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
optimizer = {"name": sys.argv[2], "learning_rate": 0.01}
recipe = checked_settings(Recipe, {"epochs": 1, "batch_size": 8, "optimizer": optimizer})
model = nn.Sequential(nn.Flatten(), nn.Linear(3072, 2)).train()
labels = torch.tensor(split.labels)
def step():
    return Stepper(model, images, labels, recipe).step(torch.arange(8), 0.01).item()
"""


def in_a_process(code, *arguments):
    """What the code prints, as JSON, after `TRAINING`."""
    done = subprocess.run(
        [sys.executable, "-c", TRAINING + code, *map(str, arguments)],
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


@pytest.mark.parametrize("optimizer", ["adam", "adamw", "sgd"])
def test_a_step_does_not_import_torchs_compiler(dataset, optimizer):
    code = "step(); print(json.dumps([m for m in sys.modules if m.startswith('torch._dynamo.')]))"
    assert in_a_process(code, dataset, optimizer) == []


def test_torchs_compiler_is_there_for_who_asks_for_it_and_steps_are_the_same(dataset):
    compiled_later = """
first = step()
from torch._dynamo import config
import torch._dynamo.eval_frame as eval_frame
model = torch.compile(model, backend="eager")
print(json.dumps([first, step(), torch._dynamo is sys.modules["torch._dynamo"],
                  torch._dynamo.config is config, torch._dynamo.eval_frame is eval_frame]))
"""
    imported_before = "import torch._dynamo; print(json.dumps([step(), step(), True, True, True]))"
    found = in_a_process(compiled_later, dataset, "adam")
    assert found == in_a_process(imported_before, dataset, "adam")


def test_images_of_a_data_set_are_used_where_they_lie(dataset):
    code = """
images.images[0, 0, 0, 0] += 1
print(json.dumps([split.images.ctypes.data == images.images.data_ptr(),
                  bool((load_split(sys.argv[1]).images != split.images).sum() == 1)]))
"""
    # In the same memory, and the file is not written to.
    assert in_a_process(code, dataset, "adam") == [True, True]


FAULTS = """
import resource
from cifarlab.devices import prepare_cpu
if sys.argv[3] == "kept":
    prepare_cpu(1)
model = nn.Sequential(nn.Conv2d(3, 64, 3), nn.ReLU(), nn.Flatten(), nn.Linear(57_600, 2)).train()
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
    # A step frees and gets a few MB, with a page fault for each 4 kB of it.
    usual, kept = (in_a_process(FAULTS, dataset, "sgd", how) for how in ("as usual", "kept"))
    assert 10 * kept < usual
