"""Images for measuring, whose values have no bearing."""

import torch

from cifarlab.datasets.inputs import InputSettings


def any_inputs(settings, memory_format):
    """InputSettings for images whose values have no bearing. settings: of the model."""
    return InputSettings(settings.input_size, [0.5] * 3, [0.5] * 3, memory_format)


def random_images(n_images, image_shape, device):
    """Images as a model takes them, float32 [n_images, *image_shape], always the same.

    Random, because zeros take less power than images do, and so less time on a GPU.
    """
    generator = torch.Generator().manual_seed(0)
    return torch.randn(n_images, *image_shape, generator=generator, device="cpu").to(device)
