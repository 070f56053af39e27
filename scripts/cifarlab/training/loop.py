"""The training loop."""

import math
import time
from contextlib import ExitStack

import torch
from torch.nn import functional

from cifarlab.models.outputs import logits_of
from cifarlab.training.batches import split_into_batches
from cifarlab.training.clock import Clock
from cifarlab.training.early_stopping import epoch_of_weights
from cifarlab.training.history import Diverged, History
from cifarlab.training.randomness import (
    Order,
    generator_states,
    seed_generators,
    set_generator_states,
)
from cifarlab.training.rates import learning_rates
from cifarlab.training.run_weights import RunWeights
from cifarlab.training.steps import Stepper
from cifarlab.training.validation import Validation, hold_out

# Reading a loss stops a GPU until it has computed it, so those of a while are read together.
SECONDS_BETWEEN_READINGS = {"cpu": 0.0}
SECONDS_BETWEEN_READINGS_ON_GPU = 0.5


def train(model, images, labels, recipe, seed, observers=(), state=None, indices=None):
    """Train `model` in place.

    model: nn.Module on the device of the data; images: Images; labels: int64 [n_images] on the
    same device; recipe: Recipe; seed: of the order of the images; observers: list of Observer;
    state: what an observer was given to keep, to resume from it, or None; indices: of the images
    to train on and of those to validate on, by default as the recipe says. Returns a History.
    Raises Diverged when the loss is no longer finite, also that of the weights that it leaves;
    UserError where the memory does not suffice, and what observers raise, such as Interrupted.
    On a CPU the same arguments and the same number of threads give the same bits, however often
    the training was interrupted and resumed.
    """
    indices = indices or hold_out(labels, recipe.validation)
    training = _Training(model, images, labels, recipe, seed, observers, indices)
    if state:
        training.resume(state)
    model.train()
    with ExitStack() as stack:
        for observer in observers:
            observer.begin(training.step, training.n_steps)
            stack.enter_context(observer.ending())
        while training.ended_by is None:
            training.run_epoch()
        training.end()
    return training.history()


