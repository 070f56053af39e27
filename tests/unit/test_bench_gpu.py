"""The bench of a GPU: what it measures and writes, on the CPU with tiny settings, in process."""

import sys
from types import SimpleNamespace

import numpy as np
import pytest
import torch
import yaml
from benches import gpu_speed as bench_gpu
from simulated_gpus import H100

from cifarlab.configuration import read_configuration
from cifarlab.models.families import ModelSettings
from cifarlab.training.recipes import Recipe
from engine.settings import checked_settings

CONFIGURATION = read_configuration(
    yaml.safe_load((bench_gpu.ROOT / "config/config.yaml").read_text())
)
TINY = checked_settings(ModelSettings, {"family": "cnn", "blocks": 2})
SGD = {"name": "sgd", "learning_rate": 0.01}


def recipe(**changes):
    values = {"epochs": 1, "batch_size": 8, "optimizer": SGD}
    return checked_settings(Recipe, {**values, **changes})


@pytest.fixture(autouse=True)
def threads():
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


def test_all_models_are_measured_at_the_settings_of_the_configuration():
    rows = bench_gpu.rows_of(CONFIGURATION.models, CONFIGURATION.recipes)
    assert {name for name, *_ in rows} == set(CONFIGURATION.models)
    assert len(rows) == 3 * 3 + 4 * 2
    for name, settings, title, chosen in rows:
        expected = CONFIGURATION.models[name]
        if name in bench_gpu.LARGE:
            assert settings.weights == "none"
            settings = settings.model_copy(update={"weights": expected.weights})
        assert settings == expected
        of_configuration = CONFIGURATION.recipes[title.partition(",")[0]]
        changes = {"compile": "compile" in title, "cuda_graphs": "cuda_graphs" in title}
        assert chosen == of_configuration.model_copy(update=changes)


def test_steps_after_the_warm_up_are_timed_each():
    found = bench_gpu.steps(TINY, recipe(micro_batch=4), "cpu", 3, warm_up=2)
    assert found["seconds"].shape == (3,)
    assert (found["seconds"] > 0).all()
    assert (found["micro_batch"], found["memory_format"]) == (4, "channels_last")
    assert found["peak_mb"] > 0


def test_on_a_gpu_its_own_clock_is_read_after_the_last_step(monkeypatch):
    events = []

    class Event:
        def __init__(self, enable_timing):
            assert enable_timing
            self.at = len(events)

        def record(self):
            events.append("mark")

        def elapsed_time(self, other):
            assert events[-1] == "wait"
            return 250.0 * (other.at - self.at)

    monkeypatch.setattr(torch.cuda, "Event", Event)
    monkeypatch.setattr(bench_gpu, "wait_for", lambda _: events.append("wait"))
    marks = bench_gpu.Marks(SimpleNamespace(type="cuda"))
    for _ in range(3):
        marks.set()
    assert marks.seconds_between().tolist() == [0.25, 0.25]
    assert events == ["mark"] * 3 + ["wait"]


def test_a_row_has_the_median_and_the_spread_of_its_steps():
    settings = CONFIGURATION.models["vit_b_32"]
    found = {"memory_format": "contiguous", "micro_batch": 32, "peak_mb": 6543.2}
    found["seconds"] = np.array([0.016, 0.032, 0.064])
    row = bench_gpu.cells(
        "vit_b_32", settings, "finetune", CONFIGURATION.recipes["finetune"], found
    )
    assert row[:6] == ["vit_b_32", "finetune", "bf16", "contiguous", "32", "2,000"]
    assert row[8:] == ["32.00", "6.54", "1,709"]
    slow, fast = (float(cell.replace(",", "")) for cell in row[6:8])
    assert slow < 2000 < fast
    assert len(row) == len(bench_gpu.COLUMNS)
    smaller = settings.model_copy(update={"input_size": 96})
    assert bench_gpu.cells("vit_b_32", smaller, "finetune", recipe(), found)[-1] == "–"


def call(function, *arguments):
    return function(*arguments)


def test_what_fails_is_a_row_with_its_reason_and_the_others_are_measured(capfd):
    wrong = TINY.model_copy(update={"input_size": 1})
    rows = [("cnn_2", wrong, "wrong", recipe()), ("cnn_2", TINY, "right", recipe())]
    table = bench_gpu.bench(rows, "cpu", 1, run=call)
    assert table[0][5].startswith("not measured: ")
    assert float(table[1][5].replace(",", "")) > 0
    said = capfd.readouterr().out.splitlines()
    assert said == [" | ".join(row) for row in table]
    lines = bench_gpu.page([*table, ["a | b", "c\nd"]], {"driver": "1.2"}, 1).splitlines()
    assert "| a \\| b | c d |" in lines
    assert "- driver: 1.2" in lines
    (head,) = [line for line in lines if line.startswith("| model")]
    rule = lines[lines.index(head) + 1]
    assert head.count("|") == rule.count("|") == len(bench_gpu.COLUMNS) + 1


@pytest.fixture
def program(monkeypatch, tmp_path):
    """(the bench as a program, in this process; the page that it writes)."""
    path = tmp_path / "page.md"
    words = ["gpu_speed.py", "--models", "cnn_2", "--steps", "1", "--page", str(path)]
    monkeypatch.setattr(sys, "argv", words)
    monkeypatch.setattr(bench_gpu, "in_a_fresh_process", call)
    return bench_gpu.main, path


def test_without_a_gpu_one_line_says_so_and_nothing_is_written(machine, program):
    main, path = program
    with pytest.raises(SystemExit) as end:
        main()
    assert str(end.value).startswith("error: there is no GPU to measure: ")
    assert "no GPU found" in str(end.value)
    assert "\n" not in str(end.value)
    assert not path.exists()


def test_with_a_gpu_a_page_is_written_that_names_it(machine, program, monkeypatch):
    machine.has(H100)
    main, path = program
    found = {"memory_format": "channels_last", "micro_batch": 64, "peak_mb": 100.0}
    found["seconds"] = np.array([0.001])
    monkeypatch.setattr(bench_gpu.bench, "__defaults__", (lambda *_: found,))
    main()
    text = path.read_text()
    assert "- name: NVIDIA H100 80GB HBM3" in text
    assert "- driver: 580.65.06" in text
    assert f"- torch: {torch.__version__}" in text
    assert text.count("| cnn_2 | published_scratch") == 3
    assert "| 64,000 | 64,000 | 64,000 | 1.00 | 0.10 | – |" in text
