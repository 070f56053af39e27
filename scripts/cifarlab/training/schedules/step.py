"""Steps down at equal distances."""

import math
from typing import Annotated, Literal

from pydantic import Field

from cifarlab.training.parts import ScheduleSettings
from engine.settings import Number


class Settings(ScheduleSettings):
    """Lowered again and again, after equal numbers of steps; torch's StepLR."""

    name: Literal["step"]

    every: Annotated[Number, Field(gt=0, lt=1)]
    """Share of the steps after the warm-up from one lowering to the next."""

    factor: Annotated[Number, Field(gt=0, lt=1)] = 0.1
    """The learning rate is multiplied by this at each lowering."""

    def build(self, n_steps):
        length = max(1, round(self.every * n_steps))
        return lambda step: math.pow(self.factor, step // length)
