"""Adam."""

from typing import Annotated, Literal

from cifarlab.training.parts import InOneStep, OptimizerSettings, fused, optimizer
from engine.settings import NonNegativeNumber


class Settings(OptimizerSettings):
    """Adam, Kingma and Ba 2015."""

    name: Literal["adam"]

    weight_decay: Annotated[NonNegativeNumber, InOneStep(0.0)] = 0.0
    """Share of the weights that is added to their gradient."""

    def build(self, groups):
        from torch.optim import Adam

        return optimizer(
            Adam,
            groups,
            lr=self.learning_rate,
            weight_decay=self.weight_decay,
            fused=fused(groups),
        )
