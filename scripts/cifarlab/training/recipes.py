"""Recipes: everything about training that is not the model."""

import math
from typing import Annotated, Literal

from pydantic import Field

from engine.settings import Count, NonNegativeNumber, PositiveNumber, Settings, Share


class Adam(Settings):
    """Adam, Kingma and Ba 2015; with decoupled weight decay, Loshchilov and Hutter 2019."""

    name: Literal["adam", "adamw"]
    """The optimizer."""

    learning_rate: PositiveNumber
    """At the top of the schedule."""

    weight_decay: NonNegativeNumber = 0.0
    """Decoupled for adamw, added to the gradient for adam."""


class Sgd(Settings):
    """Stochastic gradient descent with heavy-ball momentum."""

    name: Literal["sgd"]
    """The optimizer."""

    learning_rate: PositiveNumber
    """At the top of the schedule."""

    momentum: Share = 0.0
    """Share of the last step that is taken again."""

    weight_decay: NonNegativeNumber = 0.0
    """Added to the gradient."""


class Recipe(Settings):
    """How a model is trained."""

    epochs: Count
    """Passes over the training split."""

    batch_size: Count
    """Images per step; the last step of an epoch takes what is left."""

    optimizer: Annotated[Adam | Sgd, Field(discriminator="name")]
    """Name and settings of the optimizer."""

    schedule: Literal["constant", "cosine"] = "constant"
    """Course of the learning rate after the warm-up; cosine ends at zero."""

    warm_up: Share = 0.0
    """Share of all steps over which the learning rate rises linearly from zero."""

    loss: Literal["cross_entropy"] = "cross_entropy"
    """What is minimised."""

    validation: Share = 0.0
    """Share of every class of the training split that is held out of training; loss and accuracy on
    it are measured after every epoch."""

    micro_batch: Count | Literal["auto"] | None = None
    """Images that are computed at once: a batch is split and its gradient summed. auto starts with
    the whole batch and halves it when the memory does not suffice."""

    precision: Literal["fp32", "bf16", "fp16"] = "fp32"
    """Of the computation, by autocast; fp16 with a gradient scaler. Weights stay fp32."""

    channels_last: bool = True
    """Memory format of images and convolutions."""

    deterministic: bool = False
    """On a GPU, algorithms that give the same bits again; slower, and some models have none. A CPU
    gives the same bits without it."""

    compile: bool = False
    """Compile the model with torch.compile."""

    max_steps: Count | None = None
    """End after so many steps, for a trial."""

    @property
    def images_at_once(self):
        """Images that are computed at once in testing: as many as in training."""
        return self.micro_batch if isinstance(self.micro_batch, int) else self.batch_size

    def of_one_step(self):
        """The recipe with one value for all that has no bearing on what a step takes.

        What is left are batch size, optimizer and its state, micro-batch, precision, format.
        """
        optimizer = {"learning_rate": 1.0, "weight_decay": 0.0}
        if getattr(self.optimizer, "momentum", 0.0):
            optimizer["momentum"] = 0.5
        return self.model_copy(
            update={
                "epochs": 1,
                "optimizer": self.optimizer.model_copy(update=optimizer),
                "schedule": "constant",
                "warm_up": 0.0,
                "validation": 0.0,
                "max_steps": None,
            }
        )


def learning_rate_factor(recipe, step, n_steps):
    """Share of the recipe's learning rate at a step, in [0, 1].

    step: from 0; n_steps: of the whole training. Warm-up: Goyal et al. 2017; cosine annealing:
    Loshchilov and Hutter 2017, without restarts.
    """
    warm_up_steps = round(recipe.warm_up * n_steps)
    if step < warm_up_steps:
        return (step + 1) / warm_up_steps
    if recipe.schedule == "constant":
        return 1.0
    return 0.5 * (1 + math.cos(math.pi * (step - warm_up_steps) / (n_steps - warm_up_steps)))


def build_optimizer(settings, parameters):
    """The torch.optim.Optimizer that `settings` (Adam or Sgd) describes, over `parameters`."""
    import torch

    kinds = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW, "sgd": torch.optim.SGD}
    options = settings.model_dump(exclude={"name", "learning_rate"})
    return kinds[settings.name](parameters, lr=settings.learning_rate, **options)
