"""A learning-rate range test."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from cifarlab.training.parts import ScheduleSettings
from engine.settings import PositiveNumber


class Settings(ScheduleSettings):
    """Rises in every step, to the optimizer's learning rate in the last one, Smith 2017: the losses
    of the steps show which learning rates a model takes."""

    name: Literal["rate_range_test"]

    start: Annotated[PositiveNumber, Field(lt=1)] = 1e-5
    """Share of the learning rate in the first step."""

    shape: Literal["exponential", "line"] = "exponential"
    """The same factor from each step to the next, or the same difference."""

    rises: ClassVar[bool] = True

    def build(self, n_steps):
        def share(step):
            progress = step / max(1, n_steps - 1)
            if self.shape == "exponential":
                return self.start ** (1 - progress)
            return self.start + (1 - self.start) * progress

        return share
