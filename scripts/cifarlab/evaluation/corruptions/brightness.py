"""Lighter images: more of the value in hue, saturation and value."""

import numpy as np

from cifarlab.evaluation.corrupting import to_bytes

# What is added to the value, which lies in [0, 1].
LEVELS = (0.05, 0.1, 0.15, 0.2, 0.3)


def corrupt(images, level, _draws):
    pixels = images / 255
    value = pixels.max(axis=3, keepdims=True)
    lighter = np.minimum(value + level, 1)
    # With hue and saturation as they are, the channels grow as the value does; black becomes grey.
    factor = np.divide(lighter, value, out=np.zeros_like(value), where=value > 0)
    return to_bytes(np.where(value > 0, pixels * factor, lighter))
