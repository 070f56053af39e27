"""How sure a mean over seeds and test images is: seeds and images are both drawn at random.

The model: value = mean + seed + image + rest, each with a variance of its own. Every seed meets the
same images, so that neither can be counted as if all values were independent.
"""

import math
from dataclasses import dataclass

import numpy as np
from scipy.special import stdtr, stdtrit

from cifarlab.comparison.statistics import wilson_interval

N_DRAWS = 10_000
LEVEL, POWER = 0.05, 0.8


@dataclass(frozen=True)
class Uncertainty:
    """The variance of a mean over seeds and images, in two parts, and how well it is known.

    of_seeds: what other seeds, and the rest, would change; 0 with one seed. of_images: what other
    images would change beside that. freedom: degrees of freedom of their sum.
    """

    of_seeds: float
    of_images: float
    freedom: float

    @property
    def variance(self):
        return self.of_seeds + self.of_images

    @property
    def error(self):
        """Standard error of the mean."""
        return math.sqrt(self.variance)


def uncertainty(values):
    """The Uncertainty of the mean of numbers [n_seeds, n_images].

    With one seed it is of the images alone. The variance of the means over images holds the rest
    too, which that of the seeds already has, so it is taken out. The degrees of freedom are those
    of the seeds, divided by their share of the variance: Satterthwaite 1946 divides by its square,
    which are too many where three seeds lie together by chance. docs/statistics.md has the numbers.
    """
    n_seeds, n_images = values.shape
    of_image = values.mean(axis=0)
    alone = Uncertainty(0.0, float(of_image.var(ddof=1)) / n_images, n_images - 1)
    if n_seeds == 1:
        return alone
    of_seed = values.mean(axis=1)
    seeds = of_seed.var(ddof=1) / n_seeds
    squares = np.square(of_image - of_image.mean()).sum() * n_seeds
    squares += np.square(of_seed - of_seed.mean()).sum() * n_images
    # Seed by seed: as floats, all of many runs would take eight times their memory.
    total = sum(float(np.square(row, dtype=float).sum()) for row in values)
    rest = total - values.size * of_seed.mean() ** 2 - squares
    rest = max(0.0, rest) / ((n_seeds - 1) * (n_images - 1))
    images = max(0.0, alone.of_images - rest / values.size)
    total = seeds + images
    if not total:
        return alone
    parts = seeds / (n_seeds - 1) + images / (n_images - 1)
    return Uncertainty(float(seeds), float(images), float(total / parts))


def accuracy_interval(correct):
    """The 95 % interval of a recipe's accuracy: (low, high), shares.

    correct: bool [n_seeds, n_images]. It covers other seeds and other test images; with one seed
    images alone. It is Wilson's, of as many independent images as have the variance that was found:
    so it never leaves [0, 1]. Korn and Graubard 1998, "Confidence intervals for proportions with
    small expected number of positive counts estimated from survey data".
    """
    n_seeds, n_images = correct.shape
    share = float(correct.mean())
    # One image says nothing of how far images lie apart.
    if 1 in (n_seeds, n_images) or share in (0.0, 1.0):
        return wilson_interval(share, n_images)
    found = uncertainty(correct)
    most = n_seeds * n_images
    n = min(most, share * (1 - share) / found.variance) if found.variance else most
    return wilson_interval(share, max(1.0, n), freedom=found.freedom)


class Difference:
    """The mean of paired differences of correctness, and how sure it is.

    first, second: bool [n_seeds, n_images], the same seeds and images. As if two more images had
    been drawn, one for each side: so a few images, or none that differ, prove nothing. Agresti and
    Min 2005, "Simple improved confidence intervals for comparing matched proportions".
    """

    def __init__(self, first, second):
        differences = first.astype(np.int8) - second.astype(np.int8)
        self.mean = float(differences.mean())
        self.n_seeds = len(differences)
        more = np.tile(np.array([1, -1], dtype=np.int8), (self.n_seeds, 1))
        self._values = np.hstack([differences, more])
        self.uncertainty = uncertainty(self._values)

    def p_value(self):
        """Two-sided, of no difference, by Student's distribution."""
        found = self.uncertainty
        return float(2 * stdtr(found.freedom, -abs(self.mean) / found.error))

    def detectable(self, n_compared=1):
        """The smallest difference that is found with 80 % power, a share.

        n_compared: number of differences among which this one must hold (Bonferroni).
        """
        found = self.uncertainty
        level = 1 - LEVEL / 2 / n_compared
        return float((stdtrit(found.freedom, level) + stdtrit(found.freedom, POWER)) * found.error)

    def interval(self, n_draws=N_DRAWS, seed=0):
        """The 95 % interval by a bootstrap over images and seeds together: (low, high), shares.

        Images are drawn again, as counts of how many have each mean over seeds. A few seeds drawn
        again would be too narrow, by (n - 1) / n, and have few values, so that what seeds add is
        drawn as normal, with their variance. Each draw is stretched as Student's distribution is,
        for a variance that few seeds estimate. seed: of the draws.
        """
        random, found = np.random.default_rng(seed), self.uncertainty
        n_images = self._values.shape[1]
        sums = self._values.sum(axis=0, dtype=np.int64)
        counts = np.bincount(sums + self.n_seeds, minlength=2 * self.n_seeds + 1)
        means = np.arange(-self.n_seeds, self.n_seeds + 1) / self.n_seeds
        drawn = random.multinomial(n_images, counts / n_images, n_draws) @ means / n_images
        spread = sums.std() / self.n_seeds / math.sqrt(n_images)
        draws = (drawn - means @ counts / n_images) * (math.sqrt(found.of_images) / spread)
        draws += math.sqrt(found.of_seeds) * random.standard_normal(n_draws)
        draws *= np.sqrt(found.freedom / random.chisquare(found.freedom, n_draws))
        low, high = np.quantile(self.mean + draws, [LEVEL / 2, 1 - LEVEL / 2])
        return max(-1.0, float(low)), min(1.0, float(high))
