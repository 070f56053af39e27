"""A training that ends early is complete: its results, its report, and nothing is made again."""

import copy
import csv
import json

import pytest
from project import SMALL

pytestmark = pytest.mark.long

RESULTS = "results/synthetic"


def test_runs_that_end_early_are_complete_and_the_report_says_when(project):
    values = copy.deepcopy(SMALL)
    # So slow that soon no epoch is better, and yet the first ones differ.
    slow = {"name": "sgd", "learning_rate": 1e-12}
    stopping = {"patience": 1, "min_delta": 0.5}
    changes = {"epochs": 30, "optimizer": slow, "validation": 0.5, "early_stopping": stopping}
    values["recipes"]["quick"].update(changes)
    values["runs"] = [{"models": ["cnn_2"], "recipes": ["quick"], "seeds": [0, 1]}]
    project.configure(values)
    result = project.snakemake()
    assert result.returncode == 0, result.stderr

    results = project.folder / RESULTS
    runs = results / "runs/cnn_2/quick"
    record = json.loads((runs / "seed-0/training.json").read_text())
    assert record["ended_by"] == "early_stopping"
    assert (record["epochs"], record["best_epoch"], record["weights_epoch"]) == (2, 1, 1)
    with (results / "compare/runs.csv").open() as file:
        steps = [int(row["steps"]) for row in csv.DictReader(file)]
    with (runs / "seed-0/history.csv").open() as file:
        assert [len([*csv.DictReader(file)])] * 2 == steps
    report = (results / "report/report.en.md").read_text()
    assert "Early stopping ended 2 of 2 trainings. Epochs taken: 2, 2; best epochs: 1, 1" in report
    assert "patience, epochs: 1" in report
    progress = json.loads((results / "live/cnn_2/quick/seed-0/progress.json").read_text())
    assert (progress["state"], progress["n_steps"]) == ("done", steps[0])
    assert project.would_run() == {}

    # Another patience is another training.
    values["recipes"]["quick"]["early_stopping"]["patience"] = 2
    project.configure(values)
    assert project.would_run()["train"] == 2


def test_early_stopping_without_validation_ends_before_any_job(project):
    values = copy.deepcopy(SMALL)
    values["recipes"]["quick"]["early_stopping"] = {"patience": 1}
    project.configure(values)
    result = project.snakemake()
    assert result.returncode == 1
    assert "early_stopping: needs images to validate on; set validation" in result.stderr
    assert not (project.folder / "results").exists()
