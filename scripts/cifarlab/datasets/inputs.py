"""From stored images to what a model takes, batch by batch, on the device."""

import copy
from dataclasses import asdict, dataclass

import torch
from torch.nn import functional

from cifarlab.datasets.copies import CopiesAhead, fits

# Of the images that torchvision's weights were trained on.
IMAGENET_MEAN, IMAGENET_STD = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]


MEMORY_FORMATS = {"channels_last": torch.channels_last, "contiguous": torch.contiguous_format}


@dataclass(frozen=True)
class InputSettings:
    """size: side in pixels; mean, std: 3 floats each, in [0, 1]; memory_format: of the images, and
    of the model that takes them, a key of MEMORY_FORMATS."""

    size: int
    mean: list[float]
    std: list[float]
    memory_format: str = "channels_last"

    def to_dict(self):
        return asdict(self)


def placed(model, inputs, device):
    """`model`, an nn.Module, on `device` in the memory format of its inputs."""
    return model.to(device, memory_format=MEMORY_FORMATS[inputs.memory_format])


def input_settings(settings, description, origin, memory_format):
    """The InputSettings of a model.

    settings: of the model; description: of the training split; origin: of its weights, or empty;
    memory_format: a key of MEMORY_FORMATS.
    """
    if settings.normalize == "imagenet":
        mean, std = IMAGENET_MEAN, IMAGENET_STD
    elif settings.normalize == "auto" and "mean" in origin:
        mean, std = origin["mean"], origin["std"]
    else:
        mean, std = description["channel_mean"], description["channel_std"]
    return InputSettings(settings.input_size, list(mean), list(std), memory_format)


class Images:
    """All images of a split as one tensor, given out in batches by index.

    images: uint8 [n_images, height, width, 3]; inputs: InputSettings. The images stay bytes of
    their own size until a batch is asked for; nothing is done per image in Python. `images` lies in
    the memory of `device` where it fits, else in the host's: `is_on_device` says which, and
    `index_device` where an index of them must lie.
    """

    def __init__(self, images, inputs, device):
        self.device = torch.device(device)
        # No copy: on a CPU a memory-mapped file is used in place, by several processes at once.
        pixels = torch.from_numpy(images)
        self.is_on_device = fits(pixels.nbytes, self.device)
        self.images = pixels.to(self.device) if self.is_on_device else pixels
        self.copies = None if self.is_on_device else CopiesAhead(self.device)
        self.size, self.memory_format = inputs.size, MEMORY_FORMATS[inputs.memory_format]
        # As large as an image: what is done along three channels alone is three times slower.
        mean, std = (torch.tensor(v, device=device) * 255 for v in (inputs.mean, inputs.std))
        # A channel that is the same in all images stays as it is, about its mean.
        scale = torch.where(std > 0, 1 / std, 1.0)
        self.mean, self.scale = (v.expand(images.shape[1:]).contiguous() for v in (mean, scale))

    def __len__(self):
        return len(self.images)

    @property
    def index_device(self):
        """The torch.device of an index that `batch` takes."""
        return self.images.device

    def only(self, index):
        """The Images of these indices alone, int64 [n]; a copy of their bytes."""
        images = copy.copy(self)
        images.images = self.images[index.to(self.index_device)]
        return images

    def index_on_device(self, index):
        """An index that `batch` takes, int64 [n], on `device`; nothing is waited for."""
        return self.copies.rows(index, slice(None)) if self.copies else index

    def batch(self, index):
        """Normalised float32 [n, 3, size, size], in the inputs' memory format.

        index: a slice, or int64 [n] on `index_device`.
        """
        return self.prepared(self.rows(index))

    def rows(self, index):
        """The images of an index as stored, uint8 [n, height, width, 3], on `device`."""
        if self.copies:
            return self.copies.rows(self.images, index)
        # Of whole images, index_select is faster than an index in brackets.
        return (
            self.images[index] if isinstance(index, slice) else self.images.index_select(0, index)
        )

    def prepared(self, rows):
        """What `batch` gives of such images, uint8 or float32 in [0, 255].

        Images are stored with the channels last, so that memory format costs nothing here. Resized
        bilinearly, and only where the size differs; normalising first gives the same, as both are
        linear, and touches fewer pixels.
        """
        pixels = rows.to(torch.float32, copy=True).sub_(self.mean).mul_(self.scale)
        pixels = pixels.permute(0, 3, 1, 2)
        if pixels.shape[2:] != (self.size, self.size):
            # Antialiasing changes nothing where images grow, and is not there on every device.
            shrinks = min(pixels.shape[2:]) > self.size
            pixels = functional.interpolate(
                pixels, size=(self.size, self.size), mode="bilinear", antialias=shrinks
            )
        return pixels.contiguous(memory_format=self.memory_format)
