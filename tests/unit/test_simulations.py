"""The short form of `make check-statistics`: simulated comparisons whose truth is known."""

from dataclasses import replace

import numpy as np
import pytest
from simulations.check_statistics import CHECKED, outside, row, settings
from simulations.comparisons import Setting, check, simulate
from simulations.freedom import coverage

N = 120
# Beyond these a share of 95 % of so many is once in ten thousand.
FEWEST = 0.87
TWO = Setting("two", 3, (0.45, 0.47), n_images=2000)


@pytest.mark.parametrize("n_seeds", CHECKED)
@pytest.mark.parametrize("are_alike", [True, False])
def test_intervals_hold_the_truth_and_tests_keep_their_level(n_seeds, are_alike):
    setting = replace(TWO, n_seeds=n_seeds, accuracies=(0.45, 0.45), are_alike=are_alike)
    shares = check(setting, N)
    for name in ("accuracy", "difference", "ranks"):
        assert shares[name] >= FEWEST, name
    for name in ("rejected", "rejected_seeds")[: 1 + are_alike]:
        assert shares[name] is None or shares[name] <= 1 - FEWEST, name
    assert (shares["rejected_seeds"] is None) == (n_seeds < 6)


def test_five_models_keep_their_ranks_and_far_ones_are_told_apart():
    setting = replace(TWO, accuracies=(0.3, 0.3, 0.45, 0.6, 0.75))
    shares = check(setting, 30)
    assert shares["ranks"] >= 0.8
    assert shares["found"] == 1


def test_simulated_models_have_the_accuracy_that_is_asked_for():
    setting = Setting("one", 200, (0.45, 0.9), seed_points=1.0, n_images=3000)
    rows, truths = simulate(setting, np.random.default_rng(0))
    accuracies = [row.correct.mean(axis=1) for row in rows.values()]
    assert truths.tolist() == [0.45, 0.9]
    assert [a.mean() for a in accuracies] == pytest.approx([0.45, 0.9], abs=0.03)
    # One point over seeds, beside the noise of the images.
    for accuracy, of_seeds in zip((0.45, 0.9), accuracies, strict=True):
        noise = accuracy * (1 - accuracy) / 3000
        assert 0.008**2 < of_seeds.var(ddof=1) < 0.012**2 + noise


def test_no_two_settings_share_their_draws():
    assert len({setting.draws for setting in settings()}) == len(settings())
    first = Setting("one", 1, (0.5, 0.5), n_images=50)
    second = replace(first, draws=1)
    assert check(first, 60) == check(first, 60) != check(second, 60)


def test_degrees_of_freedom_hold_where_those_of_satterthwaite_are_too_many():
    for n_seeds in (3, 6):
        for share in (0.1, 0.5, 0.9, 1.0):
            assert 0.94 <= coverage(n_seeds, share, power=1, n_draws=40_000) <= 0.97
    assert coverage(3, 0.9, power=2, n_draws=40_000) < 0.93


def test_what_is_outside_of_its_limits_is_marked():
    good = {"accuracy": 0.95, "difference": 0.95, "ranks": 0.99, "found": None}
    good |= {"rejected": 0.05, "rejected_seeds": None, "rejected_models": 0.3}
    assert outside(TWO, good) == []
    assert "✗" not in row(TWO, good)
    for name, value in {"accuracy": 0.92, "difference": 0.98, "rejected": 0.08}.items():
        assert outside(TWO, {**good, name: value}) == [name]
        assert "✗" in row(TWO, {**good, name: value})
    assert outside(replace(TWO, n_seeds=2), {**good, "accuracy": 0.5}) == []
