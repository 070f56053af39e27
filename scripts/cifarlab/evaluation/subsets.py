"""Accuracy without some of the test images, and by corrected labels."""

import csv

import numpy as np

from cifarlab.evaluation.accuracy import top_k_accuracy
from engine.errors import UserError


def read_duplicates(path):
    """Which test images have a near-duplicate in the training split, int64 [n], each once.

    path: of a duplicates.csv.
    """
    try:
        with open(path, newline="", encoding="utf-8") as file:
            indices = {int(row["test_index"]) for row in csv.DictReader(file)}
    except (OSError, KeyError, ValueError) as error:
        raise UserError(f"cannot read duplicates in {path} ({error}); find them again") from error
    return np.array(sorted(indices), dtype=np.int64)


def accuracy_without(logits, labels, left_out):
    """Share of the images whose label is first, of those that are not left out.

    logits: float [n_images, n_classes]; labels: int [n_images]; left_out: int [any], places of
    images. Returns a float in [0, 1], or None where no image is left. A tie counts against the
    model.
    """
    keeps = np.ones(len(labels), dtype=bool)
    keeps[left_out] = False
    return top_k_accuracy(logits[keeps], labels[keeps], 1) if keeps.any() else None


def subset_metrics(logits, labels, duplicates=None, corrected=None):
    """Further accuracies of a prediction by name, ready for JSON.

    logits: float [n_images, n_classes]; labels: int [n_images]; duplicates: as `read_duplicates`
    gives them; corrected: other labels, int [n_images], negative where an image is left out. An
    accuracy that was not asked for, or that no image is left for, is None. Raises ValueError on
    shapes that do not agree.
    """
    without = by_corrected = None
    if duplicates is not None:
        without = accuracy_without(logits, labels, duplicates)
    if corrected is not None:
        corrected = np.asarray(corrected)
        if corrected.shape != labels.shape:
            raise ValueError(f"expected {len(labels)} corrected labels, found {corrected.shape}")
        by_corrected = accuracy_without(logits, corrected, np.flatnonzero(corrected < 0))
    return {
        "test_accuracy_without_duplicates_percent": _percent(without),
        "test_accuracy_by_corrected_labels_percent": _percent(by_corrected),
    }


def _percent(share):
    return None if share is None else 100 * share
