"""Metrics of a prediction, from logits and labels alone."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Metric:
    """A metric, and the column that it is in runs.csv and comparison.csv.

    of: a function of logits, float [n_images, n_classes], labels, int [n_images], and
    superclass_of, int [n_classes] or None for classes without superclasses; it returns a float, or
    None where the metric needs superclasses and there are none. unit, digits, better: as those of
    cifarlab.comparison.columns.Column.
    """

    of: Callable
    unit: str = ""
    digits: int = 0
    better: str = ""


def metrics_of(logits, labels, superclass_of=None, logits_with_flips=None):
    """All metrics of a prediction by name, ready for JSON.

    logits: float [n_images, n_classes]; labels: int [n_images]; superclass_of: int [n_classes], or
    None for classes without superclasses; logits_with_flips: as `logits`, or None where there are
    none: of them one accuracy alone is made, everything else is of plain logits. Raises
    ValueError on shapes that do not agree.
    """
    with_flips = None
    if logits_with_flips is not None:
        with_flips = 100 * top_k_accuracy(logits_with_flips, labels, 1)
    return {
        "test_images": len(labels),
        **{name: metric.of(logits, labels, superclass_of) for name, metric in METRICS.items()},
        "test_accuracy_with_flips_percent": with_flips,
        "confusion": confusion(logits, labels).tolist(),
        "class_accuracy_percent": (100 * class_accuracies(logits, labels)).tolist(),
    }


def _checked(logits, labels):
    logits, labels = np.asarray(logits), np.asarray(labels)
    if logits.ndim != 2 or labels.shape != logits.shape[:1] or not len(labels):
        raise ValueError(
            f"expected logits [n, classes] and labels [n], found {logits.shape} and {labels.shape}"
        )
    if np.isnan(logits).any():
        raise ValueError("expected logits that are numbers, found NaN")
    return logits.astype(np.float64), labels


def top_k_accuracy(logits, labels, k):
    """Share of images whose label is among the k classes of largest logit.

    logits: float [n_images, n_classes]; labels: int [n_images]. Returns a float in [0, 1]. A tie
    counts against the model, so constant logits score nothing. Raises ValueError on shapes that
    do not agree.
    """
    logits, labels = _checked(logits, labels)
    label_logits = np.take_along_axis(logits, labels[:, None], axis=1)
    at_least_as_large = (logits >= label_logits).sum(axis=1)
    return float(np.mean(at_least_as_large <= k))


def superclass_accuracy(logits, labels, superclass_of):
    """Share of images whose predicted class lies in the right superclass.

    logits: float [n_images, n_classes]; labels: int [n_images], fine classes;
    superclass_of: int [n_classes], the superclass of each fine class.
    Returns a float in [0, 1]. Raises ValueError on shapes that do not agree.
    The 20 superclasses: Krizhevsky 2009, table 4 of the dataset's page.
    """
    logits, labels = _checked(logits, labels)
    superclass_of = np.asarray(superclass_of)
    if superclass_of.shape != logits.shape[1:]:
        raise ValueError(
            f"expected a superclass for each of {logits.shape[1]} classes, "
            f"found {superclass_of.shape}"
        )
    return float(np.mean(superclass_of[logits.argmax(axis=1)] == superclass_of[labels]))


def mean_cross_entropy(logits, labels):
    """Mean over the images of −log softmax at the label, in nats; shapes as `top_k_accuracy`."""
    logits, labels = _checked(logits, labels)
    shifted = logits - logits.max(axis=1, keepdims=True)
    log_sums = np.log(np.exp(shifted).sum(axis=1))
    return float(np.mean(log_sums - np.take_along_axis(shifted, labels[:, None], axis=1)[:, 0]))


def confusion(logits, labels):
    """How many images of each class were taken for each: int64 [n_classes, n_classes].

    A row is the true class, a column the predicted one; shapes as `top_k_accuracy`.
    """
    logits, labels = _checked(logits, labels)
    n_classes = logits.shape[1]
    pairs = labels * n_classes + logits.argmax(axis=1)
    return np.bincount(pairs, minlength=n_classes**2).reshape(n_classes, n_classes)


def class_accuracies(logits, labels):
    """Top-1 accuracy of each class, float [n_classes]; NaN for a class without images."""
    logits, labels = _checked(logits, labels)
    n_classes = logits.shape[1]
    right = labels[logits.argmax(axis=1) == labels]
    counts = np.bincount(labels, minlength=n_classes)
    with np.errstate(invalid="ignore"):
        return np.bincount(right, minlength=n_classes) / counts


def _superclass_percent(logits, labels, superclass_of):
    if superclass_of is None:
        return None
    return 100 * superclass_accuracy(logits, labels, superclass_of)


# By name, in the order of the files. What a column is called is said in reporting.columns.
METRICS = {
    "test_accuracy_percent": Metric(
        lambda logits, labels, _: 100 * top_k_accuracy(logits, labels, 1), "%", 2, "higher"
    ),
    "top5_accuracy_percent": Metric(
        lambda logits, labels, _: 100 * top_k_accuracy(logits, labels, 5), "%", 2, "higher"
    ),
    "superclass_accuracy_percent": Metric(_superclass_percent, "%", 2, "higher"),
    "test_loss": Metric(
        lambda logits, labels, _: mean_cross_entropy(logits, labels), "", 4, "lower"
    ),
}
