"""The small CNNs of the published comparison: cnn_N is N blocks and one linear layer."""

from typing import Annotated, Literal

from pydantic import Field

from cifarlab.models.settings import BaseModelSettings

CHANNELS = (16, 32, 64, 128, 256)


class Settings(BaseModelSettings):
    """A stack of convolution blocks, each halving the image."""

    family: Literal["cnn"]
    """The module that builds the model."""

    blocks: Annotated[int, Field(ge=1, le=len(CHANNELS))]
    """Blocks of convolution 5×5, batch normalisation, ReLU and max pooling 2×2."""

    size_convention: Literal["activations-x2-MiB-batch64"] = "activations-x2-MiB-batch64"
    """The rule for the total size that the published table uses for these models."""


def build(settings, n_classes):
    """Conv 5×5, BatchNorm, ReLU, MaxPool 2, `blocks` times; flatten; linear to the classes."""
    from collections import OrderedDict

    from torch import nn

    class Sequential(nn.Sequential):
        """The layers in their order; in training, ReLU after pooling: of a quarter of the numbers.

        The largest of four numbers is the same before and after ReLU, and so is where the gradient
        goes: outputs and gradients have the same bits.
        """

        def forward(self, images):
            if not self.training:
                return super().forward(images)
            return self.relu(self.pool(self.norm(self.conv(images))))

    layers, in_channels = OrderedDict(), 3
    for number, channels in enumerate(CHANNELS[: settings.blocks], start=1):
        layers[f"block_{number}"] = Sequential(
            OrderedDict(
                conv=nn.Conv2d(in_channels, channels, kernel_size=5, padding=2),
                norm=nn.BatchNorm2d(channels),
                relu=nn.ReLU(),
                pool=nn.MaxPool2d(2),
            )
        )
        in_channels = channels
    side = settings.input_size // 2**settings.blocks
    layers["flatten"] = nn.Flatten()
    layers["head"] = nn.Linear(in_channels * side * side, n_classes)
    return nn.Sequential(layers)