class _Training:
    """A training between two steps: all that the rest of it depends on."""

    def __init__(self, model, images, labels, recipe, seed, observers, indices):
        self.model, self.observers = model, observers
        trained_on, held_out = indices
        self.validation = Validation(images, labels, held_out, recipe.images_at_once)
        some = trained_on[: recipe.images_at_once]
        self.some_images, self.some_labels = images.only(some), labels.cpu()[some]
        self.stepper = Stepper(model, images, labels, recipe, seed)
        self.recipe, self.weights = recipe, RunWeights(model, self.stepper, trained_on)
        self.device = self.stepper.device
        seed_generators(seed)
        self.order = Order(trained_on, recipe.batch_size, seed)
        self.steps_per_epoch = len(split_into_batches(trained_on, recipe.batch_size))
        n_steps = recipe.epochs * self.steps_per_epoch
        # At most: early stopping may end it before.
        self.n_steps = min(n_steps, recipe.max_steps or n_steps)
        self.last_reason = "epochs" if self.n_steps == n_steps else "max_steps"
        self.learning_rates = learning_rates(recipe, self.n_steps)
        self.clock = Clock(self.device)
        self.epochs = []
        # Losses of the finished epochs, and of the one under way.
        self.losses, self.epoch_losses = [], []
        self.images_seen, self.earlier_parts, self.steps_before = 0, [], 0

    @property
    def step(self):
        """Steps taken, all of whose losses are known."""
        return len(self.losses) + len(self.epoch_losses)

    @property
    def ended_by(self):
        """The key of the recipe by which no step is left, as in History; None while some are."""
        if self.step == self.n_steps:
            return self.last_reason
        stopping = self.recipe.early_stopping
        is_between = self.epochs and not self.epoch_losses
        return (
            "early_stopping" if stopping and is_between and stopping.is_over(self.epochs) else None
        )

    def run_epoch(self):
        """Take the steps of an epoch that are left."""
        first_step = len(self.losses)
        self.stepper.begin_epoch(len(self.epochs))
        batches = self.order.batches(self.stepper.images.index_device)[: self.n_steps - first_step]
        seconds_between = SECONDS_BETWEEN_READINGS.get(
            self.device.type, SECONDS_BETWEEN_READINGS_ON_GPU
        )
        unread, last_reading = [], time.monotonic()
        self.clock.start()
        for number in range(len(self.epoch_losses), len(batches)):
            rate = self.learning_rates[first_step + number]
            unread.append(self.stepper.step(batches[number], rate))
            is_last = number + 1 == len(batches)
            due = [o for o in self.observers if o.is_due(first_step + number + 1)]
            if is_last or due or time.monotonic() - last_reading >= seconds_between:
                self._read(unread)
                unread, last_reading = [], time.monotonic()
            if is_last:
                self.clock.stop()
                self._end_epoch(batches)
            if due and self.ended_by is None:
                self.clock.stop()
                for observer in due:
                    observer.keep(self.step, self.n_steps, self.state)
                self.clock.start()

    def _read(self, losses):
        """Note the losses of the steps since the last reading, each a 0-d tensor."""
        for loss in torch.stack(losses).tolist():
            rate = self.learning_rates[self.step]
            if not math.isfinite(loss):
                raise self._diverged(self.step + 1, loss)
            self.epoch_losses.append(loss)
            for observer in self.observers:
                observer.note_step(self.step, loss, rate)

    @torch.no_grad()
    def _loss_of_some(self):
        """Loss of as many images as fit, as the model is used after the training."""
        some = slice(0, self.stepper.micro_batch)
        self.model.eval()
        logits = logits_of(self.model(self.some_images.batch(some)))
        self.model.train()
        # On the CPU, as some devices have no float64.
        return functional.cross_entropy(logits.cpu().double(), self.some_labels[some]).item()

    def _check_finite(self, measured):
        """Raise Diverged where weights were measured, a dict, with a loss that is not finite."""
        if not math.isfinite(measured["validation_loss"]):
            raise self._diverged(self.step, measured["validation_loss"])

    def _diverged(self, step, loss):
        """The Diverged of a loss that was found at this step, counted from 1."""
        known = self.losses + self.epoch_losses
        return Diverged(step, self.learning_rates[step - 1], loss, known[-1] if known else None)

    def _end_epoch(self, batches):
        n_images = sum(map(len, batches))
        weighted = sum(
            loss * len(batch) for loss, batch in zip(self.epoch_losses, batches, strict=True)
        )
        self.losses += self.epoch_losses
        self.epoch_losses = []
        epoch = {
            "epoch": len(self.epochs) + 1,
            "mean_loss": weighted / n_images,
            "learning_rate": self.learning_rates[self.step - 1],
            "seconds": self.clock.epoch_seconds,
            "images_per_second": n_images / self.clock.epoch_seconds,
        }
        if self.stepper.average:
            epochs_left = -(-(self.n_steps - self.step) // self.steps_per_epoch)
            self.stepper.average.end_epoch(epochs_left)
        epoch = self.weights.validate(self.validation, self.epochs, epoch)
        if self.validation.n_images:
            self._check_finite(epoch)
        self.epochs.append(epoch)
        for observer in self.observers:
            observer.note_epoch(self.step, self.epochs[-1])
        self.images_seen += n_images
        self.clock.epoch_seconds = 0.0
        self.order.end_epoch()

    def end(self):
        """Leave the run's weights in the model; no step is left."""
        if self.stepper.average:
            # Part of the work for these weights: a pass over the images.
            self.clock.start()
        self.weights.finish(self.epochs)
        self.clock.stop()
        if not self.validation.n_images:
            # No loss was computed after the last update.
            self._check_finite({"validation_loss": self._loss_of_some()})
        for observer in self.observers:
            observer.note_end(self.step)

    def parts(self):
        """Steps and seconds of each process, this one last."""
        own = {"steps": self.step - self.steps_before, "seconds": self.clock.seconds}
        return [*self.earlier_parts, own]

    def state(self):
        """Everything that `resume` needs."""
        return {
            "model": self.model.state_dict(),
            "stepper": self.stepper.state(),
            "weights": self.weights.state(),
            "generators": generator_states(self.device),
            "order": self.order.state,
            "epochs": self.epochs,
            "losses": self.losses,
            "epoch_losses": self.epoch_losses,
            "epoch_seconds": self.clock.epoch_seconds,
            "images_seen": self.images_seen,
            "parts": self.parts(),
        }

    def resume(self, state):
        """Continue where `state` was taken."""
        self.model.load_state_dict(state["model"])
        self.stepper.resume(state["stepper"])
        self.weights.resume(state["weights"])
        set_generator_states(self.device, state["generators"])
        self.order.state = state["order"]
        for name in ("epochs", "losses", "epoch_losses", "images_seen"):
            setattr(self, name, state[name])
        self.clock.epoch_seconds = state["epoch_seconds"]
        self.earlier_parts, self.steps_before = state["parts"], self.step

    def history(self):
        parts, stopping = self.parts(), self.recipe.early_stopping
        return History(
            losses=self.losses,
            learning_rates=self.learning_rates[: self.step],
            epochs=self.epochs,
            ended_by=self.ended_by,
            best_epoch=(stopping.best_epoch(self.epochs) or None) if stopping else None,
            weights_epoch=epoch_of_weights(stopping, self.epochs),
            images_seen=self.images_seen,
            validation_images=self.validation.n_images,
            train_seconds=sum(part["seconds"] for part in parts),
            micro_batch=self.stepper.micro_batch,
            parts=parts,
        )
