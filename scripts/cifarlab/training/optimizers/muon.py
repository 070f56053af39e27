"""Muon."""

from typing import Annotated, Literal

from cifarlab.training.parts import InOneStep, OptimizerSettings, fused, optimizer
from engine.errors import UserError
from engine.settings import NonNegativeNumber, PositiveNumber, Share


class Settings(OptimizerSettings):
    """Steps of orthogonal matrices for the weights of hidden layers, Jordan 2024; AdamW for others.

    As its author divides them: Muon takes all convolutions and linear layers but the first one and
    the head, a convolution as the matrix of its filters. AdamW takes those two, biases, scales of
    normalisation, and whatever else a model has, such as embeddings of positions
    and the joint projection of an attention.
    """

    name: Literal["muon"]

    adamw_learning_rate: Annotated[PositiveNumber, InOneStep(1.0)]
    """Learning rate of the parameters that AdamW trains; it follows the same schedule."""

    momentum: Annotated[Share, InOneStep(0.95)] = 0.95
    """Share of the mean gradient that is kept in a step; Nesterov's form."""

    weight_decay: Annotated[NonNegativeNumber, InOneStep(0.0)] = 0.0
    """Share by which the weights shrink in a step, times the learning rate."""

    @property
    def looks_at_layers(self):
        return True

    def options_of(self, parameter):
        options = {**super().options_of(parameter), "by_muon": parameter.is_hidden_matrix}
        if not parameter.is_hidden_matrix:
            options["lr_multiple"] *= self.adamw_learning_rate / self.learning_rate
        return options

    def build(self, groups):
        from torch.optim import AdamW

        from cifarlab.training.muon import Muon, Together

        hidden = [group for group in groups if group["by_muon"]]
        others = [group for group in groups if not group["by_muon"]]
        if not any(tensor.requires_grad for group in hidden for tensor in group["params"]):
            raise UserError(
                "optimizer: expected a model with a hidden convolution or linear layer to train, "
                "for muon, found none between the first layer and the head; choose another one"
            )
        rate, decay = self.learning_rate, self.weight_decay
        return Together(
            optimizer(Muon, hidden, lr=rate, momentum=self.momentum, weight_decay=decay),
            optimizer(AdamW, others, lr=rate, weight_decay=decay, fused=fused(others)),
        )
