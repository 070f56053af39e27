"""A constant learning rate."""

from typing import Literal

from cifarlab.training.parts import ScheduleSettings


class Settings(ScheduleSettings):
    """Stays at the optimizer's learning rate."""

    name: Literal["constant"]

    def build(self, n_steps):
        return lambda step: 1.0
