"""What charts show of a curve."""

import numpy as np

# Three for each width of the average.
SMOOTHED_POINTS = 150


def smoothed(losses):
    """Centred moving average over 2 % of the steps, thinned to what a picture can show.

    losses: float [n_steps]. Returns (steps, means), counted from step 1.
    """
    window = max(1, len(losses) // 50)
    means = np.convolve(losses, np.ones(window) / window, mode="valid")
    steps = np.arange(len(means)) + 1 + (window - 1) / 2
    chosen = np.unique(np.linspace(0, len(means) - 1, SMOOTHED_POINTS).astype(int))
    return steps[chosen], means[chosen]


def mean_smoothed(histories):
    """The mean over the seeds of one row of their smoothed losses: (steps, means).

    histories: each with a loss for every step. With early stopping seeds take different numbers of
    steps: the mean ends with the first that ended.
    """
    curves = [smoothed(history["loss"].to_numpy()) for history in histories]
    steps = min((steps for steps, _ in curves), key=lambda steps: steps[-1])
    return steps, np.mean([np.interp(steps, *curve) for curve in curves], axis=0)


def over_rates(histories):
    """Smoothed losses over learning rates that rise from step to step: (rates, losses).

    histories: of the seeds of one row, each with a loss and a learning_rate for every step; the
    losses are their mean. A rate is that of the middle step of what was averaged.
    """
    steps, losses = mean_smoothed(histories)
    rates = histories[0]["learning_rate"].to_numpy()
    # Between two steps the logarithm is the mean of theirs.
    rates = np.exp(np.interp(steps, np.arange(len(rates)) + 1, np.log(rates)))
    return rates, losses
