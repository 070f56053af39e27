"""Losses against their formulas, with labels and with shares of classes, and through a step."""

import math

import pytest
import torch
from choices import choices
from test_steps import FORMS, N_IMAGES, Auxiliary, data, plain_model, recipe
from torch.nn import functional

from cifarlab.training.loop import train
from cifarlab.training.losses import LOSSES
from cifarlab.training.steps import Stepper
from engine.settings import checked_settings

N, N_CLASSES = 7, 5
SETTINGS = [changes["loss"] for changes in choices() if "loss" in changes]
SOFT = [keys for keys in SETTINGS if LOSSES[keys["name"]].Settings.takes_soft_targets]


def loss_of(**keys):
    return checked_settings(LOSSES[keys["name"]].Settings, keys).build()


def drawn():
    """Logits, labels, and shares of the classes."""
    generator = torch.Generator().manual_seed(0)
    logits = 3 * torch.randn(N, N_CLASSES, generator=generator, dtype=torch.float64)
    labels = torch.randint(N_CLASSES, (N,), generator=generator)
    shares = torch.rand(N, N_CLASSES, generator=generator, dtype=torch.float64)
    return logits.requires_grad_(), labels, shares / shares.sum(dim=1, keepdim=True)


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 0.7])
def test_smoothing_gives_a_share_of_the_target_to_all_classes_alike(smoothing):
    logits, labels, _ = drawn()
    expected = 0.0
    for row, label in zip(logits.tolist(), labels.tolist(), strict=True):
        logarithm = math.log(sum(map(math.exp, row)))
        target = [smoothing / N_CLASSES + (1 - smoothing) * (c == label) for c in range(N_CLASSES)]
        losses = [t * (logarithm - x) for t, x in zip(target, row, strict=True)]
        expected += sum(losses) / N
    found = loss_of(name="cross_entropy", label_smoothing=smoothing)(logits, labels)
    assert found.item() == pytest.approx(expected)


@pytest.mark.parametrize("focus", [0, 0.5, 1, 2, 5])
def test_focal_is_cross_entropy_weighted_by_what_is_missing_to_certainty(focus):
    logits, labels, _ = drawn()
    expected = 0.0
    for row, label in zip(logits.tolist(), labels.tolist(), strict=True):
        probability = math.exp(row[label]) / sum(map(math.exp, row))
        expected += (1 - probability) ** focus * -math.log(probability) / N
    loss = loss_of(name="focal", focus=focus)
    assert loss(logits, labels).item() == pytest.approx(expected)
    assert torch.autograd.gradcheck(lambda x: loss(x, labels), logits)
    if focus == 0:
        torch.testing.assert_close(loss(logits, labels), functional.cross_entropy(logits, labels))


@pytest.mark.parametrize("focus", [0, 0.5, 1, 2])
@pytest.mark.parametrize("size", [1.0, 50.0, 1e4])
def test_focal_has_a_finite_gradient_however_sure_the_model_is(focus, size):
    logits = torch.tensor([[size, 0.0, 0.0], [0.0, size, 0.0]], requires_grad=True)
    loss = loss_of(name="focal", focus=focus)(logits, torch.tensor([0, 2]))
    loss.backward()
    assert torch.isfinite(loss)
    assert torch.isfinite(logits.grad).all()


@pytest.mark.parametrize("keys", SOFT, ids=str)
def test_shares_of_one_class_are_its_label_and_a_mixture_is_the_mixture_of_losses(keys):
    loss = loss_of(**keys)
    logits, labels, shares = drawn()
    hard = functional.one_hot(labels, N_CLASSES).to(logits.dtype)
    torch.testing.assert_close(loss(logits, hard), loss(logits, labels))
    # As mixing images takes it.
    others = labels.roll(1)
    mixed = 0.3 * hard + 0.7 * hard.roll(1, dims=0)
    expected = 0.3 * loss(logits, labels) + 0.7 * loss(logits, others)
    torch.testing.assert_close(loss(logits, mixed), expected)
    assert loss(logits, shares).ndim == 0


@pytest.mark.parametrize("keys", SETTINGS, ids=str)
def test_every_loss_is_a_mean_over_images(keys):
    loss = loss_of(**keys)
    logits, labels, _ = drawn()
    parts = [
        loss(logits[part], labels[part]) * len(labels[part]) for part in (slice(2), slice(2, N))
    ]
    torch.testing.assert_close(sum(parts) / N, loss(logits, labels))


@pytest.mark.parametrize("keys", SETTINGS, ids=str)
@pytest.mark.parametrize("form", ["tuple", "dict"])
def test_every_loss_is_also_that_of_auxiliary_logits(keys, form):
    images, labels = data()
    settings = recipe(loss=keys, auxiliary_weight=0.3)
    stepper = Stepper(Auxiliary(FORMS[form]).train(), images, labels, settings)
    found = stepper.step(torch.arange(N_IMAGES), 0.0)
    logits, loss = plain_model()(images.batch(torch.arange(N_IMAGES))), loss_of(**keys)
    expected = loss(logits, labels) + 0.3 * (loss(2 * logits, labels) + loss(-logits, labels))
    torch.testing.assert_close(found, expected.detach())


@pytest.mark.parametrize("keys", SETTINGS, ids=str)
@pytest.mark.parametrize("precision", ["fp32", "bf16", "fp16"])
def test_every_loss_is_lowered_by_training_on_it(keys, precision):
    settings = recipe(0.02, epochs=12, batch_size=16, loss=keys, precision=precision)
    history = train(plain_model(), *data(), settings, seed=0)
    assert history.losses[-1] < history.losses[0]
