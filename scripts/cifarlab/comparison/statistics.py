"""How sure a comparison can be of its numbers."""

import math
from statistics import NormalDist


def wilson_interval(share, n, chosen_from=1):
    """The 95 % interval of a share that was measured on n independent cases: (low, high).

    share: in [0, 1], a mean over seeds too; n: cases, at least 1; chosen_from: among how many
    shares this one was picked for its value, which widens the interval (Bonferroni). It says how
    far another test split of n images could have moved the share, not how far another seed could.
    Never leaves [0, 1], and has a width where the share is 0 or 1. Raises ValueError outside of
    these. Wilson 1927, "Probable inference, the law of succession, and statistical inference".
    """
    if n < 1 or not 0 <= share <= 1:
        raise ValueError(f"expected a share in [0, 1] of at least one case, found {share} of {n}")
    z = NormalDist().inv_cdf(1 - 0.05 / 2 / chosen_from)
    spread = z**2 / n
    middle = (share + spread / 2) / (1 + spread)
    half = z / (1 + spread) * math.sqrt(share * (1 - share) / n + spread / (4 * n))
    # The share lies inside, also where rounding says otherwise.
    return max(0.0, min(share, middle - half)), min(1.0, max(share, middle + half))


def shared_ranks(intervals):
    """Ranks from 1, the highest first; those whose intervals overlap share one.

    intervals: list of (low, high). Where a overlaps b and b overlaps c, all three share a rank, so
    that none is ranked above one that may be as good. After a shared rank the next is one more than
    all before it, as in sports.
    """
    order = sorted(range(len(intervals)), key=lambda i: intervals[i][1], reverse=True)
    ranks, lowest = [0] * len(intervals), math.inf
    for place, i in enumerate(order):
        low, high = intervals[i]
        ranks[i] = ranks[order[place - 1]] if place and high >= lowest else place + 1
        lowest = low if ranks[i] == place + 1 else min(lowest, low)
    return ranks
