"""What is measured of a model: memory in fresh processes, latency, throughput; what cannot be."""

import contextlib
import json
import multiprocessing.synchronize
import os
import signal
from multiprocessing import Pipe
from multiprocessing.connection import Connection

import pytest
import torch
from drawings import run

import cost as command
from cifarlab.cost import measurements
from cifarlab.cost.attempts import LONGEST_REASON, attempt, reason_of, together
from cifarlab.cost.fresh_process import parts_from_a_fresh_process
from cifarlab.cost.inputs import any_inputs, random_images
from cifarlab.cost.measurements import MEMORY, _send_memory, measure_memory, measure_speed
from cifarlab.devices import peak_memory_mb
from cifarlab.models.build import build_model
from cifarlab.models.families import ModelSettings
from cifarlab.training.recipes import Recipe
from engine.errors import UserError
from engine.files import to_json
from engine.settings import checked_settings

RESNET = checked_settings(
    ModelSettings, {"family": "torchvision", "architecture": "resnet18", "input_size": 64}
)


def recipe(**changes):
    values = {
        "epochs": 7,
        "batch_size": 48,
        "optimizer": {"name": "sgd", "learning_rate": 0.01, "momentum": 0.9},
    }
    return checked_settings(Recipe, {**values, **changes})


@pytest.mark.long
def test_testing_takes_less_memory_than_training_and_micro_batches_less_than_batches():
    whole = measure_memory(RESNET, recipe(), "channels_last", 10, 32, "cpu", 1)
    split = measure_memory(RESNET, recipe(micro_batch=4), "channels_last", 10, 32, "cpu", 1)
    assert whole["unmeasured"] == split["unmeasured"] == {}
    assert whole["test_batch_peak_mb"] < whole["train_step_peak_mb"]
    assert split["train_step_peak_mb"] < whole["train_step_peak_mb"]
    assert (whole["micro_batch"], split["micro_batch"]) == (48, 4)
    assert whole["train_step_seconds"] > 0


# --- fresh processes


def send_peak_mb(sender):
    sender.send(peak_memory_mb(torch.device("cpu")))


def test_a_fresh_process_does_not_inherit_the_peak_of_its_parent():
    before, _ = parts_from_a_fresh_process(send_peak_mb)
    allocated = torch.ones(250_000_000)  # 1 GB, touched
    assert peak_memory_mb(torch.device("cpu")) > 1000
    del allocated
    (after,), ending = parts_from_a_fresh_process(send_peak_mb)
    assert after < before[0] + 300
    assert ending == "its process ended with status 0"


def test_a_fresh_process_works_where_no_lock_can_be_made(monkeypatch):
    def refuse(*_arguments, **_options):
        raise PermissionError("[Errno 13] Permission denied")  # as where /dev/shm is read-only

    monkeypatch.setattr(multiprocessing.synchronize.SemLock, "__init__", refuse)
    parts, _ = parts_from_a_fresh_process(Connection.send, {"a": 7})
    assert parts == [{"a": 7}]


def end_like_a_kernel_without_memory(sender):
    sender.send("before")
    os.kill(os.getpid(), signal.SIGKILL)


def test_what_a_process_sent_before_it_was_killed_is_kept():
    parts, ending = parts_from_a_fresh_process(end_like_a_kernel_without_memory)
    assert parts == ["before"]
    assert ending == "its process was killed, probably for lack of memory"


# --- speed


@pytest.fixture
def quick(monkeypatch):
    """As few repeats as there can be."""
    for name in ("WARM_UP_SECONDS", "LEAST_SECONDS"):
        monkeypatch.setattr(measurements, name, 0)


@pytest.mark.usefixtures("quick")
def test_speed_is_positive_and_its_percentiles_are_in_order():
    inputs = any_inputs(RESNET, "channels_last")
    speed = measure_speed(build_model(RESNET, 10).eval(), inputs, torch.device("cpu"))
    assert 0 < speed["latency_median_ms"] <= speed["latency_p95_ms"]
    assert speed["throughput_images_per_second"] > 0
    assert speed["throughput_spread_percent"] >= 0
    assert speed["unmeasured"] == {}


