"""The training loop."""

import math
import random
import time
from dataclasses import dataclass

import numpy as np
import torch

from cifarlab.devices import wait_for
from cifarlab.training.recipes import learning_rate_factor
from cifarlab.training.steps import Stepper
from cifarlab.training.validation import Validation, hold_out
from engine.errors import Interrupted, UserError
from engine.live import Live
from engine.progress import Progress

# Reading a loss stops a GPU until it has computed it, so there many are read together.
STEPS_BETWEEN_READINGS = {"cpu": 1}
STEPS_BETWEEN_READINGS_ON_GPU = 50


class Diverged(UserError):
    """The loss is no longer finite. `facts`: step, learning_rate, loss and last_finite_loss."""

    def __init__(self, step, learning_rate, loss, last_finite_loss):
        self.facts = {
            "step": step,
            "learning_rate": learning_rate,
            "loss": str(loss),
            "last_finite_loss": last_finite_loss,
        }
        before = "there was no finite one"
        if last_finite_loss is not None:
            before = f"the last finite one was {last_finite_loss:.4f}"
        super().__init__(
            f"the loss became {loss} at step {step} with learning rate {learning_rate}, {before}; "
            "lower the recipe's learning rate"
        )


@dataclass(frozen=True)
class History:
    """What happened, step by step and epoch by epoch.

    losses, learning_rates: float [n_steps], the mean loss of a step's batch before its update;
    epochs: one dict per epoch; images_seen: by all steps together; train_seconds: time in the loop
    alone, without loading or saving; micro_batch: images computed at once, at the end; parts: the
    steps and seconds of each process that took part, one where the training was never resumed.
    """

    losses: list[float]
    learning_rates: list[float]
    epochs: list[dict]
    images_seen: int
    train_seconds: float
    micro_batch: int
    parts: list[dict]


def train(model, images, labels, recipe, seed, checkpoints=None, stop=None, live=None):
    """Train `model` in place.

    model: nn.Module on the device of the data; images: Images; labels: int64 [n_images] on the
    same device; recipe: Recipe; seed: of the order of the images; checkpoints: Checkpoints to go on
    from and to keep, or None; stop: StopRequest, or None; live: Live, or None. Returns a History.
    Raises Diverged when the loss is no longer finite, Interrupted after a stop signal, UserError
    where the memory does not suffice.
    On a CPU the same arguments and the same number of threads give the same bits, however often
    the training was interrupted and resumed.
    """
    training = _Training(model, images, labels, recipe, seed, live)
    if checkpoints and (state := checkpoints.latest()):
        training.resume(state)
    model.train()
    training.live.begin(training.step, training.n_steps)
    bar = Progress("train", training.n_steps, "step", done=training.step)
    with training.live.ending(), bar as progress:
        while training.step < training.n_steps:
            training.run_epoch(progress, checkpoints, stop)
    return training.history()


