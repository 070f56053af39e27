"""A blur, the same in all directions."""

import numpy as np

from cifarlab.evaluation.corrupting import to_bytes

# Standard deviation in pixels.
LEVELS = (0.4, 0.6, 0.7, 0.8, 1.0)
# Farther away the weights are left out, as scipy does it.
MOST_DEVIATIONS = 4


def corrupt(images, level, _draws):
    reach = int(MOST_DEVIATIONS * level + 0.5)
    weights = np.exp(-0.5 * (np.arange(-reach, reach + 1) / level) ** 2)
    weights /= weights.sum()
    pixels = images / 255
    for axis in (1, 2):
        # What lies outside is as the nearest pixel inside.
        margins = [(reach, reach) if number == axis else (0, 0) for number in range(4)]
        padded, side = np.pad(pixels, margins, mode="edge"), images.shape[axis]
        pixels = sum(
            weight * padded.take(range(start, start + side), axis)
            for start, weight in enumerate(weights)
        )
    return to_bytes(pixels)
