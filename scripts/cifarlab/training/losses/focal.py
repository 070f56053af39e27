"""Focal loss."""

from typing import Annotated, ClassVar, Literal

from cifarlab.training.parts import InOneStep, LossSettings
from engine.settings import NonNegativeNumber


class Settings(LossSettings):
    """Cross-entropy that counts images less the surer the model is of them, Lin 2017.

    The mean of (1 - p)^focus times -log p, where p is the probability of the right class. With soft
    targets it is that of every class, weighted by its share.
    """

    name: Literal["focal"]

    focus: Annotated[NonNegativeNumber, InOneStep(2.0)] = 2.0
    """Exponent, gamma of the paper; 0 is cross-entropy."""

    takes_soft_targets: ClassVar[bool] = True

    def build(self):
        from torch.nn import functional

        def focal(logits, targets):
            logarithms = functional.log_softmax(logits, dim=1)
            # Never 0, where a root has no slope.
            unsure = (-logarithms.expm1()).clamp(min=1e-12)
            losses = -logarithms * unsure**self.focus
            if targets.is_floating_point():
                return (losses * targets).sum(dim=1).mean()
            return losses.gather(1, targets[:, None]).mean()

        return focal
