"""Cross-entropy."""

from typing import Annotated, ClassVar, Literal

from cifarlab.training.parts import InOneStep, LossSettings
from engine.settings import Share


class Settings(LossSettings):
    """Mean negative logarithm of the probability of the right class."""

    name: Literal["cross_entropy"]

    label_smoothing: Annotated[Share, InOneStep(0.1)] = 0.0
    """Share of the target that all classes get alike, Szegedy 2016."""

    takes_soft_targets: ClassVar[bool] = True

    def build(self):
        from torch.nn import CrossEntropyLoss

        return CrossEntropyLoss(label_smoothing=self.label_smoothing)
