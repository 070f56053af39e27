"""The check of a GPU: what passes and fails it, on the CPU in the place of a GPU, in process."""

import json
import runpy
import signal
import sys
import warnings
from contextlib import redirect_stderr, redirect_stdout
from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from gpu import check_gpu, checks, commands, on_device
from gpu.checks import CHECKS, Check, same_bytes, side_by_side
from gpu.commands import Failed, Place, Skipped
from simulated_gpus import H100

from cifarlab.datasets import copies, inputs
from cifarlab.datasets.store import Dataset, Split, save_dataset
from cifarlab.training.steps import Stepper
from engine.interruption import STOP_SIGNALS

N_CLASSES = 100
BY_NAME = {check.name: check for check in CHECKS}


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """A folder with a data set of 100 images."""
    folder = tmp_path_factory.mktemp("data")
    generator = np.random.default_rng(0)
    pixels = generator.integers(0, 256, (N_CLASSES, 32, 32, 3), dtype=np.uint8)
    split = Split(pixels, np.arange(N_CLASSES))
    names = [f"class_{number}" for number in range(N_CLASSES)]
    save_dataset(Dataset(split, split, names), folder, {"synthetic": True})
    return folder


def start_here(words, log):
    """As commands.start, but a command has ended in this process when it comes back."""
    _, script, *arguments = map(str, words)
    log.parent.mkdir(parents=True, exist_ok=True)
    sys.argv = [str(commands.ROOT / script), *arguments]
    with log.open("w") as file, redirect_stdout(file), redirect_stderr(file):
        try:
            runpy.run_path(sys.argv[0], run_name="__main__")
            status = 0
        except SystemExit:
            status = 1
    return SimpleNamespace(wait=lambda _: status)


@pytest.fixture
def place(tmp_path, data, monkeypatch):
    """A Place on the CPU with small models, whose commands run in this process."""
    monkeypatch.setattr(sys, "argv", sys.argv)
    monkeypatch.setenv("CUBLAS_WORKSPACE_CONFIG", "")
    monkeypatch.setattr(commands, "start", start_here)
    monkeypatch.setattr(checks, "start", start_here)
    in_this_process(monkeypatch)
    small = {"family": "cnn", "blocks": 2}
    monkeypatch.setattr(Place, "models", lambda _: dict.fromkeys(checks.MODELS, small))
    monkeypatch.setattr(checks, "recipe", partial(commands.recipe, max_steps=2))
    (tmp_path / "data").symlink_to(data)
    handlers = {name: signal.getsignal(getattr(signal, name)) for name in STOP_SIGNALS}
    n_threads = torch.get_num_threads()
    yield Place("cpu", tmp_path, input_size=32, n_steps=10)
    for name, handler in handlers.items():
        signal.signal(getattr(signal, name), handler)
    torch.set_num_threads(n_threads)
    torch.use_deterministic_algorithms(False)


def in_this_process(monkeypatch):
    def call(function, *arguments):
        return function(*arguments)

    for module in (checks, check_gpu):
        monkeypatch.setattr(module, "in_a_fresh_process", call)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("one_convolution", "largest difference"),
        ("bf16", "images/s, loss differs by a share of"),
        ("deterministic", "weights and history have the same bytes"),
        ("memory_formats", "images/s, off:"),
        ("host_memory", "200 batches, none of which had to be copied"),
        ("cuda_graphs", "weights and history have the same bytes; on: "),
    ],
)
def test_what_computes_as_the_cpu_passes(place, name, words):
    assert words in BY_NAME[name].run(place)


@pytest.mark.parametrize("unmeasured", [None, "train_step_peak_mb", "latency_median_ms"])
def test_a_step_passes_where_all_costs_were_measured(place, monkeypatch, unmeasured):
    memory = {"train_step_peak_mb": 6700, "train_step_seconds": 0.25, "micro_batch": 64}
    costs = {"latency_median_ms": 3.14, "memory": {"one_step": memory}}
    for part in (costs, memory):
        names = {unmeasured} & set(part)
        part.update(dict.fromkeys(names), unmeasured=dict.fromkeys(names, "it is so"))
    monkeypatch.setattr(checks, "cost", lambda *_: costs)
    found = check_gpu.perform(BY_NAME["cnn_2"], place)
    if unmeasured:
        assert found == ("FAILED", f"expected {unmeasured}, found none: it is so")
    else:
        figure = "6.7 GB, 250 ms a step, micro-batch 64, latency 3.1 ms"
        assert found == ("passed", figure)


