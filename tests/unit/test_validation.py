"""What is held out of training, what is measured on it, and that training does not notice."""

import csv
import json
import subprocess
import sys

import numpy as np
import pytest
import torch
from project import ROOT
from test_training import data, new_model
from torch import nn
from torch.nn import functional
from weights_bytes import weights_as_bytes

from cifarlab.datasets.inputs import Images
from cifarlab.training.loop import train
from cifarlab.training.recipes import Recipe
from cifarlab.training.validation import Validation, hold_out
from engine.errors import UserError
from engine.settings import checked_settings

ADAM = {"name": "adam", "learning_rate": 1e-3}


def recipe(validation=None, **changes):
    values = {"epochs": 2, "batch_size": 64, "optimizer": ADAM, **changes}
    if validation is not None:
        values["validation"] = validation
    return checked_settings(Recipe, values)


def labels_of(*counts):
    """Shuffled labels, counts[label] of each."""
    labels = torch.repeat_interleave(torch.arange(len(counts)), torch.tensor(counts))
    return labels[torch.randperm(len(labels), generator=torch.Generator().manual_seed(5))]


@pytest.mark.parametrize("share", [0.1, 0.25, 0.5, 0.9])
def test_a_share_of_every_class_is_held_out_and_all_else_is_kept(share):
    counts = [40, 7, 100, 12]
    labels = labels_of(*counts)
    kept, held_out = hold_out(labels, share)
    assert sorted([*kept.tolist(), *held_out.tolist()]) == list(range(len(labels)))
    assert labels[held_out].bincount().tolist() == [round(share * count) for count in counts]
    assert kept.dtype == held_out.dtype == torch.int64
    # The images that are kept stay in their order.
    assert kept.tolist() == sorted(kept.tolist())


def test_what_is_held_out_is_drawn_and_follows_from_the_labels_alone():
    labels = labels_of(100, 100)
    _, first = hold_out(labels, 0.2)
    torch.manual_seed(1)
    np.random.seed(1)
    state = torch.get_rng_state()
    _, second = hold_out(labels, 0.2)
    assert first.tolist() == second.tolist()
    assert torch.equal(torch.get_rng_state(), state)
    # Not the first of each class.
    of_class = torch.nonzero(labels == 0).flatten()
    assert set(of_class[:20].tolist()) - set(first.tolist())


def test_every_seed_and_every_model_is_validated_on_the_same_images(monkeypatch):
    images, labels = data()
    asked = []
    measure = Validation.measure
    monkeypatch.setattr(
        Validation,
        "measure",
        lambda self, model: (
            asked.append(self.images.images.numpy().tobytes()) or measure(self, model)
        ),
    )
    other = nn.Sequential(nn.Flatten(), nn.Linear(3072, 10))
    for model, seed in ((new_model(0), 0), (new_model(1), 1), (other, 2)):
        train(model, images, labels, recipe(0.2, epochs=1), seed)
    _, held_out = hold_out(labels, 0.2)
    assert set(asked) == {images.images[held_out].numpy().tobytes()}
    assert len(asked) == 3


def test_images_held_out_are_never_trained_on():
    images, labels = data()
    seen = []

    class Spy(Images):
        def __init__(self):
            self.__dict__.update(images.__dict__)

        def only(self, index):
            return images.only(index)

        def rows(self, index):
            seen.append(index)
            return super().rows(index)

    train(new_model(), Spy(), labels, recipe(0.3), seed=0)
    kept, held_out = hold_out(labels, 0.3)
    assert len(held_out) > 30
    per_epoch = len(seen) // 2
    for batches in (seen[:per_epoch], seen[per_epoch:]):
        assert sorted(torch.cat(batches).tolist()) == kept.tolist()


def trained(model, images, labels, settings, seed=3):
    history = train(model, images, labels, settings, seed)
    return history, weights_as_bytes(model.state_dict(), {})


def test_a_share_of_nothing_trains_bit_for_bit_as_without_the_key():
    images, labels = data()
    plain, weights = trained(new_model(), images, labels, recipe())
    none, same_weights = trained(new_model(), images, labels, recipe(0.0))
    assert none.losses == plain.losses
    assert same_weights == weights
    kept, held_out = hold_out(labels, 0.0)
    assert (kept.tolist(), held_out.tolist()) == ([*range(len(labels))], [])
    for epoch in none.epochs:
        assert epoch["validation_loss"] is epoch["validation_accuracy_percent"] is None


