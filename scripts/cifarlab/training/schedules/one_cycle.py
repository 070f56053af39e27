"""One cycle."""

import math
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from cifarlab.training.parts import ScheduleSettings
from engine.settings import Number, PositiveNumber


class Settings(ScheduleSettings):
    """Up to the optimizer's learning rate and down to nearly zero, Smith 2018; torch's OneCycleLR.

    The momentum stays as it is. Its rise takes the place of a warm-up.
    """

    name: Literal["one_cycle"]

    rise: Annotated[Number, Field(gt=0, lt=1)] = 0.3
    """Share of the steps over which it rises."""

    start: Annotated[PositiveNumber, Field(lt=1)] = 0.04
    """Share of the learning rate in the first step."""

    end: Annotated[Number, Field(ge=0, lt=1)] = 4e-6
    """Share of the learning rate in the last step."""

    shape: Literal["half_cosine", "line"] = "half_cosine"
    """Of the way up and the way down."""

    rises: ClassVar[bool] = True

    def build(self, n_steps):
        # As torch counts: the top is a step, or between two.
        top, last = self.rise * n_steps - 1, n_steps - 1

        def share(step):
            if step <= top:
                return self._between(self.start, 1.0, step / top if top else 1.0)
            return self._between(1.0, self.end, (step - top) / (last - top))

        return share

    def _between(self, begin, end, progress):
        if self.shape == "half_cosine":
            progress = 0.5 * (1 - math.cos(math.pi * progress))
        return begin + (end - begin) * progress
