"""A training that was interrupted gives the same bits; what is damaged or foreign is not used."""

import json
import random
import resource

import numpy as np
import pytest
import torch
from choices import choices
from test_training import data, recipe
from torch import nn
from weights_bytes import weights_as_bytes

from cifarlab.training.history import Diverged
from cifarlab.training.loop import train
from cifarlab.training.recipes import Recipe
from engine.checkpoints import Checkpoints
from engine.errors import Interrupted
from engine.observers import Keeper
from engine.settings import checked_settings

SGD = {"name": "sgd", "learning_rate": 0.01, "momentum": 0.9}


class Lottery(nn.Module):
    """A model that draws from every generator that a user's model may draw from.

    loudness: of its logits; where it is high, gradients overflow in fp16 and the scaler gives way.
    """

    def __init__(self, loudness):
        super().__init__()
        self.loudness = loudness
        self.layers = nn.Sequential(
            nn.Conv2d(3, 4, 3),
            nn.BatchNorm2d(4),
            nn.Conv2d(4, 4, 1),
            nn.Flatten(),
            nn.Dropout(0.3),
            nn.Linear(3600, 10),
        )

    def forward(self, images):
        return self.layers(images) * self.loudness * (1 + random.random() + np.random.random())


class StopAfter:
    """A stop request that comes after so many steps of this process."""

    def __init__(self, steps):
        self.asked, self.steps = 0, steps

    @property
    def name(self):
        self.asked += 1
        return "SIGTERM" if self.asked >= self.steps else None


def trained(settings, checkpoints=None, stop=None):
    torch.manual_seed(3)
    model = Lottery(100 if settings.precision == "fp16" else 1)
    state = checkpoints.latest() if checkpoints else None
    history = train(model, *data(), settings, 3, [Keeper(checkpoints, stop)], state)
    return weights_as_bytes(model.state_dict(), {}), history


def settings_of(**changes):
    values = recipe(epochs=4).model_dump() | {"schedule": "cosine", "warm_up": 0.2} | changes
    return checked_settings(Recipe, values)


# The labels are drawn: validation becomes no better soon, and the third epoch is not the best.
STOPPING = {"epochs": 9, "validation": 0.2, "early_stopping": {"patience": 2}}
BY_ACCURACY = {"metric": "validation_accuracy_percent", "patience": 3, "min_delta": 0.5}
LAST_KEPT = {"patience": 2, "restore_best": False}
EARLY_STOPPINGS = ({}, {"early_stopping": BY_ACCURACY}, {"early_stopping": LAST_KEPT})
MUON = {"name": "muon", "learning_rate": 0.03, "adamw_learning_rate": 0.01, "momentum": 0.9}


# 150 images in batches of 64: three steps an epoch, so stops fall within epochs and between them.
@pytest.mark.parametrize("steps", [1, 2, 3, 5])
@pytest.mark.parametrize(
    "changes",
    [
        *({}, {"optimizer": SGD}, {"micro_batch": 20}, {"max_steps": 7}),
        *({"precision": "fp16"}, {"precision": "fp16", "optimizer": MUON, "clip_norm": 0.5}),
        {"optimizer": {**SGD, "freeze_backbone_epochs": 1}},
        *({**STOPPING, **changed} for changed in EARLY_STOPPINGS),
        {**STOPPING, "averaging": {"name": "ema", "decay": 0.9}, "precision": "fp16"},
        {"validation": 0.2, "averaging": {"name": "last_epochs", "epochs": 3}},
    ],
    ids=str,
)
def test_a_training_that_is_interrupted_gives_the_same_bits(tmp_path, steps, changes):
    interrupt_and_compare(tmp_path, settings_of(**changes), steps)


@pytest.mark.parametrize("changes", [*choices()], ids=str)
def test_a_training_with_any_part_that_is_interrupted_gives_the_same_bits(tmp_path, changes):
    # A schedule may have a rise of its own.
    rise = {"warm_up": 0.0} if "schedule" in changes else {}
    interrupt_and_compare(tmp_path, settings_of(**changes, **rise), steps=2)


