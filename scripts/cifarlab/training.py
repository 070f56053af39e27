"""The training loop."""

import math
import time
from dataclasses import dataclass

import torch
from torch import nn

from cifarlab.devices import wait_for
from cifarlab.errors import UserError
from cifarlab.progress import Progress
from cifarlab.recipes import build_optimizer


@dataclass(frozen=True)
class History:
    """What happened, step by step and epoch by epoch.

    losses, learning_rates: float [n_steps], the mean loss of a step's batch before its update;
    epochs: one dict per epoch; train_seconds: time in the loop alone, without loading or saving.
    """

    losses: list[float]
    learning_rates: list[float]
    epochs: list[dict]
    train_seconds: float


def train(model, images, labels, recipe, seed):
    """Train `model` in place.

    model: nn.Module on the device of the data; images: Images; labels: int64 [n_images] on the
    same device; recipe: Recipe; seed: of the order of the images. Returns a History. Raises
    UserError when the loss is no longer finite.
    On a CPU the same arguments and the same number of threads give the same bits.
    """
    optimizer = build_optimizer(recipe.optimizer, model.parameters())
    loss_function = nn.CrossEntropyLoss()
    order = torch.Generator().manual_seed(seed)
    steps_per_epoch = -(-len(images) // recipe.batch_size)
    losses, learning_rates, epochs = [], [], []
    train_seconds = 0.0
    model.train()
    with Progress("train", recipe.epochs * steps_per_epoch, "step") as progress:
        for epoch in range(1, recipe.epochs + 1):
            learning_rate = optimizer.param_groups[0]["lr"]
            started = time.perf_counter()
            batches = torch.randperm(len(images), generator=order).split(recipe.batch_size)
            epoch_losses = train_one_epoch(
                model, images, labels, batches, loss_function, optimizer, progress
            )
            wait_for(labels.device)
            seconds = time.perf_counter() - started
            train_seconds += seconds
            _check_finite(epoch_losses, len(losses), learning_rate)
            losses += epoch_losses
            learning_rates += [learning_rate] * len(epoch_losses)
            weighted = sum(
                loss * len(batch) for loss, batch in zip(epoch_losses, batches, strict=True)
            )
            epochs.append(
                {
                    "epoch": epoch,
                    "mean_loss": weighted / len(images),
                    "learning_rate": learning_rate,
                    "seconds": seconds,
                    "images_per_second": len(images) / seconds,
                }
            )
    return History(losses, learning_rates, epochs, train_seconds)


def _check_finite(epoch_losses, steps_before, learning_rate):
    for step, loss in enumerate(epoch_losses, start=steps_before + 1):
        if not math.isfinite(loss):
            raise UserError(
                f"the loss became {loss} at step {step} with learning rate {learning_rate}; "
                "lower the recipe's learning rate"
            )


def train_one_epoch(model, images, labels, batches, loss_function, optimizer, progress):
    """One pass over `batches` (int64 indices); returns the mean loss of each batch, float [n]."""
    # Losses stay on the device until the epoch ends: reading one would stop a GPU at every step.
    losses = torch.empty(len(batches), device=labels.device)
    for step, batch in enumerate(batches):
        batch = batch.to(labels.device)
        loss = loss_function(model(images.batch(batch)), labels[batch])
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        losses[step] = loss.detach()
        progress.advance(1, f"loss {losses[step].item():.3f}" if progress.due() else "")
    return losses.tolist()
