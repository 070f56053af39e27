"""Mixing of images."""

from typing import Annotated, ClassVar, Literal

from cifarlab.training.parts import AugmentationSettings, InOneStep
from engine.settings import PositiveNumber


class Settings(AugmentationSettings):
    """Mixes each image and its label with those before it in the batch, Zhang 2018."""

    name: Literal["mixup"]

    alpha: Annotated[PositiveNumber, InOneStep(1.0)]
    """The share is drawn from Beta(alpha, alpha), once for a batch: the smaller, the nearer to 0 or
    1."""

    mixes: ClassVar[bool] = True

    def build(self, draws, n_images):
        def mixup(images):
            share = draws.of_batches.betavariate(self.alpha, self.alpha)
            return images.roll(1, 0).mul_(1 - share).add_(images, alpha=share), share

        return mixup
