"""Whether the probabilities of a model are what they say, before and after temperature scaling."""

import numpy as np

from cifarlab.evaluation.probabilities import checked, log_probabilities, right_by_confidence

CALIBRATION_BINS = 15
# What a temperature is looked for between. Logits that are right about every image would take the
# lowest one that there is.
TEMPERATURES = (0.01, 100.0)


def brier_score(logits, labels):
    """Mean over the images of the squared distance of the probabilities from those of the truth.

    logits: float [n_images, n_classes]; labels: int [n_images]. Summed over the classes, so in
    [0, 2], the lower the better. Raises ValueError on shapes that do not agree. Brier 1950,
    "Verification of forecasts expressed in terms of probability".
    """
    logits, labels = checked(logits, labels)
    probabilities = np.exp(log_probabilities(logits))
    of_labels = np.take_along_axis(probabilities, labels[:, None], axis=1)[:, 0]
    # (1 - p)² at the label instead of p².
    return float(np.mean((probabilities**2).sum(axis=1) - 2 * of_labels + 1))


def expected_calibration_error(logits, labels, n_bins=CALIBRATION_BINS):
    """Mean distance of confidence from accuracy, over bins of images that are equally confident.

    logits: float [n_images, n_classes]; labels: int [n_images]; n_bins: of equal mass, which means
    that each has as many images as the others, or one more. Returns a float in [0, 1]. Raises
    ValueError on shapes that do not agree. Guo et al. 2017, "On calibration of modern neural
    networks"; bins of equal mass: Nixon et al. 2019, "Measuring calibration in deep learning".
    """
    confidences, right = right_by_confidence(logits, labels)
    gaps = [abs(part.sum()) for part in np.array_split(confidences - right, n_bins)]
    return float(sum(gaps) / len(right))


def fit_temperature(logits, labels):
    """The number by which logits are divided so that their mean cross-entropy is lowest.

    logits: float [n_images, n_classes] of images that the model was not trained on, and that it is
    not tested on; labels: int [n_images]. The predicted classes stay the same. Returns a float
    within TEMPERATURES. Raises ValueError on shapes that do not agree. Guo et al. 2017.
    """
    from scipy.optimize import brentq

    logits, labels = checked(logits, labels)
    of_labels = np.take_along_axis(logits, labels[:, None], axis=1)[:, 0]

    def slope(log_temperature):
        """Derivative of the cross-entropy by 1 / temperature, which grows with that."""
        probabilities = np.exp(log_probabilities(logits / np.exp(log_temperature)))
        return np.mean((probabilities * logits).sum(axis=1) - of_labels)

    low, high = np.log(TEMPERATURES)
    if slope(low) <= 0:
        return TEMPERATURES[0]
    if slope(high) >= 0:
        return TEMPERATURES[1]
    return float(np.exp(brentq(slope, low, high)))
