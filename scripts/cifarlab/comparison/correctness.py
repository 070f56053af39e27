"""Which test images the runs have right: what paired statistics are made of."""

from dataclasses import dataclass

import numpy as np

from cifarlab.evaluation.accuracy import are_right
from cifarlab.evaluation.logits import load_predictions
from engine.errors import UserError


@dataclass(frozen=True)
class Correctness:
    """Which images the runs of one row have right.

    seeds: list of int; correct: bool [n_seeds, n_images], in their order.
    """

    seeds: list
    correct: np.ndarray


def read_correctness(runs):
    """The Correctness of every row, a dict by (model, recipe), in order of first appearance.

    runs: list of RunFolder, whose predictions are read one after the other. Raises UserError where
    runs were tested on other images.
    """
    rows, first, first_labels = {}, None, None
    for run in runs:
        path = run.path / "predictions.npz"
        logits, labels = load_predictions(path)
        if first is None:
            first, first_labels = path, labels
        if not np.array_equal(labels, first_labels):
            raise UserError(
                f"expected the same test images in every run, found other labels in {path} than in "
                f"{first}; evaluate both again on one data set"
            )
        rows.setdefault((run.model, run.recipe), []).append((run.seed, are_right(logits, labels)))
    return {
        row: Correctness([seed for seed, _ in of_seeds], np.stack([right for _, right in of_seeds]))
        for row, of_seeds in rows.items()
    }


def paired(first, second):
    """The runs of two rows that are compared with each other: (seeds, correct, correct).

    first, second: Correctness. Runs of one seed are a pair. Rows without a common seed are paired
    in the order of their seeds, which is as good: then nothing but the images is shared. Returns
    the seeds of the first row and two arrays, bool [n_pairs, n_images].
    """
    common = [seed for seed in first.seeds if seed in second.seeds]
    if not common:
        n_pairs = min(len(first.seeds), len(second.seeds))
        return first.seeds[:n_pairs], first.correct[:n_pairs], second.correct[:n_pairs]
    places = [[row.seeds.index(seed) for seed in common] for row in (first, second)]
    return common, first.correct[places[0]], second.correct[places[1]]
