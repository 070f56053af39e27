"""From logits to probabilities, and to how confident a model was of what it predicted."""

import numpy as np


def checked(logits, labels):
    """Logits as float64 [n_images, n_classes] and labels as int [n_images].

    Raises ValueError on shapes that do not agree, no images, and logits that are no numbers.
    """
    logits, labels = np.asarray(logits), np.asarray(labels)
    if logits.ndim != 2 or labels.shape != logits.shape[:1] or not len(labels):
        raise ValueError(
            f"expected logits [n, classes] and labels [n], found {logits.shape} and {labels.shape}"
        )
    if np.isnan(logits).any():
        raise ValueError("expected logits that are numbers, found NaN")
    return logits.astype(np.float64), labels


def log_probabilities(logits):
    """Log softmax of float64 [n_images, n_classes], as many."""
    shifted = logits - logits.max(axis=1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))


def right_by_confidence(logits, labels):
    """(confidences, right), two float64 [n_images], the most confident image first.

    logits: float [n_images, n_classes]; labels: int [n_images]. A confidence is the probability of
    the predicted class, the one of largest logit. right is 1 where that is the label and 0 where it
    is not; images of equal confidence all get their mean, so that their order has no bearing.
    """
    logits, labels = checked(logits, labels)
    confidences = np.exp(log_probabilities(logits).max(axis=1))
    is_right = logits.argmax(axis=1) == labels
    values, of_value, counts = np.unique(-confidences, return_inverse=True, return_counts=True)
    shares = np.bincount(of_value, weights=is_right) / counts
    return np.repeat(-values, counts), np.repeat(shares, counts)
