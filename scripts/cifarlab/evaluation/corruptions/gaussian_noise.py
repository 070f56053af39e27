"""Noise of every pixel and channel by itself, as in little light."""

from cifarlab.evaluation.corrupting import to_bytes

# Standard deviation, of pixels in [0, 1].
LEVELS = (0.04, 0.06, 0.08, 0.09, 0.10)


def corrupt(images, level, draws):
    return to_bytes(images / 255 + draws.normal(scale=level, size=images.shape))