class Moody(nn.Module):
    """A model to whose training its mode, its statistics and its random numbers matter."""

    def __init__(self):
        super().__init__()
        self.modes = []
        self.layers = nn.Sequential(
            nn.Conv2d(3, 4, 3),
            nn.BatchNorm2d(4),
            nn.Flatten(),
            nn.Dropout(0.5),
            nn.Linear(3600, 10),
        )

    def forward(self, images):
        self.modes.append(self.training)
        return self.layers(images)


def moody():
    """A new one, and the random numbers from their start."""
    torch.manual_seed(7)
    return Moody()


def test_training_is_that_of_a_data_set_of_the_kept_images_alone():
    images, labels = data()
    kept, held_out = hold_out(labels, 0.3)
    model = moody()
    history, weights = trained(model, images, labels, recipe(0.3, epochs=3))
    alone, weights_alone = trained(moody(), images.only(kept), labels[kept], recipe(epochs=3))
    assert history.losses == alone.losses
    assert weights == weights_alone
    assert [e["mean_loss"] for e in history.epochs] == [e["mean_loss"] for e in alone.epochs]
    assert history.images_seen == 3 * len(kept)
    # Batches in training, and after each epoch one that is not.
    steps = -(-len(kept) // 64)
    assert model.modes == ([True] * steps + [False]) * 3
    assert model.training
    assert len(held_out)


def test_loss_and_accuracy_are_those_of_the_model_as_it_is_then():
    images, labels = data()
    model = moody()
    history = train(model, images, labels, recipe(0.3), 3)
    _, held_out = hold_out(labels, 0.3)
    model.eval()
    with torch.inference_mode():
        logits = model(images.batch(held_out)).double()
    expected = functional.cross_entropy(logits, labels[held_out]).item()
    assert history.epochs[-1]["validation_loss"] == pytest.approx(expected, rel=1e-6)
    right = (logits.argmax(dim=1) == labels[held_out]).sum().item()
    accuracy = history.epochs[-1]["validation_accuracy_percent"]
    assert accuracy == pytest.approx(100 * right / len(held_out))
    assert history.epochs[0]["validation_loss"] != history.epochs[-1]["validation_loss"]


@pytest.mark.parametrize("mode", [True, False])
def test_a_measured_model_comes_back_in_its_mode(mode):
    images, labels = data()
    model = moody().train(mode)
    Validation(images, labels, torch.arange(10), 4).measure(model)
    assert model.training is mode


@pytest.mark.parametrize(("counts", "share"), [([2, 2], 0.9), ([3, 3], 0.1)])
def test_a_share_that_leaves_one_side_empty_is_one_clear_line(counts, share):
    labels = labels_of(*counts)
    with pytest.raises(UserError) as error:
        hold_out(labels, share)
    assert str(error.value) == (
        f"expected a validation share that leaves images on both sides, found {share} of "
        f"{len(labels)} images; choose another share"
    )


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    words = [sys.executable, ROOT / "scripts/data.py", "--manifest", folder / "manifest.json"]
    words += ["synthetic", "--train-per-class", "2", "--test-per-class", "1"]
    subprocess.run([str(word) for word in words], check=True, timeout=60)
    return folder / "train.json"


def run_train(run_command, folder, dataset, validation):
    settings = {"epochs": 2, "batch_size": 64, "optimizer": ADAM, "validation": validation}
    words = ["--dataset", dataset, "--seed", 0, "--recipe", json.dumps(settings)]
    words += ["--model", json.dumps({"family": "cnn", "blocks": 2}), "--device", "cpu"]
    words += ["--weights", folder / "weights.safetensors", "--history", folder / "history.csv"]
    words += ["--epochs", folder / "epochs.csv", "--training", folder / "training.json"]
    return run_command("train.py", *words)


def test_the_epochs_of_a_run_have_what_was_measured(tmp_path, dataset, run_command):
    for validation in (0.5, 0):
        result = run_train(run_command, tmp_path, dataset, validation)
        assert result.returncode == 0, result.stderr
        with (tmp_path / "epochs.csv").open(newline="") as file:
            rows = list(csv.DictReader(file))
        assert [*rows[0]][-2:] == ["validation_loss", "validation_accuracy_percent"]
        assert [row["epoch"] for row in rows] == ["1", "2"]
        values = [row[name] for row in rows for name in [*rows[0]][-2:]]
        if validation:
            assert all(0 <= float(value) <= 100 for value in values)
        else:
            assert values == [""] * 4


def test_a_run_whose_share_leaves_nothing_ends_with_one_line(tmp_path, dataset, run_command):
    result = run_train(run_command, tmp_path, dataset, 0.9)
    assert result.returncode == 1
    device, error = result.stderr.splitlines()
    assert device == "device: cpu, as configured"
    assert error.startswith("error: expected a validation share that leaves images")
    assert list(tmp_path.iterdir()) == []
