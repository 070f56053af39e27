"""One optimizer step: precision, micro-batches, and what to do when memory does not suffice."""

import sys

import torch

from cifarlab.devices import free_memory, is_out_of_memory, reset_peak_memory
from cifarlab.models.outputs import auxiliary_logits_of, logits_of
from cifarlab.training.augmenting import Augmenter
from cifarlab.training.averaging import Average
from cifarlab.training.batches import slices_of_batches
from cifarlab.training.cuda_graphs import Recorded, recorded
from cifarlab.training.groups import backbone_of, parameter_groups
from cifarlab.training.precision import HALF, autocast
from engine.errors import UserError


class Stepper:
    """Takes optimizer steps on a model with a recipe.

    model: nn.Module on its device; images: Images; labels: int64 [n_images] on the same device;
    recipe: Recipe; seed: of what augmentations draw. `micro_batch` is the number of images computed
    at once, as it is now.
    """

    def __init__(self, model, images, labels, recipe, seed=0):
        self.images, self.recipe = images, recipe
        self.device = labels.device
        self.optimizer = recipe.optimizer.build(parameter_groups(model, recipe.optimizer))
        self.frozen_epochs = recipe.optimizer.freeze_backbone_epochs
        self.backbone = backbone_of(model) if self.frozen_epochs else []
        self.augmenter = Augmenter(images, labels, recipe.augmentations, seed)
        self.loss_function = recipe.loss.build()
        self.scaler = torch.amp.GradScaler(self.device.type, enabled=recipe.precision == "fp16")
        averaging = recipe.averaging
        self.average = Average(model.parameters(), averaging) if averaging else None
        # One graph for each size: with sizes left open it would depend on what was seen before, and
        # a training that is resumed sees other sizes first.
        called = torch.compile(model, dynamic=False) if recipe.compile else model
        self.model = recorded(called, recipe, self.device)
        self.parameters = [*model.parameters()]
        self.epoch = 0
        self.micro_batch = recipe.images_at_once

    def begin_epoch(self, number):
        """Freeze the backbone, or set it free, before an epoch, counted from 0."""
        self.epoch = number
        for parameter in self.backbone:
            parameter.requires_grad_(number >= self.frozen_epochs)

    def step(self, batch, learning_rate):
        """One step on the images `batch` (int64 [n]); returns its mean loss, a 0-d tensor.

        The gradient is that of the whole batch, however it is split. Raises UserError where the
        memory does not suffice and the recipe does not allow smaller micro-batches.
        """
        for group in self.optimizer.param_groups:
            group["lr"] = learning_rate * group["lr_multiple"]
        drawn = None
        while True:
            try:
                # Once: what is random does not hang on how much memory there is.
                drawn = drawn or self._drawn(batch)
                loss = self._gradient(drawn)
                break
            except RuntimeError as error:
                if not is_out_of_memory(error, self._largest(batch)):
                    raise
            # Out of the except block, whose traceback would keep the activations alive.
            self._make_room(self._largest(batch))
        try:
            self._clip()
            self.scaler.step(self.optimizer)
        except RuntimeError as error:
            if not is_out_of_memory(error):
                raise
            raise UserError(
                "memory does not suffice for the optimizer's state; use a smaller model or sgd"
            ) from error
        self.scaler.update()
        if self.average:
            self.average.end_step()
        return loss

    def _drawn(self, batch):
        """The images and labels of a step, a Batch of cifarlab.training.augmenting."""
        return self.augmenter.batch(batch.to(self.images.index_device), self.epoch)

    def _gradient(self, batch):
        """Sum the gradients of a Batch's parts; returns the mean loss of its images."""
        self._forget_gradient()
        total, n_images = None, len(batch.labels)
        for rows in slices_of_batches(n_images, self.micro_batch):
            with autocast(self.recipe.precision, self.device):
                output = self.model(self.images.prepared(batch.images[rows]))
                loss = self._loss(output, batch, rows)
                if (n_rows := rows.stop - rows.start) < n_images:
                    # It is a mean over the part: weighted, the sum is the batch's.
                    loss = loss * (n_rows / n_images)
            self.scaler.scale(loss).backward()
            total = loss.detach() if total is None else total + loss.detach()
        return total

    def _forget_gradient(self):
        # A tenth of the time of the optimizer's own zero_grad.
        for group in self.optimizer.param_groups:
            for parameter in group["params"]:
                parameter.grad = None

    def _loss(self, output, batch, rows):
        """Mean loss of some rows of a Batch; auxiliary classifiers' losses are added."""
        logits = logits_of(output)
        targets = batch.targets(rows, logits.shape[-1])
        loss = self.loss_function(_not_half(logits), targets)
        if weight := self.recipe.auxiliary_weight:
            for others in auxiliary_logits_of(output):
                loss = loss + weight * self.loss_function(_not_half(others), targets)
        return loss

    def _clip(self):
        """Shorten the gradient to the recipe's norm; on a GPU nothing waits for the norm."""
        if self.recipe.clip_norm is not None:
            self.scaler.unscale_(self.optimizer)
            torch.nn.utils.clip_grad_norm_(self.parameters, self.recipe.clip_norm)

    def _largest(self, batch):
        """How many images of a batch are computed at once, at most."""
        slices = slices_of_batches(len(batch), self.micro_batch)
        return max(rows.stop - rows.start for rows in slices)

    def _make_room(self, largest):
        """Do without CUDA graphs, else halve the micro-batch from `largest` images, or raise
        UserError."""
        self._forget_gradient()
        if isinstance(self.model, Recorded) and self.model.give_up():
            free_memory(self.device)
            print("memory does not suffice for CUDA graphs; continuing without", file=sys.stderr)
            return
        if self.recipe.micro_batch != "auto" or largest == 1:
            hint = "a smaller model" if largest == 1 else "micro_batch: auto, or a smaller number,"
            raise UserError(
                f"memory does not suffice for {largest} images at once; use {hint} in the recipe"
            )
        # One fewer at least: a single image that is left joins the part before it.
        self.micro_batch = min((largest + 1) // 2, self.micro_batch - 1)
        free_memory(self.device)
        # The peak is that of what worked.
        reset_peak_memory(self.device)
        print(
            f"memory does not suffice for {largest} images at once; continuing with "
            f"micro_batch {self.micro_batch}",
            file=sys.stderr,
        )

    def state(self):
        """What the next step depends on, but for the model."""
        return {
            "optimizer": self.optimizer.state_dict(),
            "scaler": self.scaler.state_dict(),
            "augmenter": self.augmenter.state(),
            "micro_batch": self.micro_batch,
            "average": self.average and self.average.state(),
        }

    def resume(self, state):
        """Continue where `state` was taken."""
        self.optimizer.load_state_dict(state["optimizer"])
        self.scaler.load_state_dict(state["scaler"])
        self.augmenter.resume(state["augmenter"])
        self.micro_batch = state["micro_batch"]
        if self.average:
            self.average.resume(state["average"])


def _not_half(logits):
    """Logits in float32 where they are in half precision, in which no loss is computed.

    On a GPU autocast does it for every function of a loss, on a CPU for cross-entropy alone.
    """
    return logits.float() if logits.dtype in HALF.values() else logits
