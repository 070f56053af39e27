"""Sweeps as runs: a point that fails, and points whose steps differ."""

import copy
import csv
import json

import pytest
from project import SMALL

pytestmark = pytest.mark.long

RESULTS = "results/synthetic"


def settings(over):
    """One model with a sweep, validated on half of the images."""
    values = copy.deepcopy(SMALL)
    optimizer = {"name": "sgd", "learning_rate": 0.01}
    tuned = {**values["recipes"]["quick"], "validation": 0.5, "optimizer": optimizer}
    values["recipes"] = {"tuned": {**tuned, "sweep": {"over": over}}}
    values["runs"] = [{"models": ["cnn_2"], "recipes": ["tuned"], "seeds": [0]}]
    return values


def rows(project, name):
    with (project.folder / RESULTS / f"compare/{name}.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def chosen(project):
    path = project.folder / RESULTS / "runs/cnn_2/tuned/seed-0/training.json"
    return json.loads(path.read_text())["chosen"]


def report(project, kind="md"):
    return (project.folder / RESULTS / f"report/report.en.{kind}").read_text()


def test_a_point_that_fails_is_left_out_and_the_best_of_the_others_is_tested(project):
    project.configure(settings({"optimizer.learning_rate": [0.001, 0.01, 1e30]}))
    first = project.snakemake()
    assert first.returncode == 1
    assert "error: the loss became" in first.stdout + first.stderr
    runs = project.folder / RESULTS / "runs/cnn_2"
    # All others are trained, and nothing is chosen while a point is missing.
    trained = {path.parent.parent.name for path in runs.rglob("training.json")}
    assert trained == {"tuned-0.001", "tuned-0.01"}
    # 1e+30 is no name of a folder everywhere, so a digest stands for it.
    [failed] = [p.name for p in (project.folder / RESULTS / "failures/cnn_2").iterdir()]
    assert failed.startswith("tuned-")

    second = project.snakemake()
    assert second.returncode == 0, second.stdout + second.stderr
    assert f"left out: cnn_2/{failed}/0, its loss became" in second.stdout + second.stderr
    points = chosen(project)["from"]
    assert [point["recipe"] for point in points] == ["tuned-0.001", "tuned-0.01"]
    assert [row["recipe"] for row in rows(project, "comparison")] == ["tuned"]
    winner = chosen(project)["recipe"]
    for text in (report(project), report(project, "html")):
        text = text.replace("\\", "")
        assert "A run failed." in text
        assert f"cnn_2, recipe {failed}, seed 0 failed: the loss became" in text
        assert f"Chosen on the validation split among 2 points of its sweep: {winner}." in text
    assert project.would_run() == {}

    # Another value in its place is trained, and the choice is made again.
    project.configure(settings({"optimizer.learning_rate": [0.001, 0.01, 0.1]}))
    assert project.would_run()["train"] == 1

    # Where every point fails, one line says so.
    project.configure(settings({"optimizer.learning_rate": [1e29, 1e30]}))
    assert project.snakemake("--until", "train").returncode == 1
    result = project.snakemake()
    assert result.returncode == 1
    assert "error: the training of every run failed; lower the learning rates" in result.stderr
    assert "Traceback" not in result.stderr


def test_a_sweep_over_the_batch_size_measures_the_step_of_each_and_shows_that_of_the_winner(
    project,
):
    project.configure(settings({"batch_size": [16, 64]}))
    result = project.snakemake()
    assert result.returncode == 0, result.stdout + result.stderr
    winner = chosen(project)["recipe"]
    size = winner.rpartition("-")[2]
    cost = json.loads((project.folder / RESULTS / "cost/cnn_2.json").read_text())
    sizes = {name: memory["batch_size"] for name, memory in cost["memory"].items()}
    assert sizes == {"tuned-16": 16, "tuned-64": 64}
    [row] = rows(project, "comparison")
    # 100 images are left to train on.
    steps = {"16": "7", "64": "2"}[size]
    assert (row["recipe"], row["batch_size"], float(row["steps"])) == ("tuned", size, float(steps))
    assert f"| batch size | {size} |" in report(project)
    assert f"among 2 points of its sweep: {winner}." in report(project)
    assert project.would_run() == {}
