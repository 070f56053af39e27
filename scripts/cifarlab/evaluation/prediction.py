"""Predictions: the logits of one trained model on one split."""

import sys

import numpy as np
import torch

from cifarlab.devices import free_memory, is_out_of_memory, reset_peak_memory
from cifarlab.models.outputs import logits_of
from engine.errors import UserError
from engine.progress import Progress


class _OfMirrorImages:
    """A model that sees every image mirrored, left and right exchanged."""

    def __init__(self, model):
        self.model = model

    def eval(self):
        self.model.eval()

    def __call__(self, images):
        return self.model(images.flip(-1))


def with_flips(logits, model, images, batch_size):
    """Means of the logits of images and of their mirror images, float32 [n_images, n_classes].

    logits: of the images, as `predict` gives them; for the others see there. Of logits, not of
    probabilities, as `infer_mirror` in Jordan 2024, https://arxiv.org/abs/2404.00498.
    """
    return (logits + predict(_OfMirrorImages(model), images, batch_size)) / 2


# Not in inference mode: a model may keep what it computes here, and train with it later.
@torch.no_grad()
def predict(model, images, batch_size):
    """Logits of `images` (Images), float32 [n_images, n_classes], without gradients.

    batch_size: images at once, UserError below 1; halved, and said, where the memory does not
    suffice.
    """
    if batch_size < 1:
        raise UserError(f"expected a batch of at least one image, found {batch_size}")
    model.eval()
    logits, start = [], 0
    with Progress("evaluate", len(images), "image") as progress:
        while start < len(images):
            try:
                output = model(images.batch(slice(start, start + batch_size)))
                # Read when all are queued: a GPU would wait for its next batch. A copy, since a
                # model may give out the same memory again.
                part = logits_of(output).to(torch.float32, copy=True)
            except RuntimeError as error:
                if not is_out_of_memory(error, batch_size) or batch_size == 1:
                    raise
                part = None
            if part is None:
                batch_size = (batch_size + 1) // 2
                free_memory(images.device)
                # The peak is that of what worked.
                reset_peak_memory(images.device)
                print(f"memory does not suffice; continuing with {batch_size}", file=sys.stderr)
                continue
            logits.append(part)
            start += len(part)
            progress.advance(len(part))
    return np.concatenate([part.cpu().numpy() for part in logits])
