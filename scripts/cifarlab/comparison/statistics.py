"""Intervals of shares and of means of a few values."""

import math
from statistics import NormalDist, fmean, stdev

from scipy.special import stdtr, stdtrit


def wilson_interval(share, n, chosen_from=1, freedom=math.inf):
    """The 95 % interval of a share that was measured on n independent cases: (low, high).

    share: in [0, 1]; n: cases, at least 1, or as many as would give the variance that was found;
    chosen_from: among how many shares this one was picked for its value, which widens the interval
    (Bonferroni); freedom: degrees of freedom of that variance, where it was estimated. Never leaves
    [0, 1], and has a width where the share is 0 or 1. Raises ValueError outside of these.
    Wilson 1927, "Probable inference, the law of succession, and statistical inference".
    """
    if not n >= 1 or not 0 <= share <= 1:
        raise ValueError(f"expected a share in [0, 1] of at least one case, found {share} of {n}")
    level = 1 - 0.05 / 2 / chosen_from
    # Student's quantile is normal where nothing was estimated.
    z = NormalDist().inv_cdf(level) if math.isinf(freedom) else float(stdtrit(freedom, level))
    spread = z**2 / n
    middle = (share + spread / 2) / (1 + spread)
    half = z / (1 + spread) * math.sqrt(share * (1 - share) / n + spread / (4 * n))
    # The share lies inside, also where rounding says otherwise.
    return max(0.0, min(share, middle - half)), min(1.0, max(share, middle + half))


def mean_interval(values, rounded_to=0.0):
    """The 95 % interval of the mean of independent values, by Student's t: (low, high).

    values: at least two numbers; of paired runs, their differences. rounded_to: the distance of
    neighbouring values that they can have. Their spread counts as at least that of rounding, so two
    values that are alike by chance have an interval with a width. Raises ValueError of fewer than
    two. Student 1908, "The probable error of a mean"; Sheppard 1898 for the variance of rounding.
    """
    middle, error = _mean_and_error(values, rounded_to)
    half = stdtrit(len(values) - 1, 0.975) * error
    return float(middle - half), float(middle + half)


def mean_p_value(values, rounded_to):
    """The two-sided p-value of a mean of zero; below 0.05 where `mean_interval` leaves zero out.

    values, errors and source: as for it. rounded_to: as for it, above zero.
    """
    middle, error = _mean_and_error(values, rounded_to)
    return float(2 * stdtr(len(values) - 1, -abs(middle) / error))


def _mean_and_error(values, rounded_to):
    """The mean, and its standard error."""
    if len(values) < 2:
        raise ValueError(f"expected at least two values, found {len(values)}")
    spread = max(stdev(values), rounded_to / math.sqrt(12))
    return fmean(values), spread / math.sqrt(len(values))
