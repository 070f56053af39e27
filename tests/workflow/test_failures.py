"""A training whose loss is no longer finite: nothing of it is published, all others go on."""

import copy
import csv

import pytest
from project import SMALL

pytestmark = pytest.mark.long

RESULTS = "results/synthetic"


def configured(project, compared, baseline):
    """Give a project two recipes, of which too_fast diverges; returns its configuration.

    compared: recipes of runs; baseline: of a study with one change.
    """
    values = copy.deepcopy(SMALL)
    # Each class has two images for training, of which one is held out.
    quick = {**values["recipes"]["quick"], "validation": 0.5}
    too_fast = {**quick, "optimizer": {"name": "sgd", "learning_rate": 1e30}}
    values["recipes"] = {"quick": quick, "too_fast": too_fast}
    values["runs"] = [{"models": ["cnn_2"], "recipes": compared, "seeds": [0]}]
    study = {"models": ["cnn_2"], "baseline": baseline, "seeds": [0]}
    values["studies"] = {"s": {**study, "changes": {"focal": {"loss": "focal"}}}}
    project.configure(values)
    return values


def seeds_of_study(project):
    with (project.folder / RESULTS / "compare/studies.csv").open(newline="") as file:
        return [row["seeds"] for row in csv.DictReader(file)]


def test_a_diverged_run_is_left_out_and_the_report_names_it_also_where_all_of_a_study_did(project):
    values = configured(project, ["quick", "too_fast"], baseline="too_fast")
    first = project.snakemake("--until", "metrics", "studies")
    assert first.returncode == 1
    assert "error: the loss became" in first.stdout + first.stderr
    runs = project.folder / RESULTS / "runs/cnn_2"
    assert (runs / "quick/seed-0/metrics.json").exists()
    assert not list((runs / "too_fast").rglob("*.*"))
    assert not list((project.folder / RESULTS).glob("checkpoints/cnn_2/*/*"))

    second = project.snakemake()
    assert second.returncode == 0, second.stderr
    assert "left out: cnn_2/too_fast/0, its loss became" in second.stdout + second.stderr
    with (project.folder / RESULTS / "compare/comparison.csv").open() as file:
        assert [row["recipe"] for row in csv.DictReader(file)] == ["quick"]
    assert seeds_of_study(project) == ["0"]
    for name in ("report.en.html", "report.en.md"):
        text = (project.folder / RESULTS / "report" / name).read_text()
        assert "A run failed." in text
        assert "too_fast" in text.replace("\\", "")
    assert text.count("A run failed.") == 2
    assert project.would_run() == {}

    asked_for = project.snakemake(
        "--dry-run", f"{RESULTS}/runs/cnn_2/too_fast/seed-0/weights.safetensors"
    )
    assert asked_for.returncode == 0, asked_for.stderr
    assert "rule train:" in asked_for.stdout + asked_for.stderr

    values["recipes"]["too_fast"]["optimizer"]["learning_rate"] = 0.001
    project.configure(values)
    again = project.would_run()
    assert (again["train"], again["report"]) == (2, 1)


def test_where_all_runs_failed_the_study_has_a_report_and_without_one_a_line_says_so(project):
    values = configured(project, ["too_fast"], baseline="quick")
    assert project.snakemake("--until", "train").returncode == 1
    result = project.snakemake()
    assert result.returncode == 0, result.stdout + result.stderr
    text = (project.folder / RESULTS / "report/report.en.md").read_text()
    assert text.count("A run failed.") == 1
    assert seeds_of_study(project) == ["1"]
    assert project.would_run() == {}

    del values["studies"]
    project.configure(values)
    result = project.snakemake()
    assert result.returncode == 1
    assert "error: the training of every run failed; lower the learning rates" in result.stderr
    assert "Traceback" not in result.stderr
