"""CUDA graphs: a model's forward and backward pass, recorded once and replayed in two launches.

The kernels are those of an ordinary pass, with the same numbers. What is won is the time that a
CPU takes to launch them one by one, which in small networks is longer than they take. Optimizer,
loss and gradient scaler stay outside, so learning rate and scale are no part of what is recorded.
"""

import gc
import sys
from contextlib import contextmanager

import torch

from cifarlab.devices import is_out_of_memory
from cifarlab.models.outputs import auxiliary_logits_of, logits_of
from cifarlab.training.randomness import generator_states, set_generator_states
from engine.errors import UserError
from engine.faults import one_line

# Of torch's errors in a recording, "… when stream is capturing", "… during capture", and of
# make_graphed_callables' own conditions.
OF_RECORDING = ("captur", "graphed", "must not have hooks")


class Recorded:
    """Calls a model in training: passes over `n_images` images are replayed, others computed.

    model: nn.Module on a CUDA device. Recorded at the first call with so many images: the code of
    its forward pass runs four times then, and never again. What comes out is overwritten by the
    next call. Gradients are too, so that several passes of `n_images` cannot be summed.
    """

    # torch hands out the memory that it recorded, also as .grad (pytorch issue 181723).

    def __init__(self, model, n_images):
        self.model, self.n_images = model, n_images
        self.replay = None

    def __call__(self, images):
        """An output of the model, by `logits_of` and `auxiliary_logits_of`.

        Raises UserError where the model cannot be recorded.
        """
        if len(images) != self.n_images:
            return self.model(images)
        if self.replay is None:
            self.replay = _record(self.model, images)
        return self.replay(images)

    def give_up(self):
        """Compute every pass from now on, and free what was recorded; whether that is news."""
        is_news = self.n_images is not None
        self.n_images = self.replay = None
        # What torch recorded refers to itself, so that only this frees its memory.
        gc.collect()
        return is_news


class _Shell(torch.nn.Module):
    """A module around a model: torch puts the recorded forward pass into the one that it gets.

    It gives a tuple of the logits and those of auxiliary classifiers, since torch records tensors.
    """

    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, images):
        output = self.model(images)
        return logits_of(output), *auxiliary_logits_of(output)


def _record(model, images):
    """A function that gives the logits of `model(images)`, by replaying it, as a _Shell does."""
    device = images.device
    with _unchanged(model, device), _without_cached_casts(device):
        try:
            return torch.cuda.make_graphed_callables(
                # Filled before every replay: the batch itself is not kept.
                _Shell(model),
                (images.clone(),),
                # Parameters that have no part in the logits, as computed passes allow.
                allow_unused_input=True,
            )
        except (RuntimeError, AssertionError) as error:
            reason = one_line(error)
            is_of_recording = any(words in reason for words in OF_RECORDING)
            if is_out_of_memory(error, len(images)) or not is_of_recording:
                raise
            raise UserError(
                f"the model cannot be recorded as a CUDA graph ({reason}); "
                "set cuda_graphs: false in the recipe"
            ) from error


@contextmanager
def _unchanged(model, device):
    """Leave buffers and generators after the block as they were: it runs passes to warm up.

    Raises UserError where a generator of the CPU was drawn from: a replay would repeat its numbers.
    """
    buffers = [buffer.detach().clone() for buffer in model.buffers()]
    before = generator_states(device)
    try:
        yield
    finally:
        # After a failure too: the pass is then computed, from the same state.
        after = generator_states(device)
        set_generator_states(device, before)
        with torch.no_grad():
            for buffer, kept in zip(model.buffers(), buffers, strict=True):
                buffer.copy_(kept)
    of_the_device = "device" if "device" in before else "torch"
    drawn = [name for name in before if name != of_the_device and not _same(before, after, name)]
    if drawn:
        raise UserError(
            f"the model draws random numbers on the CPU in training ({', '.join(drawn)}), which a "
            "CUDA graph would repeat; draw them on the device, or set cuda_graphs: false in the "
            "recipe"
        )


def _same(before, after, name):
    if torch.is_tensor(before[name]):
        return torch.equal(before[name], after[name])
    return before[name] == after[name]


def _without_cached_casts(device):
    """Autocast as it is, but that it keeps no weights in half precision from pass to pass."""
    return torch.autocast(
        device.type,
        dtype=torch.get_autocast_dtype(device.type),
        enabled=torch.is_autocast_enabled(device.type),
        cache_enabled=False,
    )


def recorded(model, recipe, device):
    """What calls a model in the steps of a recipe: Recorded where it asks for it, or the model.

    Says on standard error where the device has no CUDA graphs. Only whole batches are recorded.
    """
    if not recipe.cuda_graphs:
        return model
    if device.type != "cuda":
        print(f"warning: cuda_graphs: true has no effect on {device.type}", file=sys.stderr)
        return model
    return Recorded(model, recipe.batch_size)
