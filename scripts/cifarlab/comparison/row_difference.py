"""How much more accurate one row is than another, seed by seed and image by image."""

import math
from functools import cache

import numpy as np

from cifarlab.comparison.statistics import t_quantile
from cifarlab.evaluation.logits import load_predictions

# With more degrees of freedom, Student's quantile is the same to three digits.
MOST_FREEDOM = 1000


def differences_between(runs):
    """A function from two rows to how much more accurate the second one is.

    runs: list of RunFolder. A row is (model, recipe). The function reads predictions when it is
    called, of the seeds that both rows have, and returns (points, low, high, seeds): see
    `paired_interval`; seeds is their number. It returns None where the rows share no seed.
    """
    folders = {(run.model, run.recipe, run.seed): run.path for run in runs}

    @cache
    def right(*run):
        return right_images(*load_predictions(folders[run] / "predictions.npz"))

    def difference(first, second):
        seeds = [seed for *row, seed in folders if (*row,) == first and (*second, seed) in folders]
        if not seeds:
            return None
        sides = [np.array([right(*row, seed) for seed in seeds]) for row in (first, second)]
        return *paired_interval(*sides), len(seeds)

    return difference


def right_images(logits, labels):
    """Which images are recognised, bool [n_images]; a tie counts against the model.

    logits: float [n_images, n_classes]; labels: int [n_images].
    """
    return (logits >= np.take_along_axis(logits, labels[:, None], axis=1)).sum(axis=1) == 1


def paired_interval(first, second):
    """How many points more accurate the second model is: (points, low, high) of the 95 % interval.

    first, second: bool [n_seeds, n_images], which images each trained model recognises, in pairs of
    the same seed. The difference of an image and a seed is taken for a mean, an effect of the
    image, one of the seed and a rest, all random and independent: the interval is where the mean
    could lie with other images and other seeds. With one seed it says nothing of other seeds.
    Raises ValueError on shapes that do not agree, and on fewer than two images.
    Satterthwaite 1946, "An approximate distribution of estimates of variance components".
    """
    if first.shape != second.shape or first.ndim != 2 or first.shape[1] < 2:
        raise ValueError(
            f"expected two tables [seeds, images] of one shape, found {first.shape}, {second.shape}"
        )
    differences = 100 * (second.astype(float) - first)
    n_seeds, n_images = differences.shape
    mean = float(differences.mean())
    of_images, of_seeds = differences.mean(axis=0) - mean, differences.mean(axis=1) - mean
    # Mean squares, divided so that each is a part of the variance of the mean.
    parts = [((of_images**2).sum() / (n_images - 1) / n_images, n_images - 1)]
    if n_seeds > 1:
        rest = differences - mean - of_images - of_seeds[:, None]
        freedom = (n_seeds - 1) * (n_images - 1)
        parts += [
            ((of_seeds**2).sum() / (n_seeds - 1) / n_seeds, n_seeds - 1),
            (-(rest**2).sum() / freedom / n_seeds / n_images, freedom),
        ]
    half = _half_width(parts)
    return mean, mean - half, mean + half


def _half_width(parts):
    """Half of the interval of a mean. parts: (of its variance, degrees of freedom)."""
    # The variance of a difference of mean squares can come out below that of the images alone.
    if sum(part for part, _ in parts[1:]) <= 0:
        parts = parts[:1]
    variance = float(sum(part for part, _ in parts))
    if not variance:
        return 0.0
    freedom = variance**2 / sum(part**2 / n for part, n in parts)
    return t_quantile(min(MOST_FREEDOM, max(1, int(freedom)))) * math.sqrt(variance)