class _Training:
    """A training between two steps: all that the rest of it depends on."""

    def __init__(self, model, images, labels, recipe, seed, live=None):
        self.model, self.recipe = model, recipe
        self.live = live or Live(None, recipe.batch_size)
        self.trained_on, held_out = hold_out(labels, recipe.validation)
        self.validation = Validation(images, labels, held_out, recipe.images_at_once)
        self.stepper = Stepper(model, images, labels, recipe)
        self.device = self.stepper.device
        self.order = torch.Generator().manual_seed(seed)
        # What a user's own model may draw from beside torch's generators.
        random.seed(seed)
        np.random.seed(seed % 2**32)
        n_steps = recipe.epochs * -(-len(self.trained_on) // recipe.batch_size)
        self.n_steps = min(n_steps, recipe.max_steps or n_steps)
        self.epochs = []
        self.epoch_order = self.order.get_state()
        # Losses of the finished epochs, and of the one under way.
        self.losses, self.epoch_losses = [], []
        self.images_seen, self.epoch_seconds = 0, 0.0
        self.earlier_parts, self.steps_before, self.seconds = [], 0, 0.0

    @property
    def step(self):
        """Steps taken, all of whose losses are known."""
        return len(self.losses) + len(self.epoch_losses)

    def learning_rate(self, step):
        return self.recipe.optimizer.learning_rate * learning_rate_factor(
            self.recipe, step, self.n_steps
        )

    def run_epoch(self, progress, checkpoints, stop):
        """Take the steps of an epoch that are left."""
        self.order.set_state(self.epoch_order)
        first_step = len(self.losses)
        order = torch.randperm(len(self.trained_on), generator=self.order)
        batches = self.trained_on[order].split(self.recipe.batch_size)
        batches = batches[: self.n_steps - first_step]
        losses = torch.empty(len(batches), device=self.device)
        between_readings = STEPS_BETWEEN_READINGS.get(
            self.device.type, STEPS_BETWEEN_READINGS_ON_GPU
        )
        self.clock = time.perf_counter()
        for number in range(len(self.epoch_losses), len(batches)):
            losses[number] = self.stepper.step(
                batches[number], self.learning_rate(first_step + number)
            )
            progress.advance(1, f"loss {losses[number].item():.3f}" if progress.due() else "")
            n_taken, n_read = number + 1, len(self.epoch_losses)
            is_last = n_taken == len(batches)
            must_keep = (stop is not None and stop.name is not None) or (
                checkpoints is not None and checkpoints.is_due(first_step + n_taken)
            )
            if is_last or must_keep or n_taken - n_read >= between_readings:
                self._read_losses(losses[n_read:n_taken].tolist())
            if is_last:
                self._read_clock()
                self._end_epoch(batches)
            if must_keep and self.step < self.n_steps:
                self._read_clock()
                self._keep(checkpoints, stop)
                self.clock = time.perf_counter()

    def _read_clock(self):
        wait_for(self.device)
        now = time.perf_counter()
        self.seconds += now - self.clock
        self.epoch_seconds += now - self.clock
        self.clock = now

    def _keep(self, checkpoints, stop):
        is_kept = checkpoints is not None and checkpoints.save(self.step, self.state())
        if stop is not None and stop.name is not None:
            then = "the same command goes on from there" if is_kept else "no checkpoint was kept"
            raise Interrupted(f"{stop.name} after step {self.step} of {self.n_steps}; {then}")

    def _read_losses(self, losses):
        for loss in losses:
            if not math.isfinite(loss):
                known = self.losses + self.epoch_losses
                rate = self.learning_rate(self.step)
                raise Diverged(self.step + 1, rate, loss, known[-1] if known else None)
            self.live.note_step(self.step + 1, loss, self.learning_rate(self.step))
            self.epoch_losses.append(loss)

    def _end_epoch(self, batches):
        n_images = sum(map(len, batches))
        weighted = sum(
            loss * len(batch) for loss, batch in zip(self.epoch_losses, batches, strict=True)
        )
        self.losses += self.epoch_losses
        self.epoch_losses = []
        self.epochs.append(
            {
                "epoch": len(self.epochs) + 1,
                "mean_loss": weighted / n_images,
                "learning_rate": self.learning_rate(self.step - 1),
                "seconds": self.epoch_seconds,
                "images_per_second": n_images / self.epoch_seconds,
                **self.validation.measure(self.model),
            }
        )
        self.live.note_epoch(self.step, self.epochs[-1])
        self.images_seen += n_images
        self.epoch_seconds = 0.0
        self.epoch_order = self.order.get_state()
        # Validation is no time in training.
        self.clock = time.perf_counter()

    def parts(self):
        """Steps and seconds of each process, this one last."""
        own = {"steps": self.step - self.steps_before, "seconds": self.seconds}
        return [*self.earlier_parts, own]

    def state(self):
        """Everything that `resume` needs."""
        return {
            "model": self.model.state_dict(),
            "optimizer": self.stepper.optimizer.state_dict(),
            "scaler": self.stepper.scaler.state_dict(),
            "micro_batch": self.stepper.micro_batch,
            "generators": generator_states(self.device),
            "epoch_order": self.epoch_order,
            "epochs": self.epochs,
            "losses": self.losses,
            "epoch_losses": self.epoch_losses,
            "epoch_seconds": self.epoch_seconds,
            "images_seen": self.images_seen,
            "parts": self.parts(),
        }

    def resume(self, state):
        """Go on where `state` was taken."""
        self.model.load_state_dict(state["model"])
        self.stepper.optimizer.load_state_dict(state["optimizer"])
        self.stepper.scaler.load_state_dict(state["scaler"])
        self.stepper.micro_batch = state["micro_batch"]
        set_generator_states(self.device, state["generators"])
        for name in ("epoch_order", "epochs", "losses", "epoch_losses", "epoch_seconds"):
            setattr(self, name, state[name])
        self.images_seen, self.earlier_parts = state["images_seen"], state["parts"]
        self.steps_before = self.step

    def history(self):
        rates = [self.learning_rate(step) for step in range(self.step)]
        parts = self.parts()
        return History(
            self.losses,
            rates,
            self.epochs,
            self.images_seen,
            sum(part["seconds"] for part in parts),
            self.stepper.micro_batch,
            parts,
        )


def generator_states(device):
    """The states of every random generator that a model on `device` may draw from, by name."""
    kind, *state = np.random.get_state()
    states = {
        "torch": torch.get_rng_state(),
        "python": random.getstate(),
        "numpy": [kind, state[0].tolist(), *state[1:]],
    }
    if device.type != "cpu":
        states["device"] = getattr(torch, device.type).get_rng_state()
    return states


def set_generator_states(device, states):
    """The reverse of `generator_states`."""
    torch.set_rng_state(states["torch"])
    random.setstate(states["python"])
    kind, keys, *rest = states["numpy"]
    np.random.set_state((kind, np.array(keys, dtype=np.uint32), *rest))
    if device.type != "cpu":
        getattr(torch, device.type).set_rng_state(states["device"])
