"""AdamW."""

from typing import Annotated, Literal

from cifarlab.training.parts import InOneStep, OptimizerSettings, fused, optimizer
from engine.settings import NonNegativeNumber


class Settings(OptimizerSettings):
    """Adam with decoupled weight decay, Loshchilov and Hutter 2019."""

    name: Literal["adamw"]

    weight_decay: Annotated[NonNegativeNumber, InOneStep(0.0)] = 0.0
    """Share by which the weights shrink in a step, times the learning rate."""

    def build(self, groups):
        from torch.optim import AdamW

        return optimizer(
            AdamW,
            groups,
            lr=self.learning_rate,
            weight_decay=self.weight_decay,
            fused=fused(groups),
        )
