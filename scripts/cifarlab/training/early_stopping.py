"""Early stopping: when a training ends before its last epoch, and whose weights it leaves."""

import math
from typing import Literal

from engine.settings import Count, NonNegativeNumber, Settings


class EarlyStopping(Settings):
    """When a training ends before its last epoch, Prechelt 1998."""

    metric: Literal["validation_loss", "validation_accuracy_percent"] = "validation_loss"
    """What is watched, after every epoch."""

    patience: Count
    """Epochs in a row that are no better than the best one before the training ends."""

    min_delta: NonNegativeNumber = 0.0
    """An epoch is better where it is so by more than this: in nats of the loss, or in points of the
    accuracy."""

    restore_best: bool = True
    """Whether the weights of the best epoch become the run's, or those of the last one."""

    def best_epoch(self, epochs):
        """Number of the best epoch, counted from 1, or 0 where no value is finite.

        epochs: one dict each, with the metric. Of equal epochs it is the first.
        """
        best, number = -math.inf, 0
        for epoch in epochs:
            score = epoch[self.metric] * (-1 if self.metric == "validation_loss" else 1)
            # Not where it is NaN.
            if score > best + self.min_delta:
                best, number = score, epoch["epoch"]
        return number

    def is_over(self, epochs):
        """Whether a training ends after these epochs, as for `best_epoch`."""
        return len(epochs) - self.best_epoch(epochs) >= self.patience


def epoch_of_weights(early_stopping, epochs):
    """Number of the epoch, counted from 1, whose end gave the weights of the run.

    early_stopping: EarlyStopping, or None; epochs: as for `best_epoch`. What was measured after it
    is what is known of these weights.
    """
    if early_stopping is None or not early_stopping.restore_best:
        return len(epochs)
    return early_stopping.best_epoch(epochs) or len(epochs)
