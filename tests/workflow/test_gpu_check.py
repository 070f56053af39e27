"""The checks of a GPU that need processes of their own, on the CPU in the place of a GPU."""

import copy

import pytest
from gpu import checks, commands
from gpu.check_gpu import perform
from gpu.commands import Place
from project import SMALL

pytestmark = pytest.mark.long

BY_NAME = {check.name: check for check in checks.CHECKS}


def test_a_training_that_is_interrupted_and_the_costs_of_a_model_are_checked(tmp_path, monkeypatch):
    # Others test at the same time.
    monkeypatch.setattr(commands, "THREADS", 1)
    place = Place("cpu", tmp_path, input_size=32, n_steps=60)
    commands.make_data(place)
    result, figure = perform(BY_NAME["interrupted"], place)
    assert result == "passed", figure
    assert "steps; weights and history have the same bytes" in figure
    result, figure = perform(BY_NAME["cnn_2"], place)
    assert result == "passed", figure
    assert "micro-batch 64, latency" in figure


def test_the_demo_is_run_again_each_time(project, monkeypatch, tmp_path):
    for module in (checks, commands):
        monkeypatch.setattr(module, "ROOT", project.folder)
    values = copy.deepcopy(SMALL)
    values["runs"] = [{"models": ["cnn_2"], "recipes": ["quick"], "seeds": [0]}]
    project.configure(values)
    place = Place("cpu", tmp_path, demo="small.yaml")
    left_over = project.folder / "results" / checks.DEMO / "left_over"
    left_over.parent.mkdir(parents=True)
    left_over.touch()
    result, figure = perform(BY_NAME["demo"], place)
    assert result == "passed", figure
    assert figure.startswith("1 runs, ")
    assert not left_over.exists()