def interrupt_and_compare(tmp_path, settings, steps):
    """Interrupt a training after every so many steps, and compare it with one that was not."""
    weights, whole = trained(settings)
    again, interruptions = None, 0
    while again is None:
        try:
            again, history = trained(settings, Checkpoints(tmp_path, {}), StopAfter(steps))
        except Interrupted:
            interruptions += 1
    assert interruptions == (len(whole.losses) - 1) // steps
    assert again == weights
    assert history.losses == whole.losses
    assert history.learning_rates == whole.learning_rates
    means = [[epoch["mean_loss"] for epoch in h.epochs] for h in (history, whole)]
    assert means[0] == means[1]
    assert history.images_seen == whole.images_seen
    assert sum(part["steps"] for part in history.parts) == len(whole.losses)
    assert len(history.parts) == interruptions + 1
    assert history.train_seconds == pytest.approx(sum(part["seconds"] for part in history.parts))


def test_keeping_checkpoints_changes_nothing(tmp_path):
    weights, _ = trained(settings_of())
    assert trained(settings_of(), Checkpoints(tmp_path, {}, steps=1))[0] == weights


def test_a_stop_without_checkpoints_says_that_nothing_was_kept():
    with pytest.raises(Interrupted, match=r"SIGTERM after step 1 of 12; no checkpoint was kept"):
        trained(settings_of(), stop=StopAfter(1))


def state(value):
    return {"tensor": torch.full((4,), float(value)), "list": [value, None, "text"]}


def test_the_last_two_are_kept_and_the_newest_is_read(tmp_path):
    checkpoints = Checkpoints(tmp_path, {"a": 1}, steps=5)
    for step in (5, 10, 15):
        assert checkpoints.save(step, state(step))
    assert len(list(tmp_path.glob("*.checkpoint"))) == 2

    assert checkpoints.latest()["list"] == [15, None, "text"]


def test_it_is_due_after_so_many_steps(tmp_path):
    checkpoints = Checkpoints(tmp_path, {}, steps=5)
    assert [checkpoints.is_due(step) for step in (4, 5)] == [False, True]
    checkpoints.save(5, state(5))
    assert [checkpoints.is_due(step) for step in (9, 10)] == [False, True]
    assert not Checkpoints(tmp_path / "other", {}).is_due(10**9)


def flip_a_bit(content):
    return content[:-100] + bytes([content[-100] ^ 4]) + content[-99:]


@pytest.mark.parametrize(
    "damage",
    [lambda content: content[: len(content) // 2], lambda content: b"", flip_a_bit],
    ids=["truncated", "empty", "one bit"],
)
def test_a_damaged_one_is_named_and_the_one_before_is_read(tmp_path, capsys, damage):
    checkpoints = Checkpoints(tmp_path, {})
    for step in (1, 2):
        checkpoints.save(step, state(step))
    newest = max(tmp_path.glob("*.checkpoint"))
    newest.write_bytes(damage(newest.read_bytes()))
    assert checkpoints.latest()["list"][0] == 1
    assert f"checkpoint {newest} is not used: it is damaged" in capsys.readouterr().err


def test_nothing_is_read_from_a_checkpoint_of_another_training(tmp_path, capsys):
    first = Checkpoints(tmp_path / "first", {"seed": 0})
    first.save(9, state(9))
    second = Checkpoints(tmp_path / "second", {"seed": 1})
    (tmp_path / "second").mkdir()
    (path,) = (tmp_path / "first").glob("*.checkpoint")
    path.rename(tmp_path / "second" / path.name)
    assert second.latest() is None
    assert "belongs to another training" in capsys.readouterr().err


def test_a_full_disk_is_said_and_the_older_checkpoint_stays(tmp_path, capsys):
    checkpoints = Checkpoints(tmp_path, {})
    assert checkpoints.save(1, state(1))
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (500, limits[1]))
    try:
        assert not checkpoints.save(2, state(2))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert "no checkpoint after step 2, continuing: no room left" in capsys.readouterr().err
    assert checkpoints.latest()["list"][0] == 1
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize("optimizer", [{"learning_rate": 1e30}, {**SGD, "learning_rate": 1e30}])
def test_a_loss_that_is_not_finite_ends_the_training_at_that_step(optimizer):
    values = recipe(epochs=50).model_dump()
    values["optimizer"] |= optimizer
    if optimizer.get("name") == "sgd":
        values["optimizer"] = optimizer
    with pytest.raises(Diverged) as caught:
        trained(checked_settings(Recipe, values))
    facts = caught.value.facts
    assert 1 < facts["step"] <= 3
    assert facts["learning_rate"] == 1e30
    assert facts["loss"] in ("nan", "inf")
    assert np.isfinite(facts["last_finite_loss"])
    assert f"at step {facts['step']} with learning rate 1e+30" in str(caught.value)
    assert json.dumps(facts)
