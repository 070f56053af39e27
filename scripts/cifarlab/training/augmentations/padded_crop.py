"""Random crops of images with a black border."""

from typing import Literal

from cifarlab.training.parts import AugmentationSettings
from engine.settings import Count


class Settings(AugmentationSettings):
    """Shifts each image by up to so many pixels along both sides; what comes in is black."""

    name: Literal["padded_crop"]

    pixels: Count
    """Largest shift to each side."""

    def build(self, draws, n_images):
        import torch
        from torch.nn import functional

        most = self.pixels

        def crop(images, places, epoch):
            n, height, width, channels = images.shape
            top, left = draws.integers(2 * most + 1, 2, n)
            padded = functional.pad(images, (0, 0, most, most, most, most))
            image = torch.arange(n, device=images.device)[:, None]
            rows = top[:, None] + torch.arange(height, device=images.device)
            # Every place that a row of the crop may start at, along the bytes of a padded row.
            starts = padded.flatten(2).unfold(2, width * channels, channels)
            return starts[image, rows, left[:, None]].view(images.shape)

        return crop
