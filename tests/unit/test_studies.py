"""Changes beside their baseline, paired by seed; the choice of a sweep's best point."""

import csv
import json

import pytest
from test_comparison import write_run

from cifarlab.comparison.choice import choose
from cifarlab.comparison.results import RunFolder, read_table
from cifarlab.comparison.studies import STUDY_COLUMNS, tabulate_studies
from engine.errors import UserError
from engine.files import write_csv

CHANGES = [
    {"label": "focal", "kind": "change", "recipe": "s-focal", "compared_with": "plain"},
    {"label": "long", "kind": "change", "recipe": "s-long", "compared_with": "plain"},
]
STUDY = {"name": "s", "models": ["m"], "seeds": [0, 1, 2], "baseline": "plain", "changes": CHANGES}


def validated(folder, recipe, accuracies, **others):
    """Runs of a recipe with these validation accuracies after the last epoch, by seed."""
    runs = []
    for seed, accuracy in accuracies.items():
        path = write_run(folder, "m", seed, 40.0, recipe, validation=0.1, **others)
        lines = read_table(path / "epochs.csv", ["epoch"]).to_dict("records")
        # An earlier epoch that was better is not that of the weights.
        lines[0]["validation_accuracy_percent"] = 99.0
        lines[-1]["validation_accuracy_percent"] = accuracy
        write_csv(path / "epochs.csv", lines)
        runs.append(RunFolder(path))
    return runs


def row_of(runs, label="focal"):
    table = tabulate_studies([STUDY], runs)
    assert list(table) == STUDY_COLUMNS
    return table.set_index("change").loc[label]


def test_a_change_is_compared_seed_by_seed_with_students_interval(tmp_path):
    runs = validated(tmp_path, "plain", {0: 40.0, 1: 50.0, 2: 60.0}, train_seconds=50.0)
    runs += validated(tmp_path, "s-focal", {0: 41.0, 1: 52.0, 2: 63.0}, train_seconds=75.0)
    row = row_of(runs)
    # Differences 1, 2, 3: mean 2, deviation 1, and t is 4.303.
    assert row["difference_points"] == pytest.approx(2)
    half = 4.3027 / 3**0.5
    assert (row["low_points"], row["high_points"]) == pytest.approx((2 - half, 2 + half), abs=1e-3)
    assert json.loads(row["seed_differences_points"]) == {"0": 1.0, "1": 2.0, "2": 3.0}
    assert (row["train_seconds"], row["seconds_ratio"]) == (75.0, 1.5)
    assert (row["seeds"], row["steps"], row["held_out_percent"]) == (3, 10, 10.0)


def test_a_seed_that_one_of_both_lacks_makes_no_pair(tmp_path):
    runs = validated(tmp_path, "plain", {0: 40.0, 2: 60.0}, train_seconds=50.0)
    runs += validated(tmp_path, "s-focal", {1: 90.0, 2: 61.0})
    row = row_of(runs)
    assert (row["seeds"], row["difference_points"]) == (1, 1.0)
    assert (row["compared_accuracy_percent"], row["compared_train_seconds"]) == (60.0, 50.0)
    # One difference has no interval.
    assert [row[name] == row[name] for name in ("low_points", "high_points")] == [False, False]
    lacking = row_of(runs, "long")
    assert (lacking["seeds"], lacking["difference_points"] == lacking["seconds_ratio"]) == (
        0,
        False,
    )


def test_the_command_writes_plain_numbers(tmp_path, run_command):
    runs = validated(tmp_path, "plain", {0: 40.0, 1: 50.0})
    runs += validated(tmp_path, "s-focal", {0: 41.0, 1: 50.5})
    words = ["--studies", json.dumps([STUDY]), "--runs", *(run.path for run in runs)]
    result = run_command("studies.py", *words, "--table", tmp_path / "studies.csv")
    assert (result.returncode, result.stderr) == (0, "")
    with (tmp_path / "studies.csv").open(newline="") as file:
        focal, long = csv.DictReader(file)
    assert (focal["difference_points"], focal["seeds"]) == ("0.75", "2")
    assert (long["difference_points"], long["seeds"]) == ("", "0")


def test_the_best_is_chosen_by_the_mean_of_the_last_epoch_and_the_first_of_equal_ones(tmp_path):
    runs = validated(tmp_path, "a", {0: 40.0, 1: 50.0})
    runs += validated(tmp_path, "b", {0: 55.0, 1: 37.0})
    runs += validated(tmp_path, "c", {0: 46.0, 1: 46.0})
    name, points = choose(runs)
    assert name == "b"
    assert [point["validation_accuracy_percent"] for point in points] == [45.0, 46.0, 46.0]
    assert points[1]["seeds"] == {"0": 55.0, "1": 37.0}


def test_recipes_with_different_seeds_are_not_chosen_from(tmp_path):
    runs = validated(tmp_path, "a", {0: 40.0, 1: 50.0}) + validated(tmp_path, "b", {0: 55.0})
    with pytest.raises(UserError, match=r"the same seeds .* a: \[0, 1\]; b: \[0\]"):
        choose(runs)


def test_a_run_without_a_validation_split_is_one_line(tmp_path):
    run = RunFolder(write_run(tmp_path, "m", 0, 40.0, "plain"))
    with pytest.raises(UserError, match=r"expected a validation accuracy in .* set the recipe's"):
        choose([run])
