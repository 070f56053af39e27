"""Synthetic images: 32×32 textures that a linear model on pixels cannot classify."""

import numpy as np

from cifarlab.datasets.store import Dataset, Split
from engine.settings import Count, Seed
from engine.settings import Settings as BaseSettings

IMAGE_SIDE = 32
ORIENTATIONS = 10
WAVELENGTHS_PIXELS = (3.0, 7.0)
# Unit vectors in RGB along which a pattern swings, chosen far apart; a class uses one.
COLOUR_AXES = {
    "grey": (1, 1, 1),
    "red-cyan": (2, -1, -1),
    "green-magenta": (-1, 2, -1),
    "blue-yellow": (-1, -1, 2),
    "red-blue": (1, 0, -1),
}
N_COARSE = ORIENTATIONS * len(WAVELENGTHS_PIXELS)
N_FINE = N_COARSE * len(COLOUR_AXES)
CELLS = 4
CHUNK_IMAGES = 2_000


class Settings(BaseSettings):
    """Size and seed of the synthetic images."""

    train_per_class: Count = 500
    """Training images of each of the 100 classes."""

    test_per_class: Count = 100
    """Test images of each of the 100 classes."""

    seed: Seed = 0
    """Of the random draws; the same seed gives the same images."""


def train_per_class(settings):
    """Training images of each of the classes, list of int."""
    return [settings.train_per_class] * N_FINE


def make(settings):
    """The Dataset that these settings ask for."""
    return make_synthetic(**settings.model_dump())


def make_synthetic(train_per_class, test_per_class, seed):
    """A Dataset of 100 classes in 20 superclasses, the labels balanced.

    A superclass is a grating's orientation and wavelength, a class adds the colour axis along
    which it swings. Phase, sign, contrast, place, background and noise are drawn for every image,
    so the mean image of every class is the same grey: classes differ in local structure alone,
    and a linear model has only its traces in the variance. The same arguments give the same bytes.
    """
    generator = np.random.default_rng(seed)
    return Dataset(
        train=_make_split(train_per_class, generator),
        test=_make_split(test_per_class, generator),
        fine_names=[f"{coarse}_{colour}" for coarse in _coarse_names() for colour in COLOUR_AXES],
        coarse_names=_coarse_names(),
        coarse_of_fine=np.arange(N_FINE) // len(COLOUR_AXES),
    )


def _coarse_names():
    return [
        f"{size}_{180 * orientation // ORIENTATIONS}deg"
        for size in ("narrow", "wide")
        for orientation in range(ORIENTATIONS)
    ]


def _make_split(images_per_class, generator):
    labels = generator.permutation(np.repeat(np.arange(N_FINE), images_per_class))
    images = np.empty((len(labels), IMAGE_SIDE, IMAGE_SIDE, 3), dtype=np.uint8)
    for start in range(0, len(labels), CHUNK_IMAGES):
        chunk = slice(start, start + CHUNK_IMAGES)
        images[chunk] = _draw(labels[chunk], generator)
    return Split(images, labels.astype(np.int64))


def _draw(labels, generator):
    """One image per label: background + class's pattern + a distractor's pattern + noise."""
    n_images = len(labels)
    images = _pattern(labels, generator, contrast=(0.2, 0.5))
    # A second, fainter pattern of any other class: a filter that fires is not yet an answer.
    others = generator.integers(N_FINE, size=n_images)
    images += _pattern(others, generator, contrast=(0.0, 0.15))
    images += generator.uniform(0.3, 0.7, (n_images, 1, 1, 3)).astype(np.float32)
    images += 0.06 * generator.standard_normal(images.shape, dtype=np.float32)
    return (255 * np.clip(images, 0, 1)).astype(np.uint8)


def _pattern(labels, generator, contrast):
    """A windowed grating per label, float32 [n_images, 32, 32, 3], of random phase and place.

    labels: int [n_images]; contrast: lowest and highest amplitude, in [0, 1].
    """

    def uniform(low, high, *shape):
        return generator.uniform(low, high, (len(labels), *shape)).astype(np.float32)

    coarse, colour = np.divmod(labels, len(COLOUR_AXES))
    size, orientation = np.divmod(coarse, ORIENTATIONS)
    angle = np.pi * (orientation / ORIENTATIONS) + uniform(-0.08, 0.08)
    wave_number = 2 * np.pi / (np.array(WAVELENGTHS_PIXELS)[size] * uniform(0.90, 1.10))
    axes = np.array(list(COLOUR_AXES.values()), dtype=np.float32)
    axes = (axes / np.linalg.norm(axes, axis=1, keepdims=True))[colour] + uniform(-0.17, 0.17, 3)

    pixels = np.arange(IMAGE_SIDE, dtype=np.float32)
    # cos(ax + by) from the cosines and sines of a row and a column: no cosine per pixel.
    phase_x = np.outer(wave_number * np.cos(angle), pixels) + uniform(0, 2 * np.pi, 1)
    phase_y = np.outer(wave_number * np.sin(angle), pixels)
    grating = np.cos(phase_x)[:, None, :] * np.cos(phase_y)[:, :, None]
    grating -= np.sin(phase_x)[:, None, :] * np.sin(phase_y)[:, :, None]
    for axis in (1, 2):
        distance = (pixels - uniform(7, 25, 1)) / uniform(5, 10, 1)
        grating *= np.expand_dims(np.exp(-0.5 * distance**2), axis)
    # Cells of random sign: over the whole image a template's sum is small, a local filter's is not.
    cells = 2.0 * generator.integers(0, 2, (len(labels), CELLS, CELLS)) - 1
    grating *= cells.repeat(IMAGE_SIDE // CELLS, axis=1).repeat(IMAGE_SIDE // CELLS, axis=2)
    grating *= uniform(*contrast, 1, 1)
    return grating.astype(np.float32)[..., None] * axes[:, None, None, :]
