"""Images in the device's memory or in the host's: the same bits, and what is copied when."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from cifarlab.datasets import copies, inputs
from cifarlab.datasets.copies import SHARE_OF_FREE_MEMORY, CopiesAhead, fits
from cifarlab.datasets.inputs import Images, InputSettings
from cifarlab.datasets.store import Dataset, Split, channel_statistics, save_dataset
from cifarlab.models.families import ModelSettings
from cifarlab.training.recipes import Recipe
from cifarlab.training.run import train_run
from engine.settings import checked_settings

CPU = torch.device("cpu")
N_CLASSES, SIDE = 10, 8
PIXELS = np.random.default_rng(0).integers(0, 256, (60, SIDE, SIDE, 3), dtype=np.uint8)


def both(monkeypatch):
    """The same Images in the device's memory, and in the host's."""
    settings = InputSettings(SIDE, [0.5, 0.4, 0.3], [0.2, 0.25, 0.3])
    on_device = Images(PIXELS, settings, CPU)
    monkeypatch.setattr(inputs, "fits", lambda *_: False)
    in_host = Images(PIXELS, settings, CPU)
    assert (on_device.is_on_device, in_host.is_on_device) == (True, False)
    return on_device, in_host


@pytest.mark.parametrize("index", [torch.tensor([5, 0, 59, 5]), slice(8, 21)])
def test_batches_are_the_same_wherever_the_images_lie(monkeypatch, index):
    on_device, in_host = both(monkeypatch)
    assert torch.equal(in_host.batch(index), on_device.batch(index))
    some = torch.arange(40, 55)
    assert torch.equal(in_host.only(some).batch(slice(3, 9)), on_device.batch(some[3:9]))


def test_a_channel_that_is_the_same_everywhere_is_a_number():
    images = PIXELS.copy()
    images[..., 2] = 17
    mean, std = channel_statistics(images)
    batch = Images(images, InputSettings(SIDE, mean, std), CPU).batch(slice(None))
    assert batch.isfinite().all()
    assert batch[:, 2].abs().max() < 0.1
    assert batch[:, 0].std() == pytest.approx(1, abs=0.05)


def test_a_training_and_its_validation_have_the_same_bits_and_the_record_says_where(
    monkeypatch, tmp_path
):
    split = Split(PIXELS, np.arange(60) % N_CLASSES)
    save_dataset(
        Dataset(split, split, list(map(str, range(N_CLASSES)))), tmp_path, {"synthetic": True}
    )
    optimizer = {"name": "adam", "learning_rate": 0.01}
    values = {"epochs": 2, "batch_size": 16, "micro_batch": 6, "validation": 0.2}
    recipe = checked_settings(Recipe, {**values, "optimizer": optimizer})
    model = checked_settings(ModelSettings, {"family": "cnn", "blocks": 2, "input_size": 32})

    def run():
        files = (tmp_path / "train.json", model, recipe, 0, None)
        return train_run(*files, CPU, "channels_last", [], lambda: None)

    first = run()
    rows = CopiesAhead.rows
    copied = []
    monkeypatch.setattr(inputs, "fits", lambda *_: False)
    monkeypatch.setattr(CopiesAhead, "rows", lambda *a: copied.append(a) or rows(*a))
    second = run()
    assert first.record["images_in"] == "device_memory"
    assert second.record["images_in"] == "host_memory"
    assert copied
    assert first.history.losses == second.history.losses
    for name in ("validation_loss", "mean_loss"):
        assert [e[name] for e in first.history.epochs] == [e[name] for e in second.history.epochs]
    states = [run.model.state_dict() for run in (first, second)]
    assert all(torch.equal(states[0][key], states[1][key]) for key in states[0])


def test_what_fits_is_a_share_of_the_memory_that_is_free(monkeypatch):
    free = 8_000_000_000
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda _: (free, 10 * free))
    largest = int(SHARE_OF_FREE_MEMORY * free)
    cuda = torch.device("cuda", 0)
    assert fits(largest, cuda)
    assert not fits(largest + 1, cuda)
    assert fits(100 * free, CPU)
    # CIFAR-100 on the smallest of today's cards.
    assert fits(60_000 * 32 * 32 * 3, cuda)


class Stream:
    """A stream of a device that is not there, which notes what it is asked for."""

    def __init__(self, name, events):
        self.name, self.events = name, events

    def wait_stream(self, other):
        self.events.append(f"{self.name} waits for {other.name}")


@pytest.fixture
def events(monkeypatch):
    """What is asked of CUDA, in order, where there is none."""
    noted, current = [], []
    computing = Stream("computing", noted)
    monkeypatch.setattr(torch.cuda, "Stream", lambda _: Stream("copying", noted))
    monkeypatch.setattr(torch.cuda, "current_stream", lambda _: computing)

    class On:
        def __init__(self, stream):
            self.stream = stream

        def __enter__(self):
            current.append(self.stream)

        def __exit__(self, *_):
            current.pop()

    class Pinned(torch.Tensor):
        def to(self, device, non_blocking):
            assert (device.type, non_blocking) == ("cuda", True)
            (stream,) = current
            noted.append(f"copy of {len(self)} on {stream.name}")
            return self

        def record_stream(self, stream):
            noted.append(f"kept for {stream.name}")

    def empty(shape, dtype, pin_memory):
        assert pin_memory
        return torch.zeros(shape, dtype=dtype).as_subclass(Pinned)

    monkeypatch.setattr(torch.cuda, "stream", On)
    monkeypatch.setattr(copies, "torch", SimpleNamespace(**vars(torch) | {"empty": empty}))
    monkeypatch.setattr(torch.Tensor, "pin_memory", lambda self: self.as_subclass(Pinned))
    return noted


@pytest.mark.parametrize("index", [torch.tensor([3, 1, 4]), slice(2, 5)])
def test_a_batch_is_copied_on_a_stream_of_its_own_which_the_computation_waits_for(events, index):
    tensor = torch.arange(20).reshape(10, 2)
    rows = CopiesAhead(torch.device("cuda", 0)).rows(tensor, index)
    assert torch.equal(rows.as_subclass(torch.Tensor), tensor[index])
    # Nothing else: the process itself waits for neither.
    assert events == ["copy of 3 on copying", "computing waits for copying", "kept for computing"]
