"""RMSprop."""

from typing import Annotated, Literal

from cifarlab.training.parts import InOneStep, OptimizerSettings, optimizer
from engine.settings import NonNegativeNumber, Share


class Settings(OptimizerSettings):
    """Steps divided by the root of the gradients' mean square, Hinton 2012."""

    name: Literal["rmsprop"]

    square_smoothing: Annotated[Share, InOneStep(0.99)] = 0.99
    """Share of the mean square of the gradients that is kept in a step."""

    # Any momentum needs a buffer, none needs none.
    momentum: Annotated[Share, InOneStep(0.5)] = 0.0
    """Share of the last step that is added to the next one."""

    weight_decay: Annotated[NonNegativeNumber, InOneStep(0.0)] = 0.0
    """Share of the weights that is added to their gradient."""

    def build(self, groups):
        from torch.optim import RMSprop

        # It has no fused kernels.
        return optimizer(
            RMSprop,
            groups,
            lr=self.learning_rate,
            alpha=self.square_smoothing,
            momentum=self.momentum,
            weight_decay=self.weight_decay,
        )
