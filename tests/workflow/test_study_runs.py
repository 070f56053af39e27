"""Studies and sweeps as ordinary runs: only what is new runs, and only a winner is tested."""

import copy
import csv
import json

import pytest
from project import SMALL
from staleness_table import made_by

RESULTS = "results/synthetic"
RATE = "optimizer.learning_rate"


def settings(rates, changes, seeds):
    """A sweep over learning rates and a study of changes, on validated images."""
    values = copy.deepcopy(SMALL)
    # Each class has two images for training, of which one is held out.
    plain = {**values["recipes"]["quick"], "validation": 0.5}
    values["recipes"] = {"plain": plain, "tuned": {**plain, "sweep": {"over": {RATE: rates}}}}
    values["runs"] = [{"models": ["cnn_2"], "recipes": ["tuned"], "seeds": [0]}]
    study = {"models": ["cnn_2"], "baseline": "plain", "seeds": seeds, "changes": changes}
    values["studies"] = {"s": study}
    return values


def table(project):
    with (project.folder / RESULTS / "compare/studies.csv").open(newline="") as file:
        return {row["change"]: row for row in csv.DictReader(file)}


def run(project, values):
    project.configure(values)
    result = project.snakemake()
    assert result.returncode == 0, result.stdout + result.stderr
    return result


@pytest.mark.long
def test_studies_and_sweeps_run_only_what_is_new_and_test_only_winners(project):
    focal = {"focal": {"loss": "focal"}}
    run(project, settings([0.001, 0.01], focal, [0]))
    runs = project.folder / RESULTS / "runs/cnn_2"
    # The first point is the study's baseline.
    assert {p.name for p in runs.iterdir()} == {"plain", "s-focal", "tuned", "tuned-0.01"}
    tested = {p.parent.parent.name for p in runs.rglob("predictions.npz")}
    assert tested == {p.parent.parent.name for p in runs.rglob("metrics.json")} == {"tuned"}

    chosen = json.loads((runs / "tuned/seed-0/training.json").read_text())["chosen"]
    accuracies = {p["recipe"]: p["validation_accuracy_percent"] for p in chosen["from"]}
    assert list(accuracies) == ["plain", "tuned-0.01"]
    assert accuracies[chosen["recipe"]] == max(accuracies.values())
    winner = runs / chosen["recipe"] / "seed-0/weights.safetensors"
    assert winner.read_bytes() == (runs / "tuned/seed-0/weights.safetensors").read_bytes()
    row = table(project)["focal"]
    assert (row["seeds"], row["low_points"], row["held_out_percent"]) == ("1", "", "50.0")
    assert project.would_run() == {}
    # Nobody resumes from the checkpoints of complete trainings.
    assert [p for p in (project.folder / RESULTS / "checkpoints").rglob("*") if p.is_file()] == []
    # What is not compared cannot meet the test split, also when somebody asks for it.
    for recipe in ("plain", "tuned-0.01", "s-focal"):
        result = project.snakemake(f"{RESULTS}/runs/cnn_2/{recipe}/seed-0/metrics.json")
        assert result.returncode == 1
        assert "MissingInputException" in result.stdout + result.stderr
        assert not (runs / recipe / "seed-0/predictions.npz").exists()

    # Another change is trained with every seed, another seed with every recipe of the study.
    more = {**focal, "long": {"epochs": 2}}
    project.configure(settings([0.001, 0.01], more, [0]))
    jobs = project.would_run()
    assert (jobs["train"], jobs.get("evaluate"), jobs.get("choose")) == (1, None, None)
    project.configure(settings([0.001, 0.01], focal, [0, 1]))
    assert project.would_run()["train"] == 2

    # Another point: the choice is made again, and where it is the same nothing is tested again.
    worse = [0.001, 0.01, 1e-9]
    project.configure(settings(worse, focal, [0]))
    assert project.would_run()["train"] == 1
    before = (runs / "tuned/seed-0/predictions.npz").stat().st_mtime_ns
    run(project, settings(worse, focal, [0]))
    again = json.loads((runs / "tuned/seed-0/training.json").read_text())["chosen"]
    assert (again["recipe"], len(again["from"])) == (chosen["recipe"], 3)
    assert (runs / "tuned/seed-0/predictions.npz").stat().st_mtime_ns == before
    assert project.would_run() == {}


def trained(jobs):
    return {job for job in jobs if job.split()[0] in ("rehearse", "train")}


@pytest.mark.long
def test_another_change_and_another_seed_train_only_what_is_new_and_nothing_is_tested(project):
    def study(changes, seeds, drop=()):
        values = settings([0.001, 0.01], changes, seeds)
        del values["recipes"]["tuned"]
        values["studies"]["s"]["drop"] = [*drop]
        project.configure({**values, "runs": []})

    study({"focal": {"loss": "focal"}}, [0])
    rows = {"cnn_2/plain", "cnn_2/s-focal"}
    assert trained(made_by(project)) == {
        *(f"rehearse {row}" for row in rows),
        *(f"train {row}/0" for row in rows),
    }
    study({"focal": {"loss": "focal"}, "long": {"epochs": 2}}, [0])
    made = made_by(project)
    assert trained(made) == {"rehearse cnn_2/s-long", "train cnn_2/s-long/0"}
    assert made - trained(made) == {"studies", "changes", "change_curves", "report"}
    # Leaving one of two changes out is the other one alone, which is there.
    study({"long": {"epochs": 2}, "focal": {"loss": "focal"}}, [0, 1], drop=["focal", "long"])
    assert trained(made_by(project)) == {
        *(f"train {row}/1" for row in (*rows, "cnn_2/s-long")),
        *("rehearse cnn_2/s-combined", "train cnn_2/s-combined/0", "train cnn_2/s-combined/1"),
    }
    with (project.folder / RESULTS / "compare/studies.csv").open(newline="") as file:
        assert [row["seeds"] for row in csv.DictReader(file)] == ["2"] * 5
    for code in ("en", "zh"):
        for kind in ("html", "md"):
            text = (project.folder / RESULTS / f"report/report.{code}.{kind}").read_text()
            assert "focal" in text
    assert "Nothing was compared on the test split; studies: 1." in (
        (project.folder / RESULTS / "report/report.en.md").read_text()
    )
    # One less makes nothing but the comparison again.
    study({"long": {"epochs": 2}}, [0, 1])
    assert made_by(project) == {"studies", "changes", "change_curves", "report"}
    tested = ("predictions.npz", "metrics.json")
    assert not [name for name in project.files() if name.endswith(tested)]


def test_a_sweep_without_validation_ends_before_any_job(project):
    values = settings([0.001, 0.01], {"focal": {"loss": "focal"}}, [0])
    values["recipes"]["tuned"]["validation"] = 0.0
    project.configure(values)
    result = project.snakemake()
    assert result.returncode != 0
    assert result.stderr.splitlines()[-1].startswith(
        "error in the configuration: recipes.tuned.sweep: the best is chosen on the validation"
    )
    assert project.files() == []
