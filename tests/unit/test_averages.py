"""Averages of the weights, against torch's own, and that they are the run's weights."""

import random

import pytest
import torch
from test_training import N_IMAGES, data
from test_validation import ADAM, moody
from torch import nn
from torch.optim.swa_utils import (
    AveragedModel,
    get_ema_multi_avg_fn,
    get_swa_multi_avg_fn,
    update_bn,
)
from weights_bytes import weights_as_bytes

from cifarlab.datasets.inputs import Images
from cifarlab.training.averaging import Average, in_model, renew_statistics, training_batches
from cifarlab.training.loop import train
from cifarlab.training.recipes import Recipe
from cifarlab.training.steps import Stepper
from cifarlab.training.validation import Validation, hold_out
from engine.errors import UserError
from engine.observers import Observer
from engine.settings import checked_settings

EMA = {"name": "ema", "decay": 0.7}
LAST = {"name": "last_epochs", "epochs": 3}


def recipe(averaging, **changes):
    values = {"epochs": 5, "batch_size": 64, "optimizer": ADAM, "averaging": averaging}
    return checked_settings(Recipe, {**values, **changes})


def rising_ema(averages, current, n):
    """torch's own, with the decay of the first steps as in TensorFlow's."""
    decay = min(0.7, (1 + int(n)) / (10 + int(n)))
    get_ema_multi_avg_fn(decay)(averages, current, n)


class Torchs(Observer):
    """torch's average of a model's weights at the ends of the steps or epochs that `takes` says."""

    def __init__(self, model, function, takes):
        self.average = AveragedModel(model, multi_avg_fn=function)
        self.model, self.takes = model, takes

    def note_step(self, step, loss, learning_rate):
        self.take(("step", step))

    def note_epoch(self, step, epoch):
        self.take(("epoch", epoch["epoch"]))

    def take(self, moment):
        if self.takes(*moment):
            self.average.update_parameters(self.model)


def trained(settings, model=None, observers=(), **changes):
    model = model or moody()
    history = train(model, *data(), settings, 3, observers, **changes)
    return history, model


def batches_of(index, size=64):
    return [*training_batches(data()[0], index, size)]


@pytest.mark.parametrize("validation", [0.0, 0.3])
@pytest.mark.parametrize(
    ("averaging", "function", "takes"),
    [
        (EMA, rising_ema, lambda unit, number: unit == "step"),
        (LAST, get_swa_multi_avg_fn(), lambda unit, number: unit == "epoch" and number > 2),
    ],
    ids=["ema", "last_epochs"],
)
def test_a_run_has_torchs_average_with_its_statistics(averaging, function, takes, validation):
    settings = recipe(averaging, validation=validation)
    model = moody()
    reference = Torchs(model, function, takes)
    history, _ = trained(settings, model, [reference])
    kept, held_out = hold_out(data()[1], validation)
    # Without dropout, as in testing.
    reference.average.module.layers[3] = nn.Identity()
    update_bn(batches_of(kept), reference.average)
    for name, value in reference.average.module.state_dict().items():
        torch.testing.assert_close(model.state_dict()[name], value, msg=name)
    # And what was validated last are these weights.
    if validation:
        measured = Validation(*data(), held_out, 64).measure(model)
        assert history.of_weights() == measured
    _, model_without = trained(recipe(None, validation=validation))
    assert not torch.equal(model.layers[4].weight, model_without.layers[4].weight)


@pytest.mark.parametrize("averaging", [EMA, LAST], ids=lambda a: a["name"])
def test_a_training_does_not_notice_its_average(averaging):
    for validation in (0.0, 0.3):
        with_it, _ = trained(recipe(averaging, validation=validation))
        without, _ = trained(recipe(None, validation=validation))
        assert with_it.losses == without.losses
    # It is validated, but for the epochs before the last three.
    same = [a["validation_loss"] == b["validation_loss"] for a, b in _epochs(with_it, without)]
    # Of one epoch the mean is its weights, whose statistics were computed again.
    assert same == ([False] * 5 if averaging is EMA else [True, True, False, False, False])


def _epochs(one, other):
    return zip(one.epochs, other.epochs, strict=True)


@pytest.mark.parametrize(("max_steps", "takes"), [(None, [3, 4, 5]), (7, [1, 2, 3]), (6, [1, 2])])
def test_the_last_epochs_are_those_that_come_before_the_end(max_steps, takes):
    model = moody()
    reference = Torchs(
        model, get_swa_multi_avg_fn(), lambda unit, n: unit == "epoch" and n in takes
    )
    trained(recipe(LAST, max_steps=max_steps), model, [reference])
    torch.testing.assert_close(model.layers[4].weight, reference.average.module.layers[4].weight)


def test_with_early_stopping_the_best_epochs_average_is_the_runs():
    stopping = {"patience": 2, "min_delta": 0.0}
    settings = recipe(EMA, validation=0.3, early_stopping=stopping, epochs=40)
    history, model = trained(settings)
    _, held_out = hold_out(data()[1], 0.3)
    assert history.weights_epoch < len(history.epochs)
    assert Validation(*data(), held_out, 64).measure(model) == history.of_weights()


def normalised():
    torch.manual_seed(1)
    return nn.Sequential(
        nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Conv2d(4, 2, 3), nn.BatchNorm2d(2)
    )


def test_statistics_are_those_of_torchs_update_bn():
    ours, torchs = normalised(), normalised()
    # The last batch is smaller.
    batches = batches_of(torch.arange(N_IMAGES))
    assert len(batches[-1]) != 64
    renew_statistics(ours, batches)
    update_bn(batches, torchs)
    assert weights_as_bytes(ours.state_dict(), {}) == weights_as_bytes(torchs.state_dict(), {})
    assert [m.momentum for m in ours if isinstance(m, nn.BatchNorm2d)] == [0.1, 0.1]


