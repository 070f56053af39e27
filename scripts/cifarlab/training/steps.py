"""One optimizer step: precision, micro-batches, and what to do when memory does not suffice."""

import sys

import torch

from cifarlab.devices import free_memory, is_out_of_memory, reset_peak_memory
from cifarlab.models.outputs import auxiliary_logits_of, logits_of
from cifarlab.training.batches import split_into_batches
from cifarlab.training.cuda_graphs import Recorded, recorded
from cifarlab.training.groups import backbone_of, parameter_groups
from cifarlab.training.precision import autocast
from engine.errors import UserError


class Stepper:
    """Takes optimizer steps on a model with a recipe.

    model: nn.Module on its device; images: Images; labels: int64 [n_images] on the same device;
    recipe: Recipe. `micro_batch` is the number of images computed at once, as it is now.
    """

    def __init__(self, model, images, labels, recipe):
        self.images, self.labels, self.recipe = images, labels, recipe
        self.device = labels.device
        self.optimizer = recipe.optimizer.build(parameter_groups(model, recipe.optimizer))
        self.frozen_epochs = recipe.optimizer.freeze_backbone_epochs
        self.backbone = backbone_of(model) if self.frozen_epochs else []
        self.loss_function = recipe.loss.build()
        self.scaler = torch.amp.GradScaler(self.device.type, enabled=recipe.precision == "fp16")
        # One graph for each size: with sizes left open it would depend on what was seen before, and
        # a training that is resumed sees other sizes first.
        called = torch.compile(model, dynamic=False) if recipe.compile else model
        self.model = recorded(called, recipe, self.device)
        is_number = isinstance(recipe.micro_batch, int)
        self.micro_batch = recipe.micro_batch if is_number else recipe.batch_size

    def begin_epoch(self, number):
        """Freeze the backbone, or set it free, before an epoch, counted from 0."""
        for parameter in self.backbone:
            parameter.requires_grad_(number >= self.frozen_epochs)

    def step(self, batch, learning_rate):
        """One step on the images `batch` (int64 [n]); returns its mean loss, a 0-d tensor.

        The gradient is that of the whole batch, however it is split. Raises UserError where the
        memory does not suffice and the recipe does not allow smaller micro-batches.
        """
        for group in self.optimizer.param_groups:
            group["lr"] = learning_rate * group["lr_multiple"]
        while True:
            try:
                loss = self._gradient(batch.to(self.images.index_device))
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
        return loss

    def _gradient(self, batch):
        """Sum the gradients of a batch's parts; returns the mean loss of its images."""
        self._forget_gradient()
        total, parts = None, split_into_batches(batch, self.micro_batch)
        for part in parts:
            images, index = self.images.batch(part), self.images.index_on_device(part)
            with autocast(self.recipe.precision, self.device):
                loss = self._loss(self.model(images), self.labels.index_select(0, index))
                if len(parts) > 1:
                    # It is a mean over the part: weighted, the sum is the batch's.
                    loss = loss * (len(part) / len(batch))
            self.scaler.scale(loss).backward()
            total = loss.detach() if total is None else total + loss.detach()
        return total

    def _forget_gradient(self):
        # A tenth of the time of the optimizer's own zero_grad.
        for group in self.optimizer.param_groups:
            for parameter in group["params"]:
                parameter.grad = None

    def _loss(self, output, labels):
        """Mean loss of images by what the model gave; auxiliary classifiers' losses are added."""
        loss = self.loss_function(logits_of(output), labels)
        if weight := self.recipe.auxiliary_weight:
            for logits in auxiliary_logits_of(output):
                loss = loss + weight * self.loss_function(logits, labels)
        return loss

    def _clip(self):
        """Shorten the gradient to the recipe's norm; on a GPU nothing waits for the norm."""
        if self.recipe.clip_norm is not None:
            self.scaler.unscale_(self.optimizer)
            torch.nn.utils.clip_grad_norm_(self.model.parameters(), self.recipe.clip_norm)

    def _largest(self, batch):
        """How many images of a batch are computed at once, at most."""
        return max(map(len, split_into_batches(batch, self.micro_batch)))

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
            "micro_batch": self.micro_batch,
        }

    def resume(self, state):
        """Continue where `state` was taken."""
        self.optimizer.load_state_dict(state["optimizer"])
        self.scaler.load_state_dict(state["scaler"])
        self.micro_batch = state["micro_batch"]
