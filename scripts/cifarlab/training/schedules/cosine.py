"""Cosine annealing."""

import math
from typing import Literal

from cifarlab.training.parts import ScheduleSettings


class Settings(ScheduleSettings):
    """Half a cosine down to zero, without restarts, Loshchilov and Hutter 2017."""

    name: Literal["cosine"]

    def build(self, n_steps):
        return lambda step: 0.5 * (1 + math.cos(math.pi * step / n_steps))
