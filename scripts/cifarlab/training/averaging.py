"""An average of the weights beside a training, and a model that has it for a while."""

from contextlib import contextmanager

import torch
from torch.nn.modules.batchnorm import _BatchNorm

from cifarlab.training.batches import split_into_batches


class Average:
    """An average over some parameters as they were after steps or epochs.

    parameters: iterable of tensors; settings: AveragingSettings. `weights` is a list of tensors as
    `parameters`, or None while nothing was taken. On a GPU nothing waits for it.
    """

    def __init__(self, parameters, settings):
        # There is no mean of whole numbers.
        self.parameters = [p for p in parameters if p.is_floating_point() or p.is_complex()]
        self.settings = settings
        self.weights, self.n_taken = None, 0

    def end_step(self):
        """Take what the parameters are after a step."""
        self._take(self.settings.share_of_step(self.n_taken))

    def end_epoch(self, epochs_left):
        """Take what they are after an epoch. epochs_left: at most, after it."""
        self._take(self.settings.share_of_epoch(self.n_taken, epochs_left))

    @torch.no_grad()
    def _take(self, share):
        if not share:
            return
        if self.weights is None:
            self.weights = [parameter.detach().clone() for parameter in self.parameters]
        else:
            torch._foreach_lerp_(self.weights, self.parameters, share)
        self.n_taken += 1

    def state(self):
        """What `resume` needs."""
        return {"weights": self.weights, "n_taken": self.n_taken}

    @torch.no_grad()
    def resume(self, state):
        """Continue where `state` was taken."""
        self.n_taken = state["n_taken"]
        if state["weights"] is not None:
            self.weights = [parameter.detach().clone() for parameter in self.parameters]
            _copy(state["weights"], self.weights)


@torch.no_grad()
def _copy(tensors, into):
    for tensor, target in zip(tensors, into, strict=True):
        target.copy_(tensor)


@torch.no_grad()
def renew_statistics(model, batches):
    """Compute the statistics of batch normalisation anew, those of each batch counting alike.

    model: nn.Module; batches: iterable of its inputs. As torch.optim.swa_utils.update_bn does, but
    that all else is as in testing: without dropout. Layers that the model keeps from training keep
    their statistics. The model comes back in the mode that it was in.
    """
    was_training = model.training
    model.train()
    norms = [
        module
        for module in model.modules()
        if isinstance(module, _BatchNorm) and module.training and module.running_mean is not None
    ]
    model.eval()
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        norm.train()
        norm.reset_running_stats()
        # None: the mean over all batches.
        norm.momentum = None
    if norms:
        for images in batches:
            model(images)
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum
    model.train(was_training)


def training_batches(images, index, size):
    """The images that a model is trained on as it is tested: inputs in batches.

    images: Images; index: int64 [n]; size: of a batch. In one order, drawn once for all: images
    that are sorted by their classes would make batches of one class.
    """
    order = torch.randperm(len(index), generator=torch.Generator().manual_seed(0))
    for batch in split_into_batches(index[order].to(images.index_device), size):
        yield images.batch(batch)


@contextmanager
def in_model(average, model, batches):
    """A block in which a model has the average as its weights, where there is one.

    average: Average of its parameters, or None; batches: as for `renew_statistics`. Tensors keep
    their places in memory, where what was recorded of the model looks for them.
    """
    if average is None or average.weights is None:
        yield
        return
    tensors = [*model.parameters(), *model.buffers()]
    kept = [tensor.detach().clone() for tensor in tensors]
    try:
        put_into_model(average, model, batches)
        yield
    finally:
        _copy(kept, tensors)


def put_into_model(average, model, batches):
    """Give a model the average as its weights. For the arguments see `in_model`."""
    _copy(average.weights, average.parameters)
    renew_statistics(model, batches)
