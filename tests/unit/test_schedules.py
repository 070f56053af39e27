"""Schedules, step by step, against torch's own, and what is refused."""

import math
import warnings
from itertools import pairwise

import pytest
import torch
from test_steps import recipe
from torch.optim import lr_scheduler

from cifarlab.training.rates import learning_rates
from cifarlab.training.schedules import SCHEDULES
from engine.errors import UserError

RATE = 0.3
# Of each schedule: its keys, and torch's own for n steps, from an optimizer.
TORCHS = [
    ({"name": "constant"}, lambda o, n: lr_scheduler.ConstantLR(o, factor=1.0)),
    ({"name": "cosine"}, lambda o, n: lr_scheduler.CosineAnnealingLR(o, n)),
    ({"name": "linear"}, lambda o, n: lr_scheduler.LinearLR(o, 1.0, 0.0, n)),
    ({"name": "linear", "end": 0.2}, lambda o, n: lr_scheduler.LinearLR(o, 1.0, 0.2, n)),
    (
        {"name": "step", "every": 0.3, "factor": 0.5},
        lambda o, n: lr_scheduler.StepLR(o, max(1, round(0.3 * n)), 0.5),
    ),
    (
        {"name": "multi_step", "milestones": [0.25, 0.5, 0.9]},
        lambda o, n: lr_scheduler.MultiStepLR(o, [round(s * n) for s in (0.25, 0.5, 0.9)]),
    ),
    (
        {"name": "one_cycle"},
        lambda o, n: lr_scheduler.OneCycleLR(o, RATE, n, cycle_momentum=False),
    ),
    (
        {"name": "one_cycle", "rise": 0.2, "start": 0.1, "end": 0.01, "shape": "line"},
        lambda o, n: lr_scheduler.OneCycleLR(
            o,
            RATE,
            n,
            pct_start=0.2,
            anneal_strategy="linear",
            cycle_momentum=False,
            div_factor=10.0,
            final_div_factor=10.0,
        ),
    ),
    (
        {"name": "rate_range_test", "start": 0.001},
        # From its start, the factor from each step to the next that leads to the whole rate.
        lambda o, n: _from(o, 0.001, lambda: lr_scheduler.ExponentialLR(o, 1000 ** (1 / (n - 1)))),
    ),
    (
        {"name": "rate_range_test", "start": 0.1, "shape": "line"},
        lambda o, n: lr_scheduler.LinearLR(o, 0.1, 1.0, n - 1),
    ),
]


def _from(optimizer, share, build):
    optimizer.param_groups[0]["lr"] *= share
    return build()


def rates_of_torch(build, n_steps):
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=RATE)
    schedule, rates = build(optimizer, n_steps), []
    for _ in range(n_steps):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        if len(rates) < n_steps:
            schedule.step()
    return rates


@pytest.mark.parametrize("n_steps", [6, 20, 137])
@pytest.mark.parametrize(("schedule", "build"), TORCHS, ids=[str(keys) for keys, _ in TORCHS])
def test_a_schedule_is_that_of_torch_in_every_step(schedule, build, n_steps):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        expected = rates_of_torch(build, n_steps)
    found = learning_rates(recipe(RATE, schedule=schedule), n_steps)
    assert found == pytest.approx(expected, rel=1e-9, abs=1e-15)


def test_every_schedule_is_compared_with_torch():
    assert {keys["name"] for keys, _ in TORCHS} == {*SCHEDULES}


@pytest.mark.parametrize("n_steps", [1, 2, 3, 4, 10, 1000])
@pytest.mark.parametrize("schedule", [keys for keys, _ in TORCHS], ids=str)
def test_a_share_is_between_0_and_1_however_long_the_training(schedule, n_steps):
    rises = SCHEDULES[schedule["name"]].Settings.rises
    for warm_up in (0.0, 0.5, 0.99)[: 1 if rises else 3]:
        rates = learning_rates(recipe(RATE, schedule=schedule, warm_up=warm_up), n_steps)
        assert len(rates) == n_steps
        assert all(0 <= rate <= RATE * (1 + 1e-12) for rate in rates)
    if rises and n_steps >= 10:
        assert rates[0] < rates[1]


