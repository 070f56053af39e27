"""The training loop."""

import math
import time
from dataclasses import dataclass

import torch

from cifarlab.devices import wait_for
from cifarlab.errors import UserError
from cifarlab.progress import Progress
from cifarlab.recipes import learning_rate_factor
from cifarlab.steps import Stepper


@dataclass(frozen=True)
class History:
    """What happened, step by step and epoch by epoch.

    losses, learning_rates: float [n_steps], the mean loss of a step's batch before its update;
    epochs: one dict per epoch; images_seen: by all steps together; train_seconds: time in the loop
    alone, without loading or saving; micro_batch: images computed at once, at the end.
    """

    losses: list[float]
    learning_rates: list[float]
    epochs: list[dict]
    images_seen: int
    train_seconds: float
    micro_batch: int


def train(model, images, labels, recipe, seed):
    """Train `model` in place.

    model: nn.Module on the device of the data; images: Images; labels: int64 [n_images] on the
    same device; recipe: Recipe; seed: of the order of the images. Returns a History. Raises
    UserError when the loss is no longer finite, or the memory does not suffice.
    On a CPU the same arguments and the same number of threads give the same bits.
    """
    stepper = Stepper(model, images, labels, recipe)
    order = torch.Generator().manual_seed(seed)
    n_steps = recipe.epochs * -(-len(images) // recipe.batch_size)
    n_steps = min(n_steps, recipe.max_steps or n_steps)
    losses, learning_rates, epochs = [], [], []
    images_seen, train_seconds = 0, 0.0
    model.train()
    with Progress("train", n_steps, "step") as progress:
        while len(losses) < n_steps:
            started = time.perf_counter()
            batches = torch.randperm(len(images), generator=order).split(recipe.batch_size)
            batches = batches[: n_steps - len(losses)]
            rates = [
                recipe.optimizer.learning_rate * learning_rate_factor(recipe, step, n_steps)
                for step in range(len(losses), len(losses) + len(batches))
            ]
            epoch_losses = train_one_epoch(stepper, batches, rates, progress)
            wait_for(labels.device)
            seconds = time.perf_counter() - started
            _check_finite(epoch_losses, rates, len(losses))
            n_images = sum(map(len, batches))
            weighted = sum(
                loss * len(batch) for loss, batch in zip(epoch_losses, batches, strict=True)
            )
            epochs.append(
                {
                    "epoch": len(epochs) + 1,
                    "mean_loss": weighted / n_images,
                    "learning_rate": rates[-1],
                    "seconds": seconds,
                    "images_per_second": n_images / seconds,
                }
            )
            losses += epoch_losses
            learning_rates += rates
            images_seen += n_images
            train_seconds += seconds
    return History(losses, learning_rates, epochs, images_seen, train_seconds, stepper.micro_batch)


def train_one_epoch(stepper, batches, learning_rates, progress):
    """One pass over `batches` (int64 indices); returns the mean loss of each batch, float [n]."""
    # Losses stay on the device until the epoch ends: reading one would stop a GPU at every step.
    losses = torch.empty(len(batches), device=stepper.device)
    for number, (batch, learning_rate) in enumerate(zip(batches, learning_rates, strict=True)):
        losses[number] = stepper.step(batch, learning_rate)
        progress.advance(1, f"loss {losses[number].item():.3f}" if progress.due() else "")
    return losses.tolist()


def _check_finite(epoch_losses, learning_rates, steps_before):
    for number, loss in enumerate(epoch_losses):
        if not math.isfinite(loss):
            raise UserError(
                f"the loss became {loss} at step {steps_before + number + 1} with learning rate "
                f"{learning_rates[number]}; lower the recipe's learning rate"
            )
