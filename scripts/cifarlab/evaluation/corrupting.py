"""Corrupted forms of a split, made on the fly: the same ones for every model."""

import zlib

import numpy as np

# At once: their floats fit the memory.
CHUNK_IMAGES = 1000


def to_bytes(pixels):
    """Pixels in [0, 1] as uint8, cut off at both ends and rounded down, as CIFAR-10-C has them."""
    return (np.clip(pixels, 0, 1) * 255).astype(np.uint8)


def corrupted(images, name, corruption, severity):
    """All images of a split in one corrupted form, uint8 like them.

    images: uint8 [n, height, width, 3]; name, corruption: of a module of
    cifarlab.evaluation.corruptions; severity: from 1. What is random depends on the name, the
    severity and the place of the image alone.
    """
    level = corruption.LEVELS[severity - 1]
    result = np.empty(images.shape, dtype=np.uint8)
    for start in range(0, len(images), CHUNK_IMAGES):
        chunk = slice(start, start + CHUNK_IMAGES)
        draws = np.random.default_rng([zlib.crc32(name.encode()), severity, start])
        result[chunk] = corruption.corrupt(images[chunk], level, draws)
    return result
