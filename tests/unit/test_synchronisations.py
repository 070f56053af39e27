"""A step reads nothing back from the device: a GPU would stand still until it has computed it.

`make check-gpu` asks torch.cuda.set_sync_debug_mode on a GPU. Here, nothing can be read from
torch's meta device, where tensors have no numbers; and what is read on the CPU is counted.
"""

from collections import Counter

import numpy as np
import pytest
import torch
from choices import choices
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode

from cifarlab.datasets.inputs import Images, InputSettings
from cifarlab.models.build import build_model
from cifarlab.models.families import ModelSettings
from cifarlab.training import loop
from cifarlab.training.loop import train
from cifarlab.training.recipes import Recipe
from cifarlab.training.steps import Stepper
from engine.settings import checked_settings

N_IMAGES = 48
OPTIMIZERS = [
    {"name": "sgd", "learning_rate": 0.1, "momentum": 0.9, "weight_decay": 0.001},
    {"name": "adam", "learning_rate": 0.1},
    {"name": "adamw", "learning_rate": 0.1},
]
AUGMENTATIONS = [c["augmentations"] for c in choices() if "augmentations" in c]
# What torch calls where a number, or how many there are, must be known to go on.
READS = {"_local_scalar_dense", "nonzero", "masked_select", "is_nonzero", "equal", "_unique2"}


class Reads(TorchDispatchMode):
    """Counts what is read while it is entered, by name."""

    def __init__(self):
        super().__init__()
        self.counts = Counter()

    def __torch_dispatch__(self, function, types, arguments=(), options=None):
        name = function.overloadpacket.__name__
        by_mask = name == "index" and any(
            i is not None and i.dtype == torch.bool for i in arguments[1]
        )
        if name in READS or by_mask:
            self.counts[name] += 1
        return function(*arguments, **(options or {}))


def recipe(**changes):
    values = {"epochs": 1, "batch_size": 16, "optimizer": OPTIMIZERS[0]}
    return checked_settings(Recipe, {**values, **changes})


def data(device):
    pixels = np.random.default_rng(0).integers(0, 256, (N_IMAGES, 32, 32, 3), dtype=np.uint8)
    images = Images(pixels, InputSettings(48, [0.5] * 3, [0.2] * 3), device)
    return images, (torch.arange(N_IMAGES) % 10).to(device)


def new_model(device):
    torch.manual_seed(0)
    settings = checked_settings(ModelSettings, {"family": "cnn", "blocks": 2, "input_size": 48})
    return build_model(settings, 10).to(device)


def reads_in_steps(stepper):
    """What is read in steps on batches of the two sizes that an epoch has, counted by name."""
    with Reads() as reads:
        for size in (16, 9):
            stepper.step(torch.arange(size), 0.1)
    return reads.counts


@pytest.mark.parametrize("micro_batch", [None, 7])
@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=lambda optimizer: optimizer["name"])
def test_a_step_can_be_taken_where_nothing_can_be_read(optimizer, micro_batch):
    chosen = recipe(optimizer=optimizer, micro_batch=micro_batch)
    stepper = Stepper(new_model("meta").train(), *data("meta"), chosen)
    # Batches of the two sizes that an epoch has, and a learning rate that changes.
    for number, size in enumerate((16, 16, 9)):
        loss = stepper.step(torch.arange(size, device="meta"), 0.1 / (1 + number))
        assert (loss.device.type, loss.shape) == ("meta", ())
    with pytest.raises((RuntimeError, NotImplementedError)):
        loss.item()


@pytest.mark.parametrize("precision", ["fp32", "bf16", "fp16"])
@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=lambda optimizer: optimizer["name"])
def test_no_number_is_read_in_a_step(optimizer, precision):
    chosen = recipe(optimizer=optimizer, precision=precision)
    stepper = Stepper(new_model("cpu").train(), *data("cpu"), chosen)
    stepper.step(torch.arange(16), 0.1)
    assert reads_in_steps(stepper) == {}


@pytest.mark.parametrize("augmentations", AUGMENTATIONS, ids=str)
def test_no_number_is_read_in_a_step_with_augmentations(augmentations):
    chosen = recipe(augmentations=augmentations)
    stepper = Stepper(new_model("cpu").train(), *data("cpu"), chosen, seed=0)
    assert reads_in_steps(stepper) == {}


def test_an_average_of_the_weights_reads_nothing_in_a_step():
    chosen = recipe(averaging="ema", precision="fp16")
    stepper = Stepper(new_model("cpu").train(), *data("cpu"), chosen)
    stepper.step(torch.arange(16), 0.1)
    assert reads_in_steps(stepper) == {}
    assert stepper.average.n_taken == 3


def test_a_model_that_reads_is_counted():
    class Reading(nn.Module):
        def __init__(self):
            super().__init__()
            self.model = new_model("cpu")

        def forward(self, images):
            bright = images[images > 0]
            return self.model(images) * bright.sum().item() if images.any() else None

    stepper = Stepper(Reading().train(), *data("cpu"), recipe())
    with Reads() as reads:
        stepper.step(torch.arange(16), 0.1)
    assert {"is_nonzero", "index", "_local_scalar_dense"} >= reads.counts.keys() > {"index"}


@pytest.mark.parametrize(("seconds", "readings"), [(0.0, 6), (1e9, 2)])
def test_losses_are_read_once_an_epoch_unless_time_passes(monkeypatch, seconds, readings):
    monkeypatch.setitem(loop.SECONDS_BETWEEN_READINGS, "cpu", seconds)
    stack, stacked = torch.stack, []
    monkeypatch.setattr(torch, "stack", lambda losses: stacked.append(len(losses)) or stack(losses))
    train(new_model("cpu"), *data("cpu"), recipe(epochs=2), seed=0)
    assert len(stacked) == readings
    assert sum(stacked) == 2 * N_IMAGES / 16
