"""The mean of the weights at the ends of the last epochs."""

from typing import Annotated, Literal

from pydantic import Field

from cifarlab.training.parts import AveragingSettings


class Settings(AveragingSettings):
    """The mean of the weights at the ends of the last epochs, Izmailov 2018."""

    name: Literal["last_epochs"]

    epochs: Annotated[int, Field(ge=2)]
    """How many. Epochs before them are validated with the weights as they are."""

    @property
    def n_last_epochs(self):
        return self.epochs

    def share_of_epoch(self, n_taken, epochs_left):
        return 1 / (n_taken + 1) if epochs_left < self.epochs else 0
