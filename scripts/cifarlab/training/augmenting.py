"""From a batch of stored images to what a recipe makes of them, with labels that may be mixed."""

import random
from dataclasses import dataclass

import torch

# Combined with the seed of a run: the order of its images is drawn from the same kind of generator,
# and must not be drawn alike. Bits below 2**32, which are all that torch's generator takes.
OF_AUGMENTATIONS = 0x9E3779B9


class Draws:
    """What augmentations draw from, and nothing else does.

    of_images: torch.Generator on the device of the images; of_batches: random.Random, for what is
    the same for a whole batch, which needs no copy to the device.
    """

    def __init__(self, seed, device):
        own_seed = seed ^ OF_AUGMENTATIONS
        self.of_images = torch.Generator(device).manual_seed(own_seed)
        self.of_batches = random.Random(own_seed)

    def integers(self, below, *shape):
        """int64 numbers of this shape, from 0 on."""
        device = self.of_images.device
        return torch.randint(below, shape, generator=self.of_images, device=device)

    def state(self):
        return {"of_images": self.of_images.get_state(), "of_batches": self.of_batches.getstate()}

    def resume(self, state):
        self.of_images.set_state(state["of_images"])
        self.of_batches.setstate(state["of_batches"])


@dataclass(frozen=True)
class Batch:
    """Images with what they should be taken for.

    images: uint8 or float32 [n, height, width, 3], as stored; labels: int64 [n]; share: of the own
    label, the other share is of the label before it in the batch.
    """

    images: torch.Tensor
    labels: torch.Tensor
    share: float = 1.0

    def targets(self, rows, n_classes):
        """What a loss takes for some rows, a slice: int64 labels, or float32 shares if mixed."""
        labels = self.labels[rows]
        if self.share == 1:
            return labels
        others = self.labels.roll(1)[rows]
        targets = torch.zeros(len(labels), n_classes, device=labels.device)
        targets[torch.arange(len(labels), device=labels.device), labels] = self.share
        return targets.scatter_add_(
            1, others[:, None], torch.full_like(targets[:, :1], 1 - self.share)
        )


class Augmenter:
    """Makes the Batch of a step.

    images: Images; labels: int64 [n_images] on their device; augmentations: of a recipe; seed: of
    the run.
    """

    def __init__(self, images, labels, augmentations, seed):
        self.images, self.labels = images, labels
        self.draws = Draws(seed, labels.device) if augmentations else None
        built = [(part, part.build(self.draws, len(labels))) for part in augmentations]
        self.changes = [function for part, function in built if not part.mixes]
        self.mixing = next((function for part, function in built if part.mixes), None)

    def batch(self, index, epoch):
        """The Batch of the images `index`, int64 [n] on the images' index_device."""
        pixels = self.images.rows(index)
        places = self.images.index_on_device(index)
        labels = self.labels.index_select(0, places)
        for change in self.changes:
            pixels = change(pixels, places, epoch)
        if self.mixing is None:
            return Batch(pixels, labels)
        mixed, share = self.mixing(pixels.float())
        return Batch(mixed, labels, share)

    def state(self):
        return self.draws.state() if self.draws else None

    def resume(self, state):
        if self.draws:
            self.draws.resume(state)
