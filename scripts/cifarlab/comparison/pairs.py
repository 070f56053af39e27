"""Every pair of rows: how far apart, how sure, and what ranks follow."""

import itertools
import json

import numpy as np
import pandas as pd

from cifarlab.comparison.correctness import paired
from cifarlab.comparison.paired_tests import (
    combined_p_value,
    disagreements,
    holm,
    mcnemar_p_values,
    seeds_p_value,
)
from cifarlab.comparison.uncertainty import LEVEL, Difference

PAIR_COLUMNS = [
    *("model", "recipe", "other_model", "other_recipe", "seeds"),
    *("difference_points", "low_points", "high_points", "p_value", "p_value_holm", "answer"),
    *("detectable_points", "disagreement_percent"),
    *("mcnemar_p_value", "mcnemar_p_value_holm", "mcnemar_p_values_of_seeds"),
    *("seeds_p_value", "seeds_p_value_holm", "seeds_answer"),
]


def tabulate_pairs(rows):
    """A line per pair of rows, a DataFrame with PAIR_COLUMNS, in the order of the rows.

    rows: dict from (model, recipe) to Correctness. difference_points: accuracy of the first minus
    that of the other, the mean over the seeds that both have, whose number is `seeds`; low and
    high: its 95 % interval over images and seeds, of images alone with one seed; p_value: of the
    same difference; answer: better or worse is the first one, by p_value_holm, or open.
    detectable_points: the smallest difference that would be found with 80 % power, corrected for
    the number of pairs; disagreement_percent: of the images only one has right. mcnemar: of these
    trained models, on each seed and combined; seeds: of the recipes on these images, by the
    signs of the seeds' differences: different, open, or too few seeds. Each kind of p-value is
    corrected by Holm.
    """
    pairs = list(itertools.combinations(rows, 2))
    lines = [
        {
            **dict(zip(PAIR_COLUMNS, (*first, *other), strict=False)),
            **compare_pair(*paired(rows[first], rows[other]), len(pairs)),
        }
        for first, other in pairs
    ]
    for name in ("p_value", "mcnemar_p_value", "seeds_p_value"):
        corrected = holm([line[name] for line in lines])
        for line, p_value in zip(lines, corrected, strict=True):
            line[f"{name}_holm"] = p_value
    n_tests = sum(line["seeds_p_value"] is not None for line in lines)
    for line in lines:
        line["answer"] = answer(line["p_value_holm"], line["difference_points"])
        line["seeds_answer"] = seeds_answer(line["seeds_p_value_holm"], line["seeds"], n_tests)
    return pd.DataFrame(lines, columns=PAIR_COLUMNS)


def differences_between(rows):
    """A function from two rows to how much more accurate the second one is.

    rows: as for `tabulate_pairs`. The function takes two (model, recipe), and returns the mean
    difference in points, the ends of its 95 % interval, and the number of seeds; None where the
    rows share no seed.
    """

    place = {row: number for number, row in enumerate(rows)}

    def difference(first, second):
        if not all(row in rows for row in (first, second)):
            return None
        if not set(rows[first].seeds) & set(rows[second].seeds):
            return None
        # In the order of the table, so that the interval is that of the table.
        order, sign = (
            ((first, second), -1) if place[first] < place[second] else ((second, first), 1)
        )
        seeds, *sides = paired(*(rows[row] for row in order))
        found = Difference(*sides)
        low, high = sorted(sign * 100 * end for end in found.interval())
        return sign * 100 * found.mean, low, high, len(seeds)

    return difference


def compare_pair(seeds, first, other, n_pairs=1):
    """The numbers of one pair, a dict, before correction.

    first, other: bool [n_seeds, n_images]; n_pairs: number of all pairs.
    """
    difference = Difference(first, other)
    low, high = difference.interval()
    counts = disagreements(first, other)
    p_values = mcnemar_p_values(counts)
    n_images = first.shape[1]
    return {
        "seeds": len(seeds),
        "difference_points": 100 * difference.mean,
        "low_points": 100 * low,
        "high_points": 100 * high,
        "p_value": difference.p_value(),
        "detectable_points": 100 * difference.detectable(n_pairs),
        "disagreement_percent": 100 * float(counts.sum(axis=1).mean()) / n_images,
        "mcnemar_p_value": combined_p_value(p_values),
        "mcnemar_p_values_of_seeds": json.dumps(dict(zip(seeds, p_values, strict=True))),
        "seeds_p_value": seeds_p_value((counts[:, 0] - counts[:, 1]) / n_images),
    }


def answer(p_value, difference):
    """better, worse or open: what a corrected p-value says of a difference."""
    if p_value >= LEVEL:
        return "open"
    return "better" if difference > 0 else "worse"


def seeds_answer(p_value, n_seeds, n_tests):
    """different, open, or too few seeds: those whose smallest p-value is not small enough."""
    if p_value is None or n_tests * 2 / 2**n_seeds >= LEVEL:
        return "too few seeds"
    return "different" if p_value < LEVEL else "open"


def rank_intervals(rows, pairs):
    """Ranks from 1, the most accurate first, as intervals: two int arrays, [n_rows].

    rows: list of (model, recipe); pairs: as `tabulate_pairs` returns them. From 1 + how many are
    better to n − how many are worse: with 95 % confidence all intervals hold the true ranks at
    once. Mogstad, Romano, Shaikh and Wilhelm 2024, "Inference for ranks with applications to
    mobility across neighbourhoods and academic achievement across countries".
    """
    place = {row: number for number, row in enumerate(rows)}
    n_better, n_worse = np.zeros((2, len(rows)), dtype=int)
    for line in pairs[pairs["answer"] != "open"].itertuples():
        better, worse = place[line.model, line.recipe], place[line.other_model, line.other_recipe]
        if line.answer == "worse":
            better, worse = worse, better
        n_worse[better] += 1
        n_better[worse] += 1
    return 1 + n_better, len(rows) - n_worse