@pytest.mark.parametrize(
    ("rounds", "n_rounds", "fastest", "spread"),
    [
        # Milliseconds of the fastest repeat of each round.
        ([100, 104], 2, 100, 4),
        ([104, 100], 2, 100, 4),
        ([200, 100, 150, 102], 4, 100, 2),
        # What never agrees is measured five times.
        ([500, 400, 300, 200, 100], 5, 100, 100),
    ],
)
def test_throughput_is_measured_again_until_the_two_fastest_rounds_agree(
    monkeypatch, rounds, n_rounds, fastest, spread
):
    measured = []

    def times(_model, n_images, *_others):
        if n_images == 1:
            return [0.001]
        measured.append(rounds[len(measured)] / 1000)
        return [2 * measured[-1], measured[-1]]

    monkeypatch.setattr(measurements, "_times", times)
    speed = measure_speed(torch.nn.Flatten(), any_inputs(RESNET, "contiguous"), torch.device("cpu"))
    assert len(measured) == n_rounds
    assert speed["throughput_images_per_second"] == pytest.approx(64_000 / fastest)
    assert speed["throughput_spread_percent"] == pytest.approx(spread)


@pytest.mark.parametrize(
    ("seconds", "n_warm_up", "n_measured"),
    # Half a second and a second of a fast one; at least three runs, in about five seconds.
    [(1 / 64, 32, 64), (0.5, 1, 3), (2, 1, 2), (8, 1, 1)],
)
def test_a_model_is_run_warm_and_often_enough_but_not_too_long(
    monkeypatch, seconds, n_warm_up, n_measured
):
    runs = []  # the time is what they took
    monkeypatch.setattr(measurements.time, "perf_counter", lambda: len(runs) * seconds)
    model = torch.nn.Flatten()
    model.register_forward_hook(lambda *_: runs.append(None))
    inputs = any_inputs(RESNET, "contiguous")
    measured = measurements._times(
        model, 1, inputs, torch.device("cpu"), 3, measurements.WARM_UP_SECONDS
    )
    assert measured == [seconds] * n_measured
    assert len(runs) == n_warm_up + n_measured


def test_the_images_are_not_all_alike_and_the_same_in_every_measurement():
    images, again = (random_images(2, (3, 4, 4), torch.device("cpu")) for _ in range(2))
    assert images.unique().numel() == images.numel()
    assert torch.equal(images, again)


# --- what cannot be measured

OWN = '''
import os, signal

import torch
from torch import nn


class Plain(nn.Module):
    def __init__(self, n_classes):
        super().__init__()
        self.stem, self.head = nn.Conv2d(3, 4, 3), nn.Linear(4, n_classes)

    def forward(self, x):
        return self.head(self.stem(x).mean((2, 3)))


class Drawn(torch.jit.ScriptModule):
    """A block that is left out by chance in training, in TorchScript."""

    def __init__(self, share: float):
        super().__init__()
        self.share = share
        self.residual = nn.Conv2d(4, 4, 3, padding=1)

    @torch.jit.script_method
    def forward(self, x):
        if self.training:
            if torch.equal(torch.bernoulli(torch.tensor(self.share)), torch.tensor(1.0)):
                x = x + self.residual(x)
        else:
            x = x + self.share * self.residual(x)
        return x


def stochastic_depth(n_classes):
    model = Plain(n_classes)
    model.stem = nn.Sequential(model.stem, Drawn(0.5), Drawn(0.5))
    return model


def scripted(n_classes):
    return torch.jit.script(Plain(n_classes))


def compiled(n_classes):
    return torch.compile(Plain(n_classes), backend="eager")


def failing(n_classes, when, how="raise"):
    model = Plain(n_classes)

    def fail(module, images):
        if eval(when, {"training": module.training, "n": len(images[0]), "x": images[0]}):
            if how == "kill":
                os.kill(os.getpid(), signal.SIGKILL)
            raise ValueError(f"not so.\\nfor {len(images[0])}")

    model.register_forward_pre_hook(fail)
    return model
'''
COUNTED = ("total_params", "weights_mb")
HOOKS = "RuntimeError: register_forward_pre_hook is not supported on ScriptModules"
OF_STRUCTURE = dict.fromkeys(["total_size_mb", "structure"], HOOKS)
SMALL = {"batch_size": 4, "optimizer": {"name": "sgd", "learning_rate": 0.1}}


