"""Early stopping: when a training ends, whose weights it leaves, and what its record says."""

import csv
import json
import math
import subprocess
import sys

import pytest
import torch
from project import ROOT
from test_checkpoints import StopAfter
from test_training import data
from test_validation import ADAM, moody
from torch import nn
from weights_bytes import weights_as_bytes

from cifarlab.training.early_stopping import EarlyStopping, epoch_of_weights
from cifarlab.training.loop import train
from cifarlab.training.recipes import Recipe
from cifarlab.training.run_weights import RunWeights
from cifarlab.training.steps import Stepper
from cifarlab.training.validation import Validation, hold_out
from engine.checkpoints import Checkpoints
from engine.errors import Interrupted, UserError
from engine.live import Live
from engine.observers import Bar, Keeper, Observer
from engine.settings import checked_settings

LOSS, ACCURACY = "validation_loss", "validation_accuracy_percent"


def recipe(stopping, **changes):
    values = {"epochs": 8, "batch_size": 64, "optimizer": ADAM, "validation": 0.3}
    return checked_settings(Recipe, {**values, "early_stopping": stopping, **changes})


def stopping(**keys):
    return checked_settings(EarlyStopping, {"patience": 2, **keys})


def epochs_of(metric, values):
    return [{"epoch": n, metric: value} for n, value in enumerate(values, start=1)]


def first_end(early_stopping, epochs):
    """After how many of the epochs a training ends; None: after none of them."""
    ends = (n for n in range(1, len(epochs) + 1) if early_stopping.is_over(epochs[:n]))
    return next(ends, None)


@pytest.mark.parametrize(
    ("keys", "metric", "values", "best", "end"),
    [
        ({}, LOSS, [3, 2, 2.5, 2.4, 1], 5, 4),
        ({}, LOSS, [3, 2, 2.5, 1.9, 2.5, 2.4], 4, 6),
        ({"patience": 1}, LOSS, [3, 2, 2, 1], 4, 3),
        # Of equal ones the first.
        ({}, ACCURACY, [10, 20, 20, 20], 2, 4),
        ({"metric": ACCURACY}, ACCURACY, [10, 30, 20, 25], 2, 4),
        # Better by the least gain is not more than it; by more is, also in two small gains.
        ({"min_delta": 0.5}, LOSS, [3, 2.5, 2.4, 2.3], 3, None),
        ({"min_delta": 0.5}, LOSS, [3, 2.5, 2.5, 2.3], 4, 3),
        ({"metric": ACCURACY, "min_delta": 5}, ACCURACY, [10, 15, 14], 1, 3),
        ({}, LOSS, [math.nan, math.inf], 0, 2),
        ({}, LOSS, [math.nan, 2, math.nan, math.inf], 2, 4),
    ],
)
def test_a_training_ends_when_so_many_epochs_are_no_better_than_the_best(
    keys, metric, values, best, end
):
    early_stopping, epochs = stopping(**{"metric": metric, **keys}), epochs_of(metric, values)
    assert early_stopping.best_epoch(epochs) == best
    assert first_end(early_stopping, epochs) == end


def test_one_function_says_whose_weights_a_run_has():
    epochs = epochs_of(LOSS, [3, 2, 2.5])
    assert epoch_of_weights(None, epochs) == 3
    assert epoch_of_weights(stopping(restore_best=False), epochs) == 3
    assert epoch_of_weights(stopping(), epochs) == 2
    assert epoch_of_weights(stopping(), epochs_of(LOSS, [math.nan] * 2)) == 2


class Ends(Observer):
    """Keeps the weights after every epoch, and at which step the training ended."""

    def __init__(self, model):
        self.model, self.weights, self.end = model, [], None

    def note_epoch(self, step, epoch):
        self.weights.append(weights_as_bytes(self.model.state_dict(), {}))

    def note_end(self, step):
        self.end = step


def trained(settings, *observers):
    model = moody()
    ends = Ends(model)
    history = train(model, *data(), settings, 3, [ends, *observers])
    return history, model, ends


@pytest.mark.parametrize("restore_best", [True, False])
@pytest.mark.parametrize("metric", [LOSS, ACCURACY])
def test_a_run_has_the_weights_of_the_epoch_that_its_record_names(metric, restore_best):
    settings = recipe({"metric": metric, "patience": 2, "restore_best": restore_best})
    history, model, ends = trained(settings)
    n = len(history.epochs)
    assert history.ended_by == "early_stopping"
    assert n < 8
    assert history.best_epoch == n - 2
    assert history.weights_epoch == (n - 2 if restore_best else n)
    assert weights_as_bytes(model.state_dict(), {}) == ends.weights[history.weights_epoch - 1]
    assert len({*ends.weights}) == n
    _, held_out = hold_out(data()[1], 0.3)
    measured = Validation(*data(), held_out, 64).measure(model)
    assert history.of_weights() == measured
    # Two steps an epoch: what was planned and not taken is nowhere.
    assert len(history.losses) == len(history.learning_rates) == len(history.steps()) == 2 * n
    assert ends.end == 2 * n


class ReadsItsVersion(nn.Module):
    """Loads by the version of its module, as torchvision's MNASNet does."""

    _version = 2

    def forward(self, x):
        return x

    def _load_from_state_dict(self, state_dict, prefix, local_metadata, *others):
        assert local_metadata["version"] == 2
        super()._load_from_state_dict(state_dict, prefix, local_metadata, *others)


