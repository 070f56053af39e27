"""A straight line."""

from typing import Literal

from cifarlab.training.parts import ScheduleSettings
from engine.settings import Share


class Settings(ScheduleSettings):
    """A straight line down; torch's LinearLR."""

    name: Literal["linear"]

    end: Share = 0.0
    """Share of the learning rate that it leads to, after the last step."""

    def build(self, n_steps):
        return lambda step: 1 + (self.end - 1) * step / n_steps
