"""Metrics of a prediction, from logits and labels alone."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from cifarlab.evaluation.accuracy import top_k_accuracy
from cifarlab.evaluation.calibration import (
    brier_score,
    expected_calibration_error,
    fit_temperature,
)
from cifarlab.evaluation.probabilities import checked, log_probabilities
from cifarlab.evaluation.selection import risk_coverage, risk_coverage_area


@dataclass(frozen=True)
class Prediction:
    """What one run predicted, and what metrics need to know beside it.

    logits: float [n_images, n_classes]; labels: int [n_images]; superclass_of: int [n_classes], or
    None for classes without superclasses; logits_with_flips: as `logits`, or None where there are
    none; validation: (logits, labels) of the images that the run held out, or None without such.
    """

    logits: np.ndarray
    labels: np.ndarray
    superclass_of: np.ndarray | None = None
    logits_with_flips: np.ndarray | None = None
    validation: tuple | None = None

    @cached_property
    def temperature(self):
        """That of the images held out, or None without such: none is fitted on the test split."""
        return None if self.validation is None else fit_temperature(*self.validation)


@dataclass(frozen=True)
class Metric:
    """A metric, and the column that it is in runs.csv and comparison.csv.

    of: a function of a Prediction; it returns a float, or None where the prediction lacks what the
    metric needs. unit, digits, better: as those of cifarlab.comparison.columns.Column.
    """

    of: Callable
    unit: str = ""
    digits: int = 0
    better: str = ""


def metrics_of(logits, labels, superclass_of=None, logits_with_flips=None, validation=None):
    """All metrics of a prediction by name, ready for JSON.

    For the arguments see Prediction. Of logits with flips one accuracy alone is made, and of the
    images held out a temperature alone: everything else is of the plain logits of the test split.
    Raises ValueError on shapes that do not agree.
    """
    prediction = Prediction(logits, labels, superclass_of, logits_with_flips, validation)
    return {
        "test_images": len(labels),
        **{name: metric.of(prediction) for name, metric in METRICS.items()},
        "confusion": confusion(logits, labels).tolist(),
        "class_accuracy_percent": _in_percent(class_accuracies(logits, labels)),
        "class_precision_percent": _in_percent(class_precisions(logits, labels)),
        "risk_coverage": risk_coverage(logits, labels),
    }


def _in_percent(shares):
    """A list of shares in percent, None for NaN, which JSON does not have."""
    return [None if np.isnan(share) else float(100 * share) for share in shares]


def superclass_accuracy(logits, labels, superclass_of):
    """Share of images whose predicted class lies in the right superclass.

    logits: float [n_images, n_classes]; labels: int [n_images], fine classes;
    superclass_of: int [n_classes], the superclass of each fine class.
    Returns a float in [0, 1]. Raises ValueError on shapes that do not agree.
    The 20 superclasses: Krizhevsky 2009, table 4 of the dataset's page.
    """
    logits, labels = checked(logits, labels)
    superclass_of = np.asarray(superclass_of)
    if superclass_of.shape != logits.shape[1:]:
        raise ValueError(
            f"expected a superclass for each of {logits.shape[1]} classes, "
            f"found {superclass_of.shape}"
        )
    return float(np.mean(superclass_of[logits.argmax(axis=1)] == superclass_of[labels]))


def mean_cross_entropy(logits, labels):
    """Mean over the images of −log softmax at the label, in nats; shapes as `top_k_accuracy`.

    This is the negative log-likelihood too.
    """
    logits, labels = checked(logits, labels)
    return -float(np.mean(np.take_along_axis(log_probabilities(logits), labels[:, None], axis=1)))


def confusion(logits, labels):
    """How many images of each class were taken for each: int64 [n_classes, n_classes].

    A row is the true class, a column the predicted one; shapes as `top_k_accuracy`.
    """
    logits, labels = checked(logits, labels)
    n_classes = logits.shape[1]
    pairs = labels * n_classes + logits.argmax(axis=1)
    return np.bincount(pairs, minlength=n_classes**2).reshape(n_classes, n_classes)


def class_accuracies(logits, labels):
    """Top-1 accuracy of each class, float [n_classes]; NaN for a class without images."""
    logits, labels = checked(logits, labels)
    n_classes = logits.shape[1]
    right = labels[logits.argmax(axis=1) == labels]
    counts = np.bincount(labels, minlength=n_classes)
    with np.errstate(invalid="ignore"):
        return np.bincount(right, minlength=n_classes) / counts


def class_precisions(logits, labels):
    """Of the images taken for each class, the share that is of it: float [n_classes].

    NaN for a class that nothing was taken for. The recall of a class is its accuracy.
    """
    counts = confusion(logits, labels)
    with np.errstate(invalid="ignore"):
        return np.diag(counts) / counts.sum(axis=0)


def errors_in_superclass(logits, labels, superclass_of):
    """Of the images whose predicted class is wrong, the share in the right superclass, in [0, 1].

    For the arguments see `superclass_accuracy`. None where no image's predicted class is wrong.
    """
    logits, labels = checked(logits, labels)
    is_wrong = logits.argmax(axis=1) != labels
    if not is_wrong.any():
        return None
    return superclass_accuracy(logits[is_wrong], labels[is_wrong], superclass_of)


def _superclass_percent(p):
    if p.superclass_of is None:
        return None
    return 100 * superclass_accuracy(p.logits, p.labels, p.superclass_of)


def _errors_in_superclass_percent(p):
    if p.superclass_of is None:
        return None
    share = errors_in_superclass(p.logits, p.labels, p.superclass_of)
    return None if share is None else 100 * share


def _with_flips_percent(p):
    if p.logits_with_flips is None:
        return None
    return 100 * top_k_accuracy(p.logits_with_flips, p.labels, 1)


def _scaled_calibration_percent(p):
    if p.temperature is None:
        return None
    logits, labels = checked(p.logits, p.labels)
    return 100 * expected_calibration_error(logits / p.temperature, labels)


# By name, in the order of the files. What a column is called is said in reporting.columns.
METRICS = {
    "test_accuracy_percent": Metric(
        lambda p: 100 * top_k_accuracy(p.logits, p.labels, 1), "%", 2, "higher"
    ),
    "top5_accuracy_percent": Metric(
        lambda p: 100 * top_k_accuracy(p.logits, p.labels, 5), "%", 2, "higher"
    ),
    "superclass_accuracy_percent": Metric(_superclass_percent, "%", 2, "higher"),
    "test_loss": Metric(lambda p: mean_cross_entropy(p.logits, p.labels), "", 4, "lower"),
    "test_accuracy_with_flips_percent": Metric(_with_flips_percent, "%", 2, "higher"),
    "brier_score": Metric(lambda p: brier_score(p.logits, p.labels), "", 4, "lower"),
    "calibration_error_percent": Metric(
        lambda p: 100 * expected_calibration_error(p.logits, p.labels), "%", 2, "lower"
    ),
    "temperature": Metric(lambda p: p.temperature, "", 3),
    "scaled_calibration_error_percent": Metric(_scaled_calibration_percent, "%", 2, "lower"),
    "errors_in_superclass_percent": Metric(_errors_in_superclass_percent, "%", 2),
    "risk_coverage_area_percent": Metric(
        lambda p: 100 * risk_coverage_area(p.logits, p.labels), "%", 2, "lower"
    ),
}