def test_what_is_known_of_a_gpu_is_its_figure(machine, monkeypatch):
    machine.has(H100)
    in_this_process(monkeypatch)
    figure = BY_NAME["driver"].run(Place("cuda", machine.folder))
    assert "NVIDIA H100 80GB HBM3, driver 580.65.06, compute capability 9.0" in figure


@pytest.mark.parametrize(("n_images", "micro_batch"), [(16, 16), (64, None)])
def test_memory_for_half_of_a_batch_must_halve_it(place, monkeypatch, n_images, micro_batch):
    gradient, limits = Stepper._gradient, []

    def limited(self, batch):
        if limits and self._largest(batch.labels) > n_images:
            raise torch.OutOfMemoryError("CUDA out of memory.")
        return gradient(self, batch)

    properties = SimpleNamespace(total_memory=1e9)
    monkeypatch.setattr(Stepper, "_gradient", limited)
    monkeypatch.setattr(on_device, "peak_memory_mb", lambda _: 500 if not limits else 300)
    monkeypatch.setattr(torch.cuda, "memory_allocated", lambda _: 200_000_000)
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda _: properties)
    monkeypatch.setattr(
        torch.cuda, "set_per_process_memory_fraction", lambda share, _: limits.append(share)
    )
    check = BY_NAME["little_memory"]
    if micro_batch is None:
        with pytest.raises(Failed, match="expected fewer than 64 images at once"):
            check.run(place)
    else:
        assert f"with 0.35 GB {micro_batch} at once, peak 0.30 GB" in check.run(place)
    assert limits == [0.35]


def test_a_batch_from_the_hosts_memory_that_is_another_fails_its_check(place, monkeypatch):
    def rows(self, tensor, index):
        return tensor[index + (index == 7)]

    answers = iter([True, False])
    monkeypatch.setattr(inputs, "fits", lambda *_: next(answers))
    monkeypatch.setattr(copies.CopiesAhead, "rows", rows)
    with pytest.raises(Failed, match=r"expected the same 200 batches, found \d+ others"):
        BY_NAME["host_memory"].run(place)


@pytest.mark.parametrize("reads", [False, True])
def test_a_step_that_waits_for_the_device_fails_its_check(place, monkeypatch, reads):
    modes, step = [], Stepper.step

    def one_step(self, batch, rate):
        if reads and modes[-1:] == ["warn"] and self.recipe.precision == "bf16":
            warnings.warn("called a synchronizing CUDA operation", stacklevel=1)
        return step(self, batch, rate)

    monkeypatch.setattr(Stepper, "step", one_step)
    monkeypatch.setattr(torch.cuda, "set_sync_debug_mode", modes.append)
    # A CPU takes seconds for a step of 64 images in fp16.
    monkeypatch.setattr(checks, "SMALL", {"family": "cnn", "blocks": 1, "input_size": 16})
    monkeypatch.setattr(checks, "recipe", partial(commands.recipe, batch_size=24))
    monkeypatch.setattr(copies, "SHARE_OF_FREE_MEMORY", copies.SHARE_OF_FREE_MEMORY)
    result, figure = check_gpu.perform(BY_NAME["no_synchronisation"], place)
    if reads:
        expected = "expected no wait in ten steps, found with images in the device's memory: "
        assert (result, figure) == ("FAILED", expected + "{'bf16': 10}")
    else:
        words = "10 recipes, images in the device's memory and in the host's"
        assert (result, figure) == ("passed", words)
    assert modes[-2:] == ["warn", "default"]


@pytest.mark.parametrize(
    ("name", "factor", "passes"),
    [
        ("fp32", 1.00005, True),
        ("fp32", 1.0002, False),
        ("bf16", 1.04, True),
        ("bf16", 0.9, False),
        ("fp16", float("nan"), False),
    ],
)
def test_a_precision_passes_by_its_own_largest_difference(place, monkeypatch, name, factor, passes):
    of_the_cpu = 4.6
    monkeypatch.setattr(checks, "first_loss_of_the_cpu", lambda _: of_the_cpu)
    record = {"losses": [of_the_cpu * factor], "images_per_second": 1000}
    monkeypatch.setattr(checks, "train", lambda *_: record)
    result, figure = check_gpu.perform(BY_NAME[name], place)
    assert (result == "passed") is passes
    assert figure.startswith("1000 images/s" if passes else "expected the loss 4.6000")


def test_a_byte_that_differs_fails(tmp_path):
    folders = [tmp_path / name for name in ("first", "second")]
    for folder in folders:
        folder.mkdir()
        for name in ("weights.safetensors", "history.csv"):
            (folder / name).write_bytes(b"same")
    assert same_bytes(*folders)
    (folders[1] / "history.csv").write_bytes(b"sAme")
    with pytest.raises(Failed, match=r"same bytes in history\.csv"):
        same_bytes(*folders)


