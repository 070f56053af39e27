"""From stored images to what a model takes, batch by batch, on the device."""

import numpy as np
import torch


class Images:
    """All images of a split as one tensor, given out in batches by index.

    images: uint8 [n_images, height, width, 3]; mean, std: 3 floats each, in [0, 1]. The images
    stay bytes until a batch is asked for; nothing is done per image in Python.
    """

    def __init__(self, images, mean, std, device):
        self.images = torch.from_numpy(np.array(images)).to(device)
        self.mean = torch.tensor(mean, device=device) * 255
        self.scale = 1 / (torch.tensor(std, device=device) * 255)

    def __len__(self):
        return len(self.images)

    def batch(self, index):
        """Normalised float32 [n, 3, height, width], in channels_last.

        index: a slice, or int64 [n] on the device. The images are stored with the channels last,
        so that memory format costs nothing here.
        """
        pixels = (self.images[index].float() - self.mean) * self.scale
        return pixels.permute(0, 3, 1, 2)


def images_of(split, manifest, device):
    """Images of a Split, normalised with the training split's statistics from the manifest."""
    return Images(split.images, manifest["channel_mean"], manifest["channel_std"], device)
