"""Errors among the images that a model is most confident of: what it could leave to a person."""

import numpy as np

from cifarlab.evaluation.probabilities import right_by_confidence

# In percent of the images.
COVERAGES = tuple(range(1, 101))


def errors_by_coverage(logits, labels):
    """Share of errors among the k most confident images, for each k: float [n_images], from k = 1.

    logits: float [n_images, n_classes]; labels: int [n_images]. The risk of a selective classifier
    by its coverage k / n_images: Geifman and El-Yaniv 2017, "Selective classification for deep
    neural networks". Raises ValueError on shapes that do not agree.
    """
    _, right = right_by_confidence(logits, labels)
    return 1 - np.cumsum(right) / np.arange(1, len(right) + 1)


def risk_coverage_area(logits, labels):
    """Area under the risk-coverage curve: the mean of `errors_by_coverage`, in [0, 1]."""
    return float(np.mean(errors_by_coverage(logits, labels)))


def risk_coverage(logits, labels):
    """The risk-coverage curve in percent, at every whole percent of coverage, ready for JSON.

    Where a percent of the images is no whole number, it is rounded up.
    """
    errors = errors_by_coverage(logits, labels)
    places = [-(-percent * len(errors) // 100) - 1 for percent in COVERAGES]
    return {
        "coverage_percent": list(COVERAGES),
        "error_percent": (100 * errors[places]).tolist(),
    }
