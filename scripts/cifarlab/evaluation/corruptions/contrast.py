"""Less contrast: every channel nearer to its mean over the image."""

from cifarlab.evaluation.corrupting import to_bytes

# Share of the differences from the mean that stays.
LEVELS = (0.75, 0.5, 0.4, 0.3, 0.15)


def corrupt(images, level, _draws):
    pixels = images / 255
    means = pixels.mean(axis=(1, 2), keepdims=True)
    return to_bytes((pixels - means) * level + means)
