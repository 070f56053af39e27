"""Recipes: everything about training that is not the model."""

from typing import Annotated, Literal

from pydantic import Field

from cifarlab.settings import Count, NonNegativeNumber, PositiveNumber, Settings, Share


class Adam(Settings):
    """Adam, Kingma and Ba 2015; with decoupled weight decay, Loshchilov and Hutter 2019."""

    name: Literal["adam", "adamw"]
    learning_rate: PositiveNumber
    weight_decay: NonNegativeNumber = 0.0


class Sgd(Settings):
    """Stochastic gradient descent with heavy-ball momentum."""

    name: Literal["sgd"]
    learning_rate: PositiveNumber
    momentum: Share = 0.0
    weight_decay: NonNegativeNumber = 0.0


class Recipe(Settings):
    """How a model is trained."""

    epochs: Count
    """Passes over the training split."""

    batch_size: Count
    """Images per step; the last step of an epoch takes what is left."""

    optimizer: Annotated[Adam | Sgd, Field(discriminator="name")]
    """Name and settings of the optimizer."""

    loss: Literal["cross_entropy"] = "cross_entropy"
    """What is minimised."""


def build_optimizer(settings, parameters):
    """The torch.optim.Optimizer that `settings` (Adam or Sgd) describes, over `parameters`."""
    import torch

    kinds = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW, "sgd": torch.optim.SGD}
    options = settings.model_dump(exclude={"name", "learning_rate"})
    return kinds[settings.name](parameters, lr=settings.learning_rate, **options)
