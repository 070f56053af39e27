"""Stochastic gradient descent."""

from typing import Annotated, Literal

from pydantic import field_validator

from cifarlab.training.parts import (
    InOneStep,
    OptimizerSettings,
    contradiction,
    fused,
    left_out_at,
    optimizer,
)
from engine.settings import NonNegativeNumber, Share


class Settings(OptimizerSettings):
    """Stochastic gradient descent with heavy-ball momentum."""

    name: Literal["sgd"]

    # Any momentum needs a buffer, none needs none.
    momentum: Annotated[Share, InOneStep(0.5)] = 0.0
    """Share of the last step that is added to the next one."""

    nesterov: Annotated[bool, left_out_at(False)] = False
    """Take the gradient as if the momentum's part of the step were taken, Sutskever 2013."""

    weight_decay: Annotated[NonNegativeNumber, InOneStep(0.0)] = 0.0
    """Share of the weights that is added to their gradient."""

    @field_validator("nesterov")
    @classmethod
    def _has_momentum(cls, nesterov, others):
        if nesterov and others.data.get("momentum") == 0:
            raise contradiction("Nesterov momentum needs a momentum above 0; set momentum")
        return nesterov

    def build(self, groups):
        import torch

        built = optimizer(
            torch.optim.SGD,
            groups,
            lr=self.learning_rate,
            momentum=self.momentum,
            nesterov=self.nesterov,
            weight_decay=self.weight_decay,
            fused=fused(groups),
        )
        if self.momentum:
            # Its fused kernel fails where some parameters get their first gradient in a later step.
            for group in built.param_groups:
                for tensor in group["params"]:
                    built.state[tensor]["momentum_buffer"] = torch.zeros_like(tensor)
        return built
