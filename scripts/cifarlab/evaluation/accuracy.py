"""Which images a prediction is right about, and their share."""

import numpy as np

from cifarlab.evaluation.probabilities import checked


def are_right(logits, labels, k=1):
    """Which images have their label among the k classes of largest logit: bool [n_images].

    logits: float [n_images, n_classes]; labels: int [n_images]. A tie counts against the model, so
    constant logits score nothing. Raises ValueError on shapes that do not agree.
    """
    logits, labels = checked(logits, labels)
    label_logits = np.take_along_axis(logits, labels[:, None], axis=1)
    return (logits >= label_logits).sum(axis=1) <= k


def top_k_accuracy(logits, labels, k):
    """Share of images that `are_right`, a float in [0, 1]; arguments as there."""
    return float(np.mean(are_right(logits, labels, k)))
