"""Trial runs are those that max_steps stopped, and all where none is better than guessing."""

import json

import pytest
from test_comparison import confusion_of, write_run

from cifarlab.comparison.correctness import read_correctness
from cifarlab.comparison.results import RunFolder
from cifarlab.comparison.trials import trials


@pytest.fixture
def trials_of(tmp_path):
    """A function from accuracies, each of seeds by model, to the reasons of trial runs by model."""

    def trials_of(accuracies, **of_runs):
        folders = [
            RunFolder(write_run(tmp_path, model, seed, value, **of_runs.get(model, {})))
            for model, values in accuracies.items()
            for seed, value in enumerate(values)
        ]
        return {
            model: why for (model, _), why in trials(folders, read_correctness(folders)).items()
        }

    return trials_of


def test_a_run_that_max_steps_stopped_is_one_however_good_it_is(trials_of):
    cut = {"ended_by": "max_steps"}
    assert trials_of({"a": [80.0], "b": [40.0]}, a=cut) == {"a": "max_steps"}


def test_one_seed_that_was_stopped_is_enough(trials_of, tmp_path):
    assert trials_of({"a": [40.0, 41.0]}) == {}
    path = tmp_path / "runs/a/r/seed-1/training.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "ended_by": "max_steps"}))
    runs = [RunFolder(tmp_path / f"runs/a/r/seed-{seed}") for seed in (0, 1)]
    assert trials(runs, read_correctness(runs)) == {("a", "r"): "max_steps"}


def test_where_none_is_measurably_better_than_guessing_all_are(trials_of):
    # Of 10,000 images and 100 classes: 1 % is guessing, 1.1 % cannot be told from it.
    cut = {"ended_by": "max_steps"}
    found = trials_of({"a": [1.0], "b": [1.1], "c": [70.0]}, c=cut)
    assert found == {"a": "guessing", "b": "guessing", "c": "max_steps"}


def test_one_that_guesses_beside_better_ones_is_compared(trials_of):
    assert trials_of({"a": [1.0], "b": [1.5]}) == {}


def test_with_classes_of_different_size_guessing_is_naming_the_most_frequent_one(trials_of):
    # Nine of ten images are of one class, all are taken for it.
    confusion = [[9000, 0], [1000, 0]]
    assert trials_of({"a": [90.0]}, a={"confusion": confusion}) == {"a": "guessing"}
    assert trials_of({"b": [90.0]}, b={"confusion": confusion_of(90.0)}) == {}


def test_without_runs_there_are_none():
    assert trials([], {}) == {}
