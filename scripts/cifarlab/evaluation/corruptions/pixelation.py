"""Fewer pixels: a smaller image, and back to its size, both with a box filter."""

import numpy as np

# Share of the side that is left.
LEVELS = (0.95, 0.9, 0.85, 0.75, 0.65)


def corrupt(images, level, _draws):
    return np.stack([_pixelated(image, level) for image in images])


def _pixelated(image, level):
    from PIL import Image

    height, width = image.shape[:2]
    small = Image.fromarray(image).resize((int(width * level), int(height * level)), Image.BOX)
    return np.asarray(small.resize((width, height), Image.BOX))