@pytest.fixture
def own(tmp_path):
    """A function from a function of OWN and its options to the model's settings."""
    (tmp_path / "own.py").write_text(OWN)

    def own(name, **options):
        factory = {"family": "file", "factory": f"{tmp_path}/own.py:{name}", "options": options}
        return checked_settings(ModelSettings, factory)

    return own


@pytest.fixture
def cost_of(tmp_path, quick):
    """A function from a model's settings to its cost, by the command."""
    (tmp_path / "classes.json").write_text(to_json({"n_classes": 10, "image_shape": [32, 32, 3]}))
    recipes = to_json({"r": recipe(**SMALL).model_dump()})

    def cost_of(settings):
        run(
            command,
            *("--dataset", tmp_path / "classes.json", "--model", settings.to_json()),
            *("--recipes", recipes, "--device", "cpu", "--cost", tmp_path / "cost.json"),
        )
        return json.loads((tmp_path / "cost.json").read_text())

    return cost_of


@pytest.mark.filterwarnings("ignore:.*torch.jit")
@pytest.mark.parametrize(
    ("model", "products"),
    # Of 30 × 30 outputs: 27 products for each of 4 channels, and 36 in each block; the head.
    [("scripted", 900 * 4 * 27 + 40), ("stochastic_depth", 900 * 4 * (27 + 36 + 36) + 40)],
)
def test_of_a_model_that_takes_no_hooks_all_but_its_structure_is_measured(
    own, cost_of, model, products
):
    cost = cost_of(own(model))
    assert cost["unmeasured"] == OF_STRUCTURE
    assert (cost["total_size_mb"], cost["structure"]) == (None, None)
    assert cost["multiply_adds"] == products
    assert cost["total_params"] * 4 / 1e6 == pytest.approx(cost["weights_mb"])
    assert cost["memory"]["r"]["unmeasured"] == {}
    for value in (cost["latency_median_ms"], cost["memory"]["r"]["train_step_peak_mb"]):
        assert value > 0


def test_a_process_that_is_killed_leaves_its_own_cells_empty(own, cost_of):
    cost = cost_of(own("failing", when="training", how="kill"))
    memory = cost["memory"]["r"]
    reason = "its process was killed, probably for lack of memory"
    assert memory.pop("unmeasured") == dict.fromkeys(measurements.TRAINING, reason)
    assert memory.pop("test_batch_peak_mb") > 0
    assert memory == {"batch_size": 4, **dict.fromkeys(measurements.TRAINING)}
    assert cost["unmeasured"] == {}
    # Which only a GPU has.
    assert (cost["clock_mhz"], cost["highest_clock_mhz"]) == (None, None)


@pytest.mark.parametrize(
    ("when", "empty"),
    [
        ("n == 1", ("multiply_adds", "total_size_mb", "structure", *measurements.LATENCY)),
        ("n == 64", measurements.THROUGHPUT),
    ],
)
def test_what_fails_is_empty_with_its_reason_and_the_trace_in_the_log(
    own, cost_of, monkeypatch, capsys, when, empty
):
    monkeypatch.setattr(command, "measure_memory", lambda *_: dict.fromkeys(MEMORY, 1))
    cost = cost_of(own("failing", when=when))
    assert cost["unmeasured"] == dict.fromkeys(empty, "ValueError: not so")
    assert {name for name in cost if cost[name] is None and "clock" not in name} == {*empty}
    log = capsys.readouterr().err
    assert "Traceback" in log
    assert "in fail" in log


def test_a_compiled_model_is_followed_as_it_was_written(own):
    model, plain = (
        command.model_cost(build_model(own(name, **options), 10).eval(), (3, 32, 32), RULE)
        for name, options in (("compiled", {}), ("failing", {"when": "False"}))
    )
    (inner,) = model["structure"]["children"]
    assert [child["name"] for child in inner["children"]] == ["stem", "head"]
    assert model["multiply_adds"] == plain["multiply_adds"]
    assert model["unmeasured"] == {}


