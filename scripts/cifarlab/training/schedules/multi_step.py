"""Steps down at given places."""

import math
from bisect import bisect_right
from itertools import pairwise
from typing import Annotated, Literal

from pydantic import Field, field_validator

from cifarlab.training.parts import ScheduleSettings, contradiction
from engine.settings import Number


class Settings(ScheduleSettings):
    """Lowered at each of some places; torch's MultiStepLR."""

    name: Literal["multi_step"]

    milestones: Annotated[list[Annotated[Number, Field(gt=0, lt=1)]], Field(min_length=1)]
    """Shares of the steps after the warm-up, increasing, after which it is lowered."""

    factor: Annotated[Number, Field(gt=0, lt=1)] = 0.1
    """The learning rate is multiplied by this at each lowering."""

    @field_validator("milestones")
    @classmethod
    def _increase(cls, milestones):
        if any(second <= first for first, second in pairwise(milestones)):
            raise contradiction("each milestone should be greater than the one before it")
        return milestones

    def build(self, n_steps):
        places = [round(milestone * n_steps) for milestone in self.milestones]
        return lambda step: math.pow(self.factor, bisect_right(places, step))