@pytest.mark.parametrize("schedule", [keys for keys, _ in TORCHS], ids=str)
def test_a_schedule_begins_after_the_warm_up_or_is_its_own_one(schedule):
    if SCHEDULES[schedule["name"]].Settings.rises:
        with pytest.raises(UserError) as error:
            recipe(schedule=schedule, warm_up=0.1)
        (line,) = str(error.value).splitlines()[1:]
        assert line.strip() == (
            f"warm_up: the schedule {schedule['name']} begins with a rise of its own; leave "
            "warm_up out (found 0.1)"
        )
    else:
        rates = learning_rates(recipe(RATE, schedule=schedule, warm_up=0.2), 20)
        assert rates[:4] == pytest.approx([RATE * share for share in (0.25, 0.5, 0.75, 1.0)])
        assert rates[4:] == learning_rates(recipe(RATE, schedule=schedule), 16)


def test_a_range_test_reaches_the_learning_rate_in_the_last_step():
    rates = learning_rates(recipe(RATE, schedule="rate_range_test"), 100)
    assert rates[0] == pytest.approx(1e-5 * RATE)
    assert rates[-1] == RATE
    assert all(
        second / first == pytest.approx(math.pow(1e5, 1 / 99)) for first, second in pairwise(rates)
    )


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"warm_up": 1.0}, "warm_up: should be less than 1 (found 1.0)"),
        (
            {"schedule": {"name": "multi_step", "milestones": [0.5, 0.5]}},
            "schedule.milestones: each milestone should be greater than the one before it (found",
        ),
        (
            {"schedule": {"name": "multi_step", "milestones": [0.5, 1.0]}},
            "schedule.milestones[1]: should be less than 1 (found 1.0)",
        ),
        (
            {"schedule": {"name": "multi_step", "milestones": []}},
            "schedule.milestones: List should",
        ),
        ({"schedule": {"name": "step", "every": 0}}, "schedule.every: should be greater than 0"),
        (
            {"schedule": {"name": "step", "every": 0.5, "factor": 1}},
            "schedule.factor: should be le",
        ),
        ({"schedule": {"name": "one_cycle", "rise": 1}}, "schedule.rise: should be less than 1"),
        ({"schedule": {"name": "one_cycle", "shape": "cos"}}, "schedule.shape: should be 'half_c"),
        (
            {"optimizer": {"name": "sgd", "learning_rate": 1, "nesterov": True}},
            "optimizer.nesterov: Nesterov momentum needs a momentum above 0; set momentum (found",
        ),
        (
            {"optimizer": {"name": "muon", "learning_rate": 1}},
            "optimizer.adamw_learning_rate: missing; Learning rate of the parameters that AdamW",
        ),
        (
            {"optimizer": {"name": "adam", "learning_rate": 1, "layer_decay": 1.5}},
            "optimizer.layer_decay: should be less than or equal to 1 (found 1.5)",
        ),
        (
            {"optimizer": {"name": "adam", "learning_rate": 1, "freeze_backbone_epochs": -1}},
            "optimizer.freeze_backbone_epochs: should be greater than or equal to 0 (found -1)",
        ),
        ({"warm_up": 1}, "warm_up: should be less than 1 (found 1)"),
        ({"clip_norm": 0}, "clip_norm: should be greater than 0 (found 0)"),
        (
            {"loss": {"name": "cross_entropy", "label_smoothing": 1.0}},
            "loss.label_smoothing: should be less than 1 (found 1.0)",
        ),
        ({"loss": {"name": "focal", "focus": -1}}, "loss.focus: should be greater than or equal"),
    ],
)
def test_what_contradicts_itself_ends_in_one_line_before_any_job(changes, line):
    with pytest.raises(UserError) as error:
        recipe(**changes)
    (found,) = str(error.value).splitlines()[1:]
    assert found.strip().startswith(line)