class FrozenNorm(nn.BatchNorm2d):
    """One that a user's model keeps from training."""

    def train(self, mode=True):
        return super().train(False)


@pytest.mark.parametrize("mode", [True, False])
def test_nothing_else_than_the_statistics_of_trained_normalisation_changes(mode):
    model = nn.Sequential(
        FrozenNorm(3), nn.BatchNorm2d(3, track_running_stats=False), *normalised()
    )
    model.append(nn.Dropout(0.5)).train(mode)
    model[0].running_mean.fill_(7)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    modes = [module.training for module in model.modules()]
    states = torch.get_rng_state(), random.getstate()
    renew_statistics(model, batches_of(torch.arange(N_IMAGES)))
    changed = {n for n, value in model.state_dict().items() if not torch.equal(value, before[n])}
    assert changed == {
        f"{layer}.{name}"
        for layer in (3, 6)
        for name in ("running_mean", "running_var", "num_batches_tracked")
    }
    assert [module.training for module in model.modules()] == modes
    assert torch.equal(torch.get_rng_state(), states[0])
    assert random.getstate() == states[1]


def test_every_training_image_is_seen_once_and_not_in_the_order_of_the_classes():
    images, _ = data()
    index = torch.arange(20, 120)
    asked = []

    class Spy(Images):
        def __init__(self):
            self.__dict__.update(images.__dict__)

        def batch(self, index):
            asked.append(index)
            return super().batch(index)

    for _ in range(2):
        assert sum(len(batch) for batch in training_batches(Spy(), index, 33)) == 100
    assert [len(batch) for batch in asked] == [33, 33, 34] * 2
    first, second = torch.cat(asked[:3]), torch.cat(asked[3:])
    assert first.tolist() == second.tolist()
    assert sorted(first.tolist()) == index.tolist()
    assert (first.diff() == 1).sum() < 10


def test_tensors_keep_their_places_and_come_back_bit_by_bit():
    model = moody().train()
    stepper = Stepper(model, *data(), recipe(EMA))
    for start in (0, 50):
        stepper.step(torch.arange(start, start + 50), 0.1)
    tensors = [*model.parameters(), *model.buffers()]
    places = [tensor.data_ptr() for tensor in tensors]
    before = weights_as_bytes(model.state_dict(), {})
    with in_model(stepper.average, model, batches_of(torch.arange(60))):
        assert weights_as_bytes(model.state_dict(), {}) != before
        assert [tensor.data_ptr() for tensor in tensors] == places
    assert weights_as_bytes(model.state_dict(), {}) == before
    assert model.training
    with (
        pytest.raises(ZeroDivisionError),
        in_model(stepper.average, model, batches_of(torch.arange(60))),
    ):
        raise ZeroDivisionError
    assert weights_as_bytes(model.state_dict(), {}) == before


def test_numbers_of_any_kind_are_averaged_and_whole_ones_are_left():
    kinds = (torch.float32, torch.float64, torch.bfloat16, torch.complex64)
    parameters = [nn.Parameter(torch.ones(3, 2, dtype=kind)) for kind in kinds]
    parameters.append(nn.Parameter(torch.ones(3, dtype=torch.int64), requires_grad=False))
    average = Average(parameters, recipe(LAST).averaging)
    for value in (1, 3, 8):
        for parameter in parameters:
            parameter.data.fill_(value)
        average.end_epoch(epochs_left=0)
    assert [tensor.dtype for tensor in average.weights] == [*kinds]
    for tensor in average.weights:
        torch.testing.assert_close(tensor, torch.full_like(tensor, 4), rtol=0.01, atol=0)


def test_half_a_million_steps_of_an_average_stay_in_its_range():
    settings = recipe({"name": "ema", "decay": 0.9999}).averaging
    shares = [settings.share_of_step(n) for n in (1, 10, 1000, 500_000)]
    assert shares == pytest.approx([9 / 11, 9 / 20, 9 / 1010, 1e-4])


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (
            {"averaging": LAST, "validation": 0.1, "early_stopping": {"patience": 2}},
            "last_epochs needs to know the last epoch, and early stopping finds it",
        ),
        ({"averaging": LAST, "epochs": 2}, "should be of at most as many epochs as"),
        ({"averaging": "last_epochs"}, "averaging.epochs: missing"),
        ({"averaging": {**LAST, "epochs": 1}}, "averaging.epochs: should be greater than or"),
        ({"averaging": {**EMA, "decay": 1}}, "averaging.decay: should be less than 1"),
        ({"averaging": {**EMA, "epochs": 3}}, "averaging.epochs: unknown key"),
        ({"averaging": "swa"}, "averaging.name: should be one of 'ema', 'last_epochs'"),
    ],
    ids=str,
)
def test_what_cannot_be_averaged_is_refused_in_one_line(changes, words):
    with pytest.raises(UserError) as error:
        recipe(**{"averaging": None, **changes})
    _, line = str(error.value).splitlines()
    assert words in line


def test_a_recipe_without_an_average_is_the_text_that_it_was():
    assert "averaging" not in recipe(None).model_dump()
    assert recipe("ema").model_dump()["averaging"] == "ema"
    # It takes time and memory in a step, however fast it forgets.
    slow, fast = (recipe({**EMA, "decay": decay}).of_one_step() for decay in (0.99, 0.5))
    assert slow == fast != recipe(None).of_one_step()
    # Of the last epochs no step knows; and it is a recipe that can be read again.
    last = recipe(LAST).of_one_step()
    assert last == recipe(None).of_one_step()
    for one_step in (slow, last):
        assert checked_settings(Recipe, one_step.model_dump()) == one_step
    assert "ema.py" in [path.name for path in recipe(EMA).step_code_files]