def record(gpu, begin, end):
    day = "2026-01-01T00:00:{:06.3f}+00:00"
    return {"gpu": gpu, "started_at": day.format(begin), "ended_at": day.format(end)}


def test_two_trainings_pass_on_two_gpus_at_once_alone():
    first = record("GPU-0", 1, 9)
    assert side_by_side([first, record("GPU-1", 4, 12)]) == "5 s at once on GPU-0 and GPU-1"
    with pytest.raises(Failed, match="expected two GPUs, found GPU-0 and GPU-0"):
        side_by_side([first, record("GPU-0", 4, 12)])
    with pytest.raises(Failed, match="expected both at once, found 2 s between"):
        side_by_side([first, record("GPU-1", 11, 19)])


def test_with_one_gpu_two_at_once_are_skipped_and_with_two_are_tried(machine, place):
    machine.has(H100)
    with pytest.raises(Skipped, match="two GPUs, found 1"):
        BY_NAME["two_at_once"].run(place)
    machine.has(H100, H100)
    with pytest.raises(Failed, match="expected two GPUs, found None and None"):
        BY_NAME["two_at_once"].run(place)


def test_a_command_that_fails_fails_its_check_with_its_last_line(place):
    with pytest.raises(
        Failed, match=r"expected exit status 0, found 1: +unknown: unknown key .*log\)"
    ):
        commands.train(place, "wrong", checks.SMALL, commands.recipe(unknown=1))


def test_checks_go_on_after_a_failed_one_and_the_table_says_all(tmp_path, capfd):
    def fail(_):
        raise Failed("expected | one\nline")

    def skip(_):
        raise Skipped("it needs more")

    def stumble(_):
        raise RuntimeError("CUDA error: unspecified launch failure")

    done = [
        Check("first", "it is so", fail),
        Check("second", "it is so", skip),
        Check("third", "it is so", stumble),
        Check("fourth", "it is so", lambda place: f"42 on {place.device}"),
    ]
    table = tmp_path / "results/check.md"
    assert not check_gpu.check_all(done, Place("cpu", tmp_path), table)
    lines = [line for line in table.read_text().splitlines() if line.startswith("|")]
    assert lines == [
        "| check | result | figure |",
        "|---|---|---|",
        "| first: it is so | FAILED | expected \\| one line |",
        "| second: it is so | skipped | it needs more |",
        "| third: it is so | FAILED | RuntimeError: CUDA error: unspecified launch failure |",
        "| fourth: it is so | passed | 42 on cpu |",
    ]
    assert "1 passed, 2 FAILED, 1 skipped" in table.read_text()
    printed = capfd.readouterr().out
    assert all(line in printed for line in lines)
    assert check_gpu.check_all(done[1::2], Place("cpu", tmp_path), table)


@pytest.fixture
def program(monkeypatch, tmp_path):
    """check_gpu.py as a program, whose results lie in tmp_path."""
    in_this_process(monkeypatch)
    monkeypatch.setattr(check_gpu, "ROOT", tmp_path)
    monkeypatch.setattr(check_gpu, "make_data", lambda _: None)
    monkeypatch.setattr(sys, "argv", ["check_gpu.py"])
    return check_gpu.main


def test_without_a_gpu_one_line_says_so_and_nothing_is_written(machine, program, tmp_path):
    with pytest.raises(SystemExit) as end:
        program()
    assert str(end.value).startswith("error: there is nothing to check: ")
    assert "no GPU found" in str(end.value)
    assert "\n" not in str(end.value)
    assert not (tmp_path / "results").exists()


@pytest.mark.parametrize("fails", [False, True])
def test_the_exit_status_says_whether_all_passed(machine, program, monkeypatch, tmp_path, fails):
    machine.has(H100)
    one = Check("one", "it is so", lambda _: same_bytes(tmp_path, tmp_path) if fails else "so")
    monkeypatch.setattr(check_gpu, "CHECKS", [one])
    if fails:
        with pytest.raises(SystemExit) as end:
            program()
        assert end.value.code == 1
    else:
        program()
    assert (tmp_path / "results/check-gpu.md").exists()


def test_checks_have_names_of_their_own_and_cover_the_published_models():
    assert len(BY_NAME) == len(CHECKS)
    values = json.loads(json.dumps(Place("cuda", commands.ROOT).models()))
    assert list(values) == list(checks.MODELS)
    assert {settings["input_size"] for settings in values.values()} == {224}
    assert "IMAGENET1K_V1" not in str(values)
