"""The settings that models of every family have."""

from pathlib import Path
from typing import Literal

from engine.files import local_path
from engine.settings import Count, Settings

NO_WEIGHTS = "none"
FAMILIES = Path(__file__).parent / "families"


class BaseModelSettings(Settings):
    """What every family's Settings has beside its own keys."""

    weights: str = NO_WEIGHTS
    """`none` to train from scratch; a name of torchvision's weight enumeration (`IMAGENET1K_V1`,
    `DEFAULT`); a URL whose file name carries the hash (`name-1a2b3c4d.pth`); or a path to a `.pth`
    or `.safetensors` file."""

    input_size: Count = 32
    """Side in pixels to which images are resized on the device."""

    normalize: Literal["auto", "dataset", "imagenet"] = "auto"
    """Channel statistics that inputs are normalised with; `auto`: those that torchvision names for
    the weights, else the training split's."""

    head: str | None = None
    """Dotted name of the layer that gives the logits, where it is not the last linear layer
    or convolution. In a model of family `file` it is made as wide as there are classes."""

    size_convention: Literal[
        "activations-x2-MiB-batch64", "activations-x2-MiB-batch1", "torchinfo-MB-batch1"
    ] = "activations-x2-MiB-batch1"
    """The rule for the total size; the published table uses these three."""

    @property
    def is_pretrained(self):
        return self.weights != NO_WEIGHTS

    @property
    def local_weights(self):
        """The path of a local weights file as text, or None."""
        # Names of torchvision's have no dot.
        is_path = "/" in self.weights or "." in self.weights
        path = local_path(self.weights) if is_path else None
        return path and str(path)

    @property
    def local_files(self):
        """Files of the user's that the settings name: paths by key."""
        return {"weights": self.local_weights} if self.local_weights else {}

    @property
    def code_files(self):
        """Paths of the Python files that the model is built from."""
        return [FAMILIES / f"{self.family}.py"]
