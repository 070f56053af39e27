"""A training whose loss is no longer finite: nothing of it is published, all others go on."""

import copy
import csv

import pytest
from project import SMALL

pytestmark = pytest.mark.long

RESULTS = "results/synthetic"


@pytest.fixture
def diverging(project):
    """A project in which the second of two runs diverges."""
    values = copy.deepcopy(SMALL)
    too_fast = {**values["recipes"]["quick"], "optimizer": {"name": "sgd", "learning_rate": 1e30}}
    values["recipes"]["too_fast"] = too_fast
    values["runs"] = [{"models": ["cnn_2"], "recipes": ["quick", "too_fast"], "seeds": [0]}]
    project.configure(values)
    project.values = values
    return project


def test_a_diverged_run_is_left_out_and_the_report_names_it(diverging):
    first = diverging.snakemake()
    assert first.returncode == 1
    assert "error: the loss became" in first.stdout + first.stderr
    runs = diverging.folder / RESULTS / "runs/cnn_2"
    assert (runs / "quick/seed-0/metrics.json").exists()
    assert not list((runs / "too_fast").rglob("*.*"))
    assert not list((diverging.folder / RESULTS).glob("checkpoints/cnn_2/*/*"))

    second = diverging.snakemake()
    assert second.returncode == 0, second.stderr
    assert "left out: cnn_2/too_fast/0, its loss became" in second.stdout + second.stderr
    with (diverging.folder / RESULTS / "compare/comparison.csv").open() as file:
        assert [row["recipe"] for row in csv.DictReader(file)] == ["quick"]
    for name in ("report.en.html", "report.en.md"):
        text = (diverging.folder / RESULTS / "report" / name).read_text()
        assert "A run failed." in text
        assert "too_fast" in text.replace("\\", "")
    assert diverging.would_run() == {}

    asked_for = diverging.snakemake(
        "--dry-run", f"{RESULTS}/runs/cnn_2/too_fast/seed-0/weights.safetensors"
    )
    assert asked_for.returncode == 0, asked_for.stderr
    assert "rule train:" in asked_for.stdout + asked_for.stderr

    values = diverging.values
    values["recipes"]["too_fast"]["optimizer"]["learning_rate"] = 0.001
    diverging.configure(values)
    again = diverging.would_run()
    assert (again["train"], again["report"]) == (1, 1)


def test_where_every_run_failed_one_line_says_so(diverging):
    values = diverging.values
    values["runs"] = [{"models": ["cnn_2"], "recipes": ["too_fast"], "seeds": [0]}]
    diverging.configure(values)
    assert diverging.snakemake().returncode == 1
    result = diverging.snakemake()
    assert result.returncode == 1
    assert "error: the training of every run failed; lower the learning rates" in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize("failing", ["runs", "study"])
def test_what_is_left_has_a_report_where_all_runs_or_all_of_a_study_failed(diverging, failing):
    values = diverging.values
    # Each class has two images for training, of which one is held out.
    recipes = {name: {**values["recipes"][name], "validation": 0.5} for name in values["recipes"]}
    values["recipes"] = recipes
    [run, study] = ["too_fast", "quick"] if failing == "runs" else ["quick", "too_fast"]
    values["runs"] = [{"models": ["cnn_2"], "recipes": [run], "seeds": [0]}]
    changes = {"focal": {"loss": "focal"}}
    values["studies"] = {
        "s": {"models": ["cnn_2"], "baseline": study, "seeds": [0], "changes": changes}
    }
    diverging.configure(values)
    assert diverging.snakemake().returncode == 1
    result = diverging.snakemake()
    assert result.returncode == 0, result.stdout + result.stderr
    text = (diverging.folder / RESULTS / "report/report.en.md").read_text()
    n_pairs = 1 if failing == "runs" else 0
    assert text.count("A run failed.") == 2 - n_pairs
    with (diverging.folder / RESULTS / "compare/studies.csv").open(newline="") as file:
        assert [row["seeds"] for row in csv.DictReader(file)] == [str(n_pairs)]
    assert diverging.would_run() == {}
