"""The losses of JPEG, as Pillow compresses."""

import io

import numpy as np

# Pillow's quality, of 100.
LEVELS = (80, 65, 58, 50, 40)


def corrupt(images, level, _draws):
    return np.stack([_compressed(image, level) for image in images])


def _compressed(image, quality):
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "JPEG", quality=quality)
    return np.asarray(Image.open(buffer))
