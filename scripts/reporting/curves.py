"""What charts show of a curve."""

import numpy as np

SMOOTHED_POINTS = 250


def smoothed(losses):
    """Centred moving average over 2 % of the steps, thinned to what a picture can show.

    losses: float [n_steps]. Returns (steps, means), counted from step 1.
    """
    window = max(1, len(losses) // 50)
    means = np.convolve(losses, np.ones(window) / window, mode="valid")
    steps = np.arange(len(means)) + 1 + (window - 1) / 2
    chosen = np.unique(np.linspace(0, len(means) - 1, SMOOTHED_POINTS).astype(int))
    return steps[chosen], means[chosen]
