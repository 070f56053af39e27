"""The exponential moving average of the weights."""

from typing import Annotated, Literal

from cifarlab.training.parts import AveragingSettings, InOneStep
from engine.settings import Share


class Settings(AveragingSettings):
    """A moving average over the steps, in which weights count less the older they are.

    Polyak 1992. In the first steps it follows faster, so that it forgets the random start: the
    share that is kept after n steps is at most (1 + n) / (10 + n), as in TensorFlow's
    ExponentialMovingAverage with `num_updates`.
    """

    name: Literal["ema"]

    decay: Annotated[Share, InOneStep(0.999)] = 0.999
    """Share of the average that is kept in every step; it spans about 1 / (1 - decay) steps."""

    def share_of_step(self, n_taken):
        return 1 - min(self.decay, (1 + n_taken) / (10 + n_taken))
