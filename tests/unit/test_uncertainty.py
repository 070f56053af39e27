"""Means over seeds and images, and the pairs and ranks that follow: against what defines them."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from cifarlab.comparison.correctness import Correctness, paired
from cifarlab.comparison.statistics import wilson_interval
from cifarlab.comparison.uncertainty import Difference, accuracy_interval, uncertainty


def drawn(n_seeds, n_images, of_seeds=0.3, of_images=1.0, of_rest=1.0, seed=0):
    """Numbers of the model: 0 + seed + image + rest, with these standard deviations."""
    random = np.random.default_rng(seed)
    return (
        of_seeds * random.standard_normal((n_seeds, 1))
        + of_images * random.standard_normal(n_images)
        + of_rest * random.standard_normal((n_seeds, n_images))
    )


def rows(n_seeds, n_images=10_000, gap=0.0, seed=0):
    """Correctness of two models on the same images, bool [n_seeds, n_images] each."""
    random = np.random.default_rng(seed)
    image = 1.7 * random.standard_normal(n_images)
    return tuple(
        shift + image + random.standard_normal((n_seeds, n_images)) > 0 for shift in (gap, 0.0)
    )


# --- variance


def test_the_variance_is_that_of_a_two_way_analysis():
    values = drawn(4, 50)
    # Mean squares of the textbook, of two ways without repeats.
    grand, of_seed, of_image = values.mean(), values.mean(axis=1), values.mean(axis=0)
    seeds = 50 * np.square(of_seed - grand).sum() / 3
    images = 4 * np.square(of_image - grand).sum() / 49
    residual = values - of_seed[:, None] - of_image + grand
    rest = np.square(residual).sum() / (3 * 49)
    found = uncertainty(values)
    assert found.variance == pytest.approx((seeds + images - rest) / values.size)
    assert found.of_seeds == pytest.approx(seeds / values.size)


def test_with_one_seed_the_variance_is_that_of_the_images():
    values = drawn(1, 50)
    found = uncertainty(values)
    assert found.error == pytest.approx(stats.sem(values[0]))
    assert (found.of_seeds, found.freedom) == (0, 49)


def test_freedom_lies_between_that_of_the_seeds_and_that_of_the_images():
    alone = uncertainty(drawn(3, 5000, of_seeds=50.0))
    assert alone.freedom == pytest.approx(2, rel=0.01)
    none = uncertainty(np.tile(drawn(1, 5000), (3, 1)))
    assert none.freedom == pytest.approx(4999)
    assert 2 < uncertainty(drawn(3, 5000, of_seeds=0.01)).freedom < 4999


# --- accuracy


@pytest.mark.parametrize(("right", "n"), [(81, 263), (1, 29), (0, 20), (4400, 10_000)])
def test_the_interval_of_one_seed_is_that_of_the_library(right, n):
    correct = np.arange(n)[None] < right
    expected = proportion_confint(right, n, method="wilson")
    assert accuracy_interval(correct) == pytest.approx(expected)
    assert wilson_interval(right / n, n) == pytest.approx(expected)


def test_seeds_that_are_copies_do_not_make_the_interval_narrower():
    correct = rows(1)[0]
    one, three = accuracy_interval(correct), accuracy_interval(np.tile(correct, (3, 1)))
    assert three == pytest.approx(one, abs=1e-5)


def test_seeds_that_lie_apart_make_the_interval_wider():
    correct = rows(3)[0]
    apart = correct.copy()
    apart[0, :600], apart[1, :600] = False, True
    near, far = (accuracy_interval(c) for c in (correct, apart))
    assert far[1] - far[0] > 3 * (near[1] - near[0])


def test_the_interval_of_two_seeds_is_the_closed_form_away_from_the_ends():
    correct = rows(6)[0]
    found, share = uncertainty(correct), correct.mean()
    half = stats.t.ppf(0.975, found.freedom) * found.error
    assert accuracy_interval(correct) == pytest.approx((share - half, share + half), abs=2e-5)


@pytest.mark.parametrize("value", [False, True])
def test_an_accuracy_of_nothing_or_all_keeps_a_width(value):
    low, high = accuracy_interval(np.full((3, 100), value))
    assert 0 <= low < high <= 1


# --- differences


def test_the_variance_of_a_difference_is_the_paired_one():
    first, second = rows(1, 400)
    differences = np.append(first[0].astype(int) - second[0], [1, -1])
    difference = Difference(first, second)
    assert difference.uncertainty.error == pytest.approx(stats.sem(differences))
    t = difference.mean / stats.sem(differences)
    assert difference.p_value() == pytest.approx(2 * stats.t.sf(abs(t), 401))


@pytest.mark.parametrize("n_seeds", [1, 3, 6])
def test_the_bootstrap_agrees_with_the_closed_form(n_seeds):
    difference = Difference(*rows(n_seeds, gap=0.05))
    found = difference.uncertainty
    half = stats.t.ppf(0.975, found.freedom) * found.error
    low, high = difference.interval(n_draws=200_000)
    assert low == pytest.approx(difference.mean - half, abs=0.03 * half)
    assert high == pytest.approx(difference.mean + half, abs=0.03 * half)


def test_the_bootstrap_of_one_seed_is_the_plain_one_over_images():
    first, second = rows(1, 300)
    differences = np.append(first[0].astype(int) - second[0], [1, -1])
    random = np.random.default_rng(1)
    draws = random.choice(differences, (20_000, 302)).mean(axis=1)
    plain = np.quantile(draws, [0.025, 0.975]) + (first.mean() - second.mean()) - differences.mean()
    assert Difference(first, second).interval(n_draws=20_000) == pytest.approx(plain, abs=0.004)


def test_the_same_images_and_seeds_give_the_same_interval_and_other_draws_nearly():
    difference = Difference(*rows(3))
    assert difference.interval() == difference.interval()
    width = np.diff(difference.interval())[0]
    assert difference.interval(seed=1) == pytest.approx(difference.interval(), abs=0.1 * width)


def test_three_seeds_that_lie_apart_are_not_taken_for_many():
    # Differences of 1, 2 and 3 points, all of them of the seeds.
    first, second = (np.zeros((3, 100_000), dtype=bool) for _ in range(2))
    for place, n_right in enumerate((1000, 2000, 3000)):
        first[place, place * 30_000 :][:n_right] = True
    low, high = Difference(first, second).interval(n_draws=100_000)
    # Student's of three differences: 2 ± 4.303 × 1 / √3.
    assert (100 * low, 100 * high) == pytest.approx((-0.48, 4.48), abs=0.1)


@pytest.mark.parametrize("n_seeds", [1, 3])
@pytest.mark.parametrize("n_images", [1, 2, 10])
def test_rows_that_never_differ_differ_by_nothing_and_are_not_certain(n_seeds, n_images):
    right = np.ones((n_seeds, n_images), dtype=bool)
    difference = Difference(right, right)
    low, high = difference.interval()
    assert difference.p_value() == 1
    assert low < 0 < high


def test_one_image_proves_nothing():
    right = np.ones((1, 1), dtype=bool)
    assert Difference(right, ~right).p_value() > 0.05


@given(st.integers(0, 10**6), st.integers(1, 4), st.integers(1, 30))
def test_any_small_comparison_has_a_p_value_and_an_interval(seed, n_seeds, n_images):
    first, second = np.random.default_rng(seed).random((2, n_seeds, n_images)) < 0.5
    difference = Difference(first, second)
    low, high = difference.interval(n_draws=50)
    assert 0 <= difference.p_value() <= 1
    assert -1 <= low <= high <= 1
    assert difference.detectable(3) > difference.detectable(1) > 0
    swapped = Difference(second, first)
    assert swapped.mean == pytest.approx(-difference.mean)
    assert swapped.p_value() == pytest.approx(difference.p_value())


def test_a_difference_of_the_detectable_size_is_found_in_four_of_five():
    n_images, share = 2000, 0.3
    detectable = Difference(*disagreeing(n_images, share, 0.0, 0)).detectable()
    found = [
        Difference(*disagreeing(n_images, share, detectable, seed)).p_value() < 0.05
        for seed in range(1, 1001)
    ]
    assert np.mean(found) == pytest.approx(0.8, abs=0.05)


def disagreeing(n_images, share, difference, seed):
    """One seed of two models: a share of images on which only one is right, with a difference."""
    draw = np.random.default_rng(seed).random((1, n_images))
    middle = (share + difference) / 2
    return draw < middle, (draw >= middle) & (draw < share)


# --- seeds


def test_runs_of_one_seed_are_pairs_and_others_are_left_out():
    marks = [
        np.array([[n >> bit & 1 for bit in range(3)] for n in ns], bool)
        for ns in ((1, 2), (3, 4, 5))
    ]
    first, second = Correctness([0, 7], marks[0]), Correctness([5, 7, 9], marks[1])
    seeds, a, b = paired(first, second)
    assert seeds == [7]
    assert (a == marks[0][[1]]).all()
    assert (b == marks[1][[1]]).all()


def test_rows_without_a_common_seed_are_paired_in_their_order():
    correct = np.eye(3, dtype=bool)
    seeds, a, b = paired(Correctness([0, 1], correct[:2]), Correctness([7, 8, 9], correct))
    assert seeds == [0, 1]
    assert (a == b).all()


def test_a_quantile_of_infinite_freedom_is_normal():
    assert wilson_interval(0.4, 500, freedom=math.inf) == pytest.approx(
        wilson_interval(0.4, 500, freedom=1e9)
    )
    assert wilson_interval(0.4, 500, freedom=3)[0] < wilson_interval(0.4, 500)[0]
