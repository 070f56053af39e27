"""Images with a part of another one."""

import math
from typing import Annotated, ClassVar, Literal

from cifarlab.training.parts import AugmentationSettings, InOneStep
from engine.settings import PositiveNumber


class Settings(AugmentationSettings):
    """Puts a rectangle of the image before it in the batch into each one, Yun 2019.

    The labels are mixed by area.
    """

    name: Literal["cutmix"]

    alpha: Annotated[PositiveNumber, InOneStep(1.0)]
    """The share of the area that stays is drawn from Beta(alpha, alpha), once for a batch; what an
    edge cuts off the rectangle stays too."""

    mixes: ClassVar[bool] = True

    def build(self, draws, n_images):
        def cutmix(images):
            height, width = images.shape[1:3]
            half = 0.5 * math.sqrt(1 - draws.of_batches.betavariate(self.alpha, self.alpha))
            rows = _stretch(draws.of_batches.randrange(height), half, height)
            columns = _stretch(draws.of_batches.randrange(width), half, width)
            mixed = images.clone()
            mixed[:, rows, columns] = images.roll(1, 0)[:, rows, columns]
            area = (rows.stop - rows.start) * (columns.stop - columns.start)
            return mixed, 1 - area / (height * width)

        return cutmix


def _stretch(middle, half, side):
    """Rows or columns of the rectangle, as torchvision's CutMix draws it, a slice.

    half: of its side, as a share of the image's.
    """
    reach = int(half * side)
    return slice(max(0, middle - reach), min(side, middle + reach))