RULE = "activations-x2-MiB-batch1"


@pytest.mark.parametrize(
    ("when", "empty"),
    [
        ("training", measurements.TRAINING),
        ("not training", measurements.TESTING),
        ("True", MEMORY),
    ],
)
def test_testing_and_training_are_tried_each_by_itself(own, when, empty):
    receiver, sender = Pipe(duplex=False)
    settings = own("failing", when=when)
    place = (10, 32, "cpu", torch.get_num_threads())
    _send_memory(sender, settings, recipe(**SMALL), "contiguous", *place)
    sender.close()
    parts = [receiver.recv()]
    with contextlib.suppress(EOFError):
        while True:
            parts.append(receiver.recv())
    memory = together(*parts)
    assert memory.pop("unmeasured") == dict.fromkeys(empty, "ValueError: not so")
    assert {name for name in memory if memory[name] is None} == set(empty)
    assert set(memory) == set(MEMORY)


def test_training_is_measured_from_its_beginning_in_its_own_precision(own, monkeypatch):
    seen = []
    for name in ("set_precision", "peak_memory_mb", "reset_peak_memory"):
        monkeypatch.setattr(
            measurements, name, lambda *a, name=name: seen.append(a[0] if len(a) > 1 else name)
        )
    _, sender = Pipe(duplex=False)
    place = ("contiguous", 10, 32, "cpu", torch.get_num_threads())
    settings = own("failing", when="False")
    _send_memory(sender, settings, recipe(**SMALL, precision="bf16"), *place)
    assert seen == ["fp32", "peak_memory_mb", "reset_peak_memory", "bf16", "peak_memory_mb"]


def test_a_process_that_cannot_begin_leaves_all_memory_empty(monkeypatch, own, cost_of):
    def refuse(*_arguments):
        raise OSError(11, "Resource temporarily unavailable")

    monkeypatch.setattr(measurements, "parts_from_a_fresh_process", refuse)
    reason = "BlockingIOError: [Errno 11] Resource temporarily unavailable"
    memory = cost_of(own("failing", when="False"))["memory"]["r"]
    assert memory == {
        "batch_size": 4,
        **dict.fromkeys(MEMORY),
        "unmeasured": dict.fromkeys(MEMORY, reason),
    }


def test_a_model_that_cannot_be_built_is_an_error(own, cost_of):
    with pytest.raises(UserError, match="cannot be called"):
        cost_of(own("failing"))


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (UserError("memory does not suffice; use less."), "memory does not suffice; use less"),
        (ValueError("\n  first\nsecond"), "ValueError: first"),
        (ValueError(), "ValueError"),
        (SystemExit(3), "SystemExit: 3"),
        (OSError("\x1b[31mred\x1b[0m"), "OSError: [31mred[0m"),
        (
            RuntimeError("It failed.\nTraceback of TorchScript:\n  ...\nRuntimeError: shape\n"),
            "RuntimeError: RuntimeError: shape",
        ),
        (ValueError("x" * 999), f"ValueError: {'x' * (LONGEST_REASON - 13)}…"),
    ],
)
def test_a_reason_is_one_short_line_that_a_sentence_can_end_with(error, reason):
    def fail():
        raise error

    assert attempt(["a", "b"], fail) == {
        **dict.fromkeys(["a", "b"]),
        "unmeasured": dict.fromkeys(["a", "b"], reason),
    }
    assert reason_of(error) == reason


# --- what is measured anew


def test_what_a_step_takes_does_not_depend_on_rates_and_lengths():
    changed = recipe(
        epochs=2,
        max_steps=3,
        warm_up=0.5,
        schedule="cosine",
        optimizer={"name": "sgd", "learning_rate": 1.0, "momentum": 0.1, "weight_decay": 0.2},
    )
    assert changed.of_one_step() == recipe().of_one_step()
    plain = {"name": "sgd", "learning_rate": 0.01}
    for other in (
        recipe(batch_size=8),
        recipe(optimizer=plain),
        recipe(micro_batch=4),
        recipe(precision="bf16"),
        recipe(channels_last=False),
        recipe(compile=True),
    ):
        assert other.of_one_step() != recipe().of_one_step()
