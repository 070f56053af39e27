"""Predictions: the logits of one trained model on one split."""

import numpy as np
import torch

from cifarlab.progress import Progress


@torch.inference_mode()
def predict(model, images, batch_size):
    """Logits of `images` (Images), float32 [n_images, n_classes], without gradients."""
    model.eval()
    logits = []
    with Progress("evaluate", len(images), "image") as progress:
        for start in range(0, len(images), batch_size):
            index = slice(start, start + batch_size)
            logits.append(model(images.batch(index)).float().cpu().numpy())
            progress.advance(len(logits[-1]))
    return np.concatenate(logits)
