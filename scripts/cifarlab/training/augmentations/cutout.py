"""Squares cut out of images."""

from typing import Literal

from cifarlab.training.parts import AugmentationSettings
from engine.settings import Count


class Settings(AugmentationSettings):
    """Makes a square of each image black, DeVries and Taylor 2017; at an edge it is cut off."""

    name: Literal["cutout"]

    pixels: Count
    """Side of the square."""

    def build(self, draws, n_images):
        import torch

        def cutout(images, places, epoch):
            n, height, width, _ = images.shape
            rows, columns = (
                self._covers(draws.integers(side, n, 1), torch.arange(side, device=images.device))
                for side in (height, width)
            )
            is_kept = ~(rows[:, :, None] & columns[:, None, :])
            return images * is_kept[..., None]

        return cutout

    def _covers(self, middles, places):
        """Whether the square covers a row or a column, bool [n, side]. middles: int64 [n, 1]."""
        first = middles - self.pixels // 2
        return (places >= first) & (places < first + self.pixels)
