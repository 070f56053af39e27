"""From stored images to what a model takes, batch by batch, on the device."""

import copy
from dataclasses import asdict, dataclass

import numpy as np
import torch
from torch.nn import functional

# Of the images that torchvision's weights were trained on.
IMAGENET_MEAN, IMAGENET_STD = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]


@dataclass(frozen=True)
class InputSettings:
    """size: side in pixels; mean, std: 3 floats each, in [0, 1]."""

    size: int
    mean: list[float]
    std: list[float]

    def to_dict(self):
        return asdict(self)


def input_settings(settings, description, origin):
    """The InputSettings of a model.

    settings: of the model; description: of the training split; origin: of its weights, or empty.
    """
    if settings.normalize == "imagenet":
        mean, std = IMAGENET_MEAN, IMAGENET_STD
    elif settings.normalize == "auto" and "mean" in origin:
        mean, std = origin["mean"], origin["std"]
    else:
        mean, std = description["channel_mean"], description["channel_std"]
    return InputSettings(settings.input_size, list(mean), list(std))


class Images:
    """All images of a split as one tensor, given out in batches by index.

    images: uint8 [n_images, height, width, 3]; inputs: InputSettings. The images stay bytes of
    their own size until a batch is asked for; nothing is done per image in Python.
    """

    def __init__(self, images, inputs, device):
        self.images = torch.from_numpy(np.array(images)).to(device)
        self.size = inputs.size
        self.mean = torch.tensor(inputs.mean, device=device) * 255
        self.scale = 1 / (torch.tensor(inputs.std, device=device) * 255)

    def __len__(self):
        return len(self.images)

    def only(self, index):
        """The Images of these indices alone, int64 [n]; a copy of their bytes."""
        images = copy.copy(self)
        images.images = self.images[index.to(self.images.device)]
        return images

    def batch(self, index):
        """Normalised float32 [n, 3, size, size], in channels_last.

        index: a slice, or int64 [n] on the device. The images are stored with the channels last,
        so that memory format costs nothing here. Resized bilinearly, and only where the size
        differs; normalising first gives the same, as both are linear, and touches fewer pixels.
        """
        pixels = ((self.images[index].float() - self.mean) * self.scale).permute(0, 3, 1, 2)
        if pixels.shape[2:] == (self.size, self.size):
            return pixels
        # Antialiasing changes nothing where images grow, and is not there on every device.
        shrinks = min(pixels.shape[2:]) > self.size
        return functional.interpolate(
            pixels, size=(self.size, self.size), mode="bilinear", antialias=shrinks
        )
