"""Comparisons whose truth is known: models that are right at random, as trained ones are.

An image is right where accuracy + seed + difficulty + own difficulty + noise > 0. The difficulty of
an image is the same for all models; some models have a difficulty of their own beside it; the noise
is of one image and one seed. All are normal, so that the true accuracies have a closed form.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr, ndtri

from cifarlab.comparison.correctness import Correctness
from cifarlab.comparison.pairs import rank_intervals, tabulate_pairs
from cifarlab.comparison.uncertainty import accuracy_interval

# Variances, of the noise's. Two seeds of a model then disagree on a fifth of the images, two models
# on a third, near an accuracy of one half.
COMMON_DIFFICULTY, OWN_DIFFICULTY = 3.0, 1.2


@dataclass(frozen=True)
class Setting:
    """What is simulated.

    accuracies: true ones of the models, shares, over all seeds; seed_points: standard deviation of
    the accuracy over seeds, in points; are_alike: whether all models find the same images hard;
    draws: the seed of what is drawn, so that the errors of two settings have nothing in common.
    """

    name: str
    n_seeds: int
    accuracies: tuple
    seed_points: float = 0.3
    are_alike: bool = False
    n_images: int = 10_000
    draws: int = 0


def simulate(setting, random):
    """One comparison: (rows, true accuracies).

    rows: dict from (model, recipe) to Correctness. The truth is of the recipes, and of the trained
    models where there is one seed: floats [n_models].
    """
    own = 0.0 if setting.are_alike else OWN_DIFFICULTY
    images = COMMON_DIFFICULTY + (OWN_DIFFICULTY if setting.are_alike else 0.0)
    common = np.sqrt(images) * random.standard_normal(setting.n_images)
    spread = np.sqrt(1 + COMMON_DIFFICULTY + OWN_DIFFICULTY)
    rows, truths = {}, []
    for place, accuracy in enumerate(setting.accuracies):
        # What moves the accuracy by seed_points moves the threshold by this.
        slope = np.exp(-(ndtri(accuracy) ** 2) / 2) / np.sqrt(2 * np.pi) / spread
        deviation = setting.seed_points / 100 / slope
        level = ndtri(accuracy) * np.hypot(spread, deviation)
        seeds = level + deviation * random.standard_normal((setting.n_seeds, 1))
        difficulty = common + np.sqrt(own) * random.standard_normal(setting.n_images)
        noise = random.standard_normal((setting.n_seeds, setting.n_images))
        correct = seeds + difficulty + noise > 0
        rows[f"model {place}", "r"] = Correctness([*range(setting.n_seeds)], correct)
        truths.append(ndtr(seeds[0, 0] / spread) if setting.n_seeds == 1 else accuracy)
    return rows, np.array(truths)


def check(setting, n_comparisons):
    """How often the statements of simulated comparisons are true, a dict of shares.

    accuracy, difference: intervals that hold the truth; ranks: comparisons all of whose rank
    intervals do; found: differences that are told apart, of those there are. Of pairs without a
    difference, with more seeds than one: rejected, by their p-value alone; rejected_seeds, by the
    signs of the seeds; rejected_models, by McNemar's test on all seeds.
    """
    random = np.random.default_rng(setting.draws)
    counts = [_statements(*simulate(setting, random)) for _ in range(n_comparisons)]
    shares = {}
    for name in counts[0]:
        values = np.concatenate([np.ravel(count[name]) for count in counts]).astype(float)
        shares[name] = float(values.mean()) if len(values) else None
    return shares


def _statements(rows, truths):
    pairs = tabulate_pairs(rows)
    first, second = np.triu_indices(len(truths), 1)
    difference = 100 * (truths[first] - truths[second])
    is_same, low_rank, high_rank = difference == 0, *rank_intervals([*rows], pairs)
    intervals = np.array([accuracy_interval(row.correct) for row in rows.values()])
    # Of equal models each may have any of their ranks.
    best = 1 + (truths[None] > truths[:, None]).sum(axis=1)
    worst = len(truths) - (truths[None] < truths[:, None]).sum(axis=1)
    seeds_p = pairs["seeds_p_value"].astype(float)[is_same]
    return {
        "accuracy": (intervals[:, 0] <= truths) & (truths <= intervals[:, 1]),
        "difference": pairs["low_points"].le(difference) & pairs["high_points"].ge(difference),
        "ranks": ((low_rank <= best) & (worst <= high_rank)).all(),
        "found": pairs["answer"].ne("open")[~is_same],
        "rejected": pairs["p_value"].lt(0.05)[is_same],
        "rejected_seeds": seeds_p.dropna().lt(0.05),
        "rejected_models": pairs["mcnemar_p_value"].lt(0.05)[is_same],
    }
