"""Intervals, against published values and what defines them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import ttest_1samp

from cifarlab.comparison.statistics import mean_interval, mean_p_value, wilson_interval

# 95 % of the standard normal distribution lie within so many standard deviations.
Z_95 = 1.959963984540054


@pytest.mark.parametrize(
    ("right", "n", "low", "high"),
    # Newcombe 1998, "Two-sided confidence intervals for the single proportion", table I, method 3.
    [
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_the_interval_is_the_one_that_was_published(right, n, low, high):
    assert wilson_interval(right / n, n) == pytest.approx((low, high), abs=5e-5)


def ends_by_bisection(share, n):
    """The p0 below and above `share` with |share - p0| = z sqrt(p0 (1 - p0) / n)."""

    def excess(p0):
        return abs(share - p0) - Z_95 * (p0 * (1 - p0) / n) ** 0.5

    ends = []
    for outside in (0.0, 1.0):
        inside = share
        for _ in range(200):
            middle = (outside + inside) / 2
            if excess(middle) > 0:
                outside = middle
            else:
                inside = middle
        ends.append(inside)
    return ends


@given(st.floats(0.001, 0.999), st.integers(1, 1_000_000))
def test_its_ends_are_where_the_measured_share_would_just_be_surprising(share, n):
    assert wilson_interval(share, n) == pytest.approx(ends_by_bisection(share, n), abs=1e-9)


def test_an_interval_of_a_share_that_was_picked_among_many_is_wider():
    # Of 100 shares, the 0.05 is divided among them: 99.95 % lie within 3.4808 standard deviations.
    z = 3.480756
    assert wilson_interval(0.0, 50, chosen_from=100)[1] == pytest.approx(z**2 / (50 + z**2))
    one, many = wilson_interval(0.3, 50), wilson_interval(0.3, 50, chosen_from=100)
    assert many[0] < one[0] < one[1] < many[1]


@pytest.mark.parametrize("n", [1, 100, 10_000])
def test_at_the_ends_the_interval_has_a_width_to_the_inner_side_alone(n):
    # There the end is z² / (n + z²).
    width = Z_95**2 / (n + Z_95**2)
    assert wilson_interval(0.0, n) == pytest.approx((0, width))
    assert wilson_interval(1.0, n) == pytest.approx((1 - width, 1))
    assert wilson_interval(0.0, n)[0] == 0
    assert wilson_interval(1.0, n)[1] == 1


@given(st.floats(0, 1), st.integers(1, 10**9))
def test_the_interval_holds_the_share_and_never_leaves_zero_to_one(share, n):
    low, high = wilson_interval(share, n)
    assert 0 <= low <= share <= high <= 1
    assert low < high


def test_more_images_make_it_narrower():
    widths = [high - low for low, high in (wilson_interval(0.4, n) for n in (10, 100, 10_000))]
    assert widths == sorted(widths, reverse=True)


@pytest.mark.parametrize(("share", "n"), [(0.5, 0), (-0.01, 9), (1.01, 9), (float("nan"), 9)])
def test_what_is_no_share_of_cases_is_refused(share, n):
    with pytest.raises(ValueError, match="expected a share"):
        wilson_interval(share, n)


def test_the_interval_of_a_mean_is_that_of_a_worked_example():
    # Student 1908, section IX: hours of sleep gained by ten patients with one drug over another,
    # mean 1.58, standard error 0.3890: 1.58 ± 2.262 × 0.3890.
    gained = [1.2, 2.4, 1.3, 1.3, 0.0, 1.0, 1.8, 0.8, 4.6, 1.4]
    assert mean_interval(gained) == pytest.approx((0.7001, 2.4599), abs=5e-4)


def test_values_that_are_alike_by_rounding_have_an_interval_with_a_width():
    # Of 100 images a difference of two accuracies is a whole number of points.
    low, high = mean_interval([2.0, 2.0], rounded_to=1.0)
    # t with one degree of freedom is 12.706.
    half = 12.706 / 12**0.5 / 2**0.5
    assert (low, high) == pytest.approx((2 - half, 2 + half), abs=1e-3)
    assert mean_interval([1.0, 5.0], rounded_to=1.0) == mean_interval([1.0, 5.0])


def test_an_interval_and_a_p_value_need_two_values():
    with pytest.raises(ValueError, match="at least two values, found 1"):
        mean_interval([1.0])
    with pytest.raises(ValueError, match="at least two values, found 1"):
        mean_p_value([1.0], 0.01)


@pytest.mark.parametrize("seed", range(20))
def test_the_p_value_of_a_mean_is_scipys_and_agrees_with_the_interval(seed):
    values = np.random.default_rng(seed).normal(0.7, 1.0, size=2 + seed % 7).tolist()
    p_value = mean_p_value(values, 1e-9)
    assert p_value == pytest.approx(ttest_1samp(values, 0).pvalue)
    low, high = mean_interval(values)
    assert (p_value < 0.05) == (not low <= 0 <= high)


def test_two_equal_differences_of_a_few_images_have_a_p_value():
    # Their interval is 2 ± 2.594, so t is 2 / (2.594 / 12.706) = 9.80.
    assert mean_p_value([2.0, 2.0], 1.0) == pytest.approx(0.0648, abs=1e-4)
