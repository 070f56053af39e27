"""Cross-entropy."""

from typing import Literal

from cifarlab.training.parts import Part


class Settings(Part):
    """Mean negative logarithm of the probability of the right class."""

    name: Literal["cross_entropy"]

    def build(self):
        from torch.nn import CrossEntropyLoss

        return CrossEntropyLoss()
