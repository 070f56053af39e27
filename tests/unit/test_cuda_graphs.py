"""CUDA graphs: the same training as without, what is recorded, and what cannot be.

A simulation takes the place of CUDA: tests/simulated_graphs.py. `make check-gpu` compares the bytes
of two trainings on a GPU.
"""

import random
from contextlib import nullcontext

import numpy as np
import pytest
import torch
from simulated_graphs import Graphs
from torch import nn
from torchvision.models import GoogLeNetOutputs

from cifarlab.datasets.inputs import Images, InputSettings
from cifarlab.training import cuda_graphs, steps
from cifarlab.training.cuda_graphs import Recorded, recorded
from cifarlab.training.loop import train
from cifarlab.training.recipes import Recipe
from cifarlab.training.steps import Stepper
from engine.errors import UserError
from engine.settings import checked_settings

N_IMAGES, BATCH = 52, 16


def recipe(**changes):
    optimizer = {"name": "adam", "learning_rate": 0.01}
    values = {"epochs": 2, "batch_size": BATCH, "optimizer": optimizer, "schedule": "cosine"}
    return checked_settings(Recipe, {**values, **changes})


def data():
    generator = np.random.default_rng(0)
    pixels = generator.integers(0, 256, (N_IMAGES, 16, 16, 3), dtype=np.uint8)
    inputs = InputSettings(16, [0.5, 0.4, 0.3], [0.2, 0.25, 0.3])
    return Images(pixels, inputs, "cpu"), torch.from_numpy(generator.integers(0, 10, N_IMAGES))


def new_model():
    """A network with what a recording could change: running statistics, dropout, unused weights."""
    torch.manual_seed(0)
    model = nn.Sequential(
        nn.Conv2d(3, 8, 3, stride=2),
        nn.BatchNorm2d(8),
        nn.ReLU(),
        nn.Dropout(0.2),
        nn.Flatten(),
        nn.Linear(8 * 49, 10),
    )
    model.register_parameter("unused", nn.Parameter(torch.ones(3)))
    return model


@pytest.fixture
def graphs(monkeypatch):
    """Graphs, and a CPU that has them."""
    found = Graphs()
    monkeypatch.setattr(torch.cuda, "make_graphed_callables", found.make_graphed_callables)
    monkeypatch.setattr(steps, "recorded", lambda m, r, _: recorded(m, r, torch.device("cuda")))
    return found


def trained(settings, observers=(), state=None):
    """(weights and buffers, losses) of a training."""
    model = new_model()
    history = train(model, *data(), settings, seed=3, observers=observers, state=state)
    return model.state_dict(), history.losses


def assert_same(first, second):
    assert first[1] == second[1]
    assert first[0].keys() == second[0].keys()
    assert all(torch.equal(first[0][name], second[0][name]) for name in first[0])


@pytest.mark.parametrize("clip_norm", [None, 0.1])
@pytest.mark.parametrize("precision", ["fp32", "bf16", "fp16"])
def test_a_training_has_the_bits_of_one_without_graphs(monkeypatch, precision, clip_norm):
    settings = recipe(precision=precision, cuda_graphs=True, validation=0.1, clip_norm=clip_norm)
    expected = trained(settings)
    with monkeypatch.context() as patch:
        found = Graphs()
        patch.setattr(torch.cuda, "make_graphed_callables", found.make_graphed_callables)
        patch.setattr(steps, "recorded", lambda m, r, _: recorded(m, r, torch.device("cuda")))
        assert_same(trained(settings), expected)
    # Recorded once; the last batch of each epoch is smaller, and computed.
    assert found.shapes == [(BATCH, 3, 16, 16)]
    assert found.replays == 2 * 2


class Stop(Exception):
    pass


class StopsAt:
    """An observer that keeps the state after some steps and ends the training."""

    def __init__(self, step):
        self.at, self.state = step, None

    def is_due(self, step):
        return step == self.at

    def keep(self, step, n_steps, state):
        self.state = state()
        raise Stop

    def begin(self, *_):
        pass

    note_step = note_epoch = begin

    def ending(self):
        return nullcontext()


@pytest.mark.parametrize("step", [1, 3, 4, 6])
def test_a_training_that_is_resumed_has_the_bits_of_one_that_was_not(graphs, step):
    settings = recipe(cuda_graphs=True)
    expected = trained(settings)
    observer = StopsAt(step)
    with pytest.raises(Stop):
        trained(settings, [observer])
    assert_same(trained(settings, state=observer.state), expected)
    assert len(graphs.shapes) == 3


def test_auxiliary_logits_come_out_of_a_replay_as_the_model_gives_them(graphs):
    class Auxiliary(nn.Module):
        def __init__(self):
            super().__init__()
            self.flatten, self.main, self.side = (
                nn.Flatten(),
                nn.Linear(768, 10),
                nn.Linear(768, 10),
            )

        def forward(self, images):
            flat = self.flatten(images)
            return GoogLeNetOutputs(self.main(flat), self.side(flat), None)

    def gradient(**changes):
        torch.manual_seed(0)
        model = Auxiliary()
        stepper = Stepper(model.train(), *data(), recipe(**changes))
        loss = stepper.step(torch.arange(BATCH), 0.0)
        return loss.item(), [p.grad.clone() for p in model.parameters()]

    loss, expected = gradient()
    found_loss, found = gradient(cuda_graphs=True)
    assert graphs.replays == 1
    assert found_loss == loss
    assert all(map(torch.equal, found, expected))


