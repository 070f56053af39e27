"""A contact sheet: training images, and what a recipe's augmentations make of them."""

from typing import Annotated

import numpy as np
import torch

from cifarlab.datasets.inputs import Images, InputSettings
from cifarlab.training.augmentations import AUGMENTATIONS
from cifarlab.training.augmenting import Augmenter
from cifarlab.training.parts import AugmentationSettings, OneOf

Augmentations = list[Annotated[AugmentationSettings, OneOf(AUGMENTATIONS)]]

N_IMAGES = 32
# All images of a batch are mixed with the same share: so many batches show as many shares.
BATCH_SIZE = 4
SEED = 0


def contact_sheet(split, augmentations):
    """Images of a split before and after augmentations, as in a first epoch: arrays by name.

    split: Split, of training images; augmentations: list of AugmentationSettings, as in a Recipe.
    Images and draws are the same each time. before, after: uint8 [n, height, width, 3], n is 32 or
    as many as there are; shares: float64 [n], of an image's own label in its target, the rest of
    which is the label of the image before it in its batch of four, the last one for the first.
    """
    chosen = np.random.default_rng(SEED).permutation(len(split.labels))[:N_IMAGES]
    # Augmentations get images as they are stored.
    inputs = InputSettings(size=split.images.shape[1], mean=[0.0] * 3, std=[1.0] * 3)
    images, labels = Images(split.images, inputs, "cpu"), torch.from_numpy(split.labels)
    augmenter = Augmenter(images, labels, augmentations, SEED)
    batches = [augmenter.batch(index, 0) for index in torch.from_numpy(chosen).split(BATCH_SIZE)]
    after = torch.cat([batch.images.float() for batch in batches])
    return {
        "before": split.images[chosen],
        "after": after.round().clamp(0, 255).byte().numpy(),
        "shares": np.concatenate([np.full(len(batch.labels), batch.share) for batch in batches]),
    }
