"""Stochastic gradient descent."""

from typing import Annotated, Literal

from cifarlab.training.parts import InOneStep, OptimizerSettings, fused
from engine.settings import NonNegativeNumber, Share


class Settings(OptimizerSettings):
    """Stochastic gradient descent with heavy-ball momentum."""

    name: Literal["sgd"]

    # Any momentum needs a buffer, none needs none.
    momentum: Annotated[Share, InOneStep(0.5)] = 0.0
    """Share of the last step that is added to the next one."""

    weight_decay: Annotated[NonNegativeNumber, InOneStep(0.0)] = 0.0
    """Share of the weights that is added to their gradient."""

    def build(self, parameters):
        from torch.optim import SGD

        parameters = list(parameters)
        return SGD(
            parameters,
            lr=self.learning_rate,
            momentum=self.momentum,
            weight_decay=self.weight_decay,
            fused=fused(parameters),
        )