def test_where_memory_does_not_suffice_graphs_are_given_up_before_the_batch_is_halved(
    graphs, capfd
):
    # What cuDNN says where no workspace fits, in a recording.
    graphs.fault = RuntimeError("unable to find an engine during capture")
    settings = recipe(cuda_graphs=True, micro_batch="auto")
    assert_same(trained(settings), trained(recipe(micro_batch="auto")))
    said = capfd.readouterr().err
    assert said.splitlines() == ["memory does not suffice for CUDA graphs; continuing without"]

    class Small(nn.Module):
        def __init__(self):
            super().__init__()
            self.model = new_model()

        def forward(self, images):
            if len(images) > 8:
                raise torch.OutOfMemoryError("CUDA out of memory.")
            return self.model(images)

    stepper = Stepper(Small().train(), *data(), settings)
    stepper.step(torch.arange(BATCH), 0.01)
    assert stepper.micro_batch == 8
    assert graphs.shapes == []


def test_a_batch_in_parts_is_never_replayed_because_gradients_would_be_overwritten(graphs):
    settings = recipe(cuda_graphs=True, micro_batch="auto")
    model = new_model()
    stepper = Stepper(model.train(), *data(), settings)
    stepper.step(torch.arange(BATCH), 0.0)
    stepper.micro_batch = 8
    stepper.step(torch.arange(BATCH), 0.0)
    assert graphs.replays == 1


@pytest.mark.parametrize(
    "error",
    [
        torch.AcceleratorError("CUDA error: operation not permitted when stream is capturing"),
        RuntimeError("Cannot copy between CPU and CUDA tensors during CUDA graph capture"),
        AssertionError("Modules must not have hooks registered at the time they are passed."),
    ],
)
def test_a_model_that_cannot_be_recorded_is_one_line(graphs, error):
    graphs.fault = error
    with pytest.raises(UserError, match=r"cannot be recorded .* set cuda_graphs: false") as raised:
        trained(recipe(cuda_graphs=True))
    assert "\n" not in str(raised.value)


def test_a_fault_of_the_model_is_not_taken_for_one_of_the_recording(graphs):
    model = nn.Sequential(nn.Flatten(), nn.Linear(7, 10))
    with pytest.raises(RuntimeError, match="shape"):
        Stepper(model, *data(), recipe(cuda_graphs=True)).step(torch.arange(BATCH), 0.1)


@pytest.mark.parametrize(("name", "draw"), [("python", random.random), ("numpy", np.random.rand)])
def test_random_numbers_of_the_cpu_are_refused_because_a_replay_would_repeat_them(
    graphs, name, draw
):
    class Moody(nn.Module):
        def __init__(self):
            super().__init__()
            self.model = new_model()

        def forward(self, images):
            return self.model(images) * float(draw())

    stepper = Stepper(Moody().train(), *data(), recipe(cuda_graphs=True))
    with pytest.raises(UserError, match=rf"random numbers on the CPU in training \({name}\)"):
        stepper.step(torch.arange(BATCH), 0.1)


def test_on_a_cuda_device_torchs_own_generator_of_the_cpu_counts_too(monkeypatch):
    states = iter([{"torch": torch.ones(2), "device": torch.ones(1)} for _ in range(2)])
    other = {"torch": torch.zeros(2), "device": torch.zeros(1)}
    monkeypatch.setattr(cuda_graphs, "set_generator_states", lambda *_: None)
    monkeypatch.setattr(cuda_graphs, "generator_states", lambda _: next(states))
    with cuda_graphs._unchanged(new_model(), "cuda"):
        pass
    states = iter([other, {**other, "device": torch.ones(1)}])
    with cuda_graphs._unchanged(new_model(), "cuda"):
        pass
    states = iter([other, {**other, "torch": torch.ones(2)}])
    with (
        pytest.raises(UserError, match=r"\(torch\)"),
        cuda_graphs._unchanged(new_model(), "cuda"),
    ):
        pass


def test_a_device_without_graphs_says_so_and_trains_as_without_the_key(capfd):
    assert_same(trained(recipe(cuda_graphs=True)), trained(recipe()))
    assert "warning: cuda_graphs: true has no effect on cpu" in capfd.readouterr().err


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"compile": True}, "should be false together with compile: true"),
        ({"micro_batch": 8}, "should be false together with micro_batch"),
    ],
)
def test_what_excludes_graphs_is_refused_in_one_line(changes, words):
    with pytest.raises(UserError, match=f"cuda_graphs: {words}"):
        recipe(cuda_graphs=True, **changes)
    recipe(cuda_graphs=False, **changes)
    recipe(cuda_graphs=True, micro_batch=BATCH)


def test_the_model_and_the_batches_are_not_touched(graphs):
    model = new_model()
    called = Recorded(model, BATCH)
    first = torch.zeros(BATCH, 3, 16, 16)
    called(first)
    called(torch.ones(BATCH, 3, 16, 16))
    assert not first.any()
    assert "forward" not in vars(model)
    images = torch.zeros(BATCH, 3, 16, 16)
    before = graphs.replays
    model.eval()(images)
    assert graphs.replays == before
