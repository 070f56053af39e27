"""Mirror images."""

from typing import Annotated, Literal

from cifarlab.training.parts import AugmentationSettings, InOneStep


class Settings(AugmentationSettings):
    """Mirrors half of the images from left to right."""

    name: Literal["flip"]

    alternating: Annotated[bool, InOneStep(True)] = False
    """Whether an image is mirrored in every second epoch, half of them in the first one, instead of
    at random each time: so two epochs show each image both ways, Jordan 2024."""

    def build(self, draws, n_images):
        import torch

        coins = draws.integers(2, n_images).bool() if self.alternating else None

        def flip(images, places, epoch):
            if self.alternating:
                is_mirrored = coins[places] ^ bool(epoch % 2)
            else:
                is_mirrored = draws.integers(2, len(images)).bool()
            # To choose whole images takes a third of the time of torch.where.
            both = torch.cat([images, images.flip(2)])
            chosen = torch.arange(len(images), device=images.device) + len(images) * is_mirrored
            return both.index_select(0, chosen)

        return flip