@pytest.mark.parametrize("at", [None, 3])
def test_the_best_weights_of_a_model_that_reads_versions_are_put_back(tmp_path, at):
    settings = recipe({"patience": 2})

    def new_model():
        return nn.Sequential(moody(), ReadsItsVersion())

    checkpoints = Checkpoints(tmp_path, {})
    if at:
        with pytest.raises(Interrupted):
            train(new_model(), *data(), settings, 3, [Keeper(checkpoints, StopAfter(at))])
    history = train(new_model(), *data(), settings, 3, state=checkpoints.latest())
    assert history.weights_epoch < len(history.epochs)


def test_until_it_ends_a_training_is_that_without_early_stopping():
    stopped, whole = (trained(recipe(s, schedule="cosine"))[0] for s in ({"patience": 2}, None))
    n = len(stopped.losses)
    assert n < len(whole.losses)
    assert stopped.losses == whole.losses[:n]
    # The schedule is that of all epochs.
    assert stopped.learning_rates == whole.learning_rates[:n]
    assert [whole.ended_by, whole.best_epoch, whole.weights_epoch] == ["epochs", None, 8]


def test_the_end_has_the_name_of_the_key_that_came_first():
    patient = {"patience": 9}
    assert trained(recipe(patient))[0].ended_by == "epochs"
    assert trained(recipe(patient, max_steps=3))[0].ended_by == "max_steps"
    assert trained(recipe(patient, max_steps=16))[0].ended_by == "epochs"


def test_best_weights_are_kept_only_where_they_are_asked_for():
    model = moody()
    validation = Validation(*data(), torch.arange(20), 64)
    for early_stopping, is_kept in ((None, False), (stopping(restore_best=False), False)):
        settings = recipe(early_stopping and early_stopping.model_dump())
        weights = RunWeights(model, Stepper(model, *data(), settings), torch.arange(20))
        weights.validate(validation, [], {"epoch": 1})
        assert (weights.best is not None) is is_kept


@pytest.mark.parametrize("steps", [1, 2, 3])
def test_an_interruption_forgets_neither_the_best_weights_nor_the_patience(tmp_path, steps):
    settings = recipe({"patience": 2})
    whole, model, _ = trained(settings)
    while True:
        again, checkpoints = moody(), Checkpoints(tmp_path, {})
        try:
            keeper, state = Keeper(checkpoints, StopAfter(steps)), checkpoints.latest()
            history = train(again, *data(), settings, 3, [keeper], state)
            break
        except Interrupted:
            pass
    assert weights_as_bytes(again.state_dict(), {}) == weights_as_bytes(model.state_dict(), {})
    assert history.losses == whole.losses
    assert (history.best_epoch, history.ended_by) == (whole.best_epoch, whole.ended_by)
    assert history.of_weights() == whole.of_weights()


def test_bar_and_live_view_end_with_the_last_step_that_was_taken(tmp_path, capfd):
    history, *_ = trained(recipe({"patience": 2}), Live(tmp_path, 64), Bar())
    n = len(history.losses)
    assert f"train: {n} of {n} step (100 %)" in capfd.readouterr().err
    progress = json.loads((tmp_path / "progress.json").read_text())
    assert (progress["state"], progress["step"], progress["n_steps"]) == ("done", n, n)
    assert progress["seconds_left"] == 0


def test_early_stopping_without_validation_is_refused_in_one_line():
    with pytest.raises(UserError) as error:
        recipe({"patience": 2}, validation=0)
    _, line = str(error.value).splitlines()
    assert "early_stopping" in line
    assert "needs images to validate on; set validation" in line


@pytest.mark.parametrize(
    ("keys", "word"),
    [
        ({}, "patience: missing"),
        ({"patience": 0}, "patience"),
        ({"patience": 2, "min_delta": -0.1}, "min_delta"),
        ({"patience": 2, "metric": "test_loss"}, "metric"),
    ],
    ids=str,
)
def test_values_that_make_no_sense_are_refused_in_one_line(keys, word):
    with pytest.raises(UserError) as error:
        recipe(keys)
    _, line = str(error.value).splitlines()
    assert word in line


def test_a_recipe_without_it_is_the_text_that_it_was():
    assert "early_stopping" not in recipe(None).model_dump()
    assert recipe({"patience": 2}).of_one_step().early_stopping is None


def test_the_record_and_the_tables_of_a_run_say_how_it_ended(tmp_path, run_command):
    words = [sys.executable, ROOT / "scripts/data.py", "--manifest", tmp_path / "manifest.json"]
    words += ["synthetic", "--train-per-class", 2, "--test-per-class", 1]
    subprocess.run([str(word) for word in words], check=True, timeout=60)
    settings = recipe({"patience": 1}, epochs=30, validation=0.5).model_dump()
    settings["optimizer"] = {"name": "sgd", "learning_rate": 1e-12}
    words = ["--dataset", tmp_path / "train.json", "--seed", 0, "--recipe", json.dumps(settings)]
    words += ["--model", json.dumps({"family": "cnn", "blocks": 2}), "--device", "cpu"]
    words += ["--weights", tmp_path / "w.safetensors", "--history", tmp_path / "history.csv"]
    words += ["--epochs", tmp_path / "epochs.csv", "--training", tmp_path / "training.json"]
    result = run_command("train.py", *words)
    assert result.returncode == 0, result.stderr
    record = json.loads((tmp_path / "training.json").read_text())
    tables = {}
    for name in ("history", "epochs"):
        with (tmp_path / f"{name}.csv").open(newline="") as file:
            tables[name] = list(csv.DictReader(file))
    assert record["ended_by"] == "early_stopping"
    assert record["epochs"] == len(tables["epochs"]) == record["best_epoch"] + 1
    assert record["steps"] == len(tables["history"])
    best = tables["epochs"][record["weights_epoch"] - 1]
    for name in (LOSS, ACCURACY):
        assert record[name] == pytest.approx(float(best[name]))
