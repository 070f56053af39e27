"""CIFAR-100: 60,000 photographs of 32×32 pixels, in 100 classes and 20 superclasses."""

import numpy as np

from cifarlab.datasets.archive import as_text, read_pickles
from cifarlab.datasets.store import Dataset, Split
from engine.errors import UserError
from engine.settings import Settings as BaseSettings

FOLDER = "cifar-100-python"
IMAGES_PER_SPLIT = {"train": 50_000, "test": 10_000}
N_FINE, N_COARSE = 100, 20
IMAGE_BYTES = 3 * 32 * 32


class Settings(BaseSettings):
    """CIFAR-100 has no settings: its archive, which the MD5 identifies, says everything."""


def train_per_class(_settings):
    """Training images of each of the classes, list of int."""
    return [IMAGES_PER_SPLIT["train"] // N_FINE] * N_FINE


def read(path, _settings):
    """The Dataset in a CIFAR-100 archive.

    path: a gzipped tar with cifar-100-python/train, test and meta, pickled by Python 2. Raises
    UserError where the archive is damaged, unsafe or not CIFAR-100.
    Format: https://www.cs.toronto.edu/~kriz/cifar.html
    """
    paths = {name: f"{FOLDER}/{name}" for name in (*IMAGES_PER_SPLIT, "meta")}
    pickles = read_pickles(path, paths.values())
    members = {name: pickles[path] for name, path in paths.items()}
    fine_names = _names(members["meta"], "fine_label_names", N_FINE)
    coarse_names = _names(members["meta"], "coarse_label_names", N_COARSE)
    splits, coarse_labels = {}, {}
    for split, n_images in IMAGES_PER_SPLIT.items():
        content = members[split]
        images = _images(content, split, n_images)
        fine = _labels(content, "fine_labels", split, n_images, N_FINE)
        coarse_labels[split] = _labels(content, "coarse_labels", split, n_images, N_COARSE)
        splits[split] = Split(images, fine)
    coarse_of_fine = _coarse_of_fine(splits, coarse_labels)
    return Dataset(splits["train"], splits["test"], fine_names, coarse_names, coarse_of_fine)


def _fault(member, reason):
    return UserError(f"{FOLDER}/{member}: {reason}; the archive is not CIFAR-100, name another")


def _entry(content, key, member):
    if key not in content:
        raise _fault(member, f"expected a key {key!r}, found {sorted(content)}")
    return content[key]


def _names(meta, key, count):
    names = _entry(meta, key, "meta")
    if not isinstance(names, list) or len(names) != count:
        raise _fault("meta", f"expected {count} names in {key!r}")
    return [as_text(name) for name in names]


def _images(content, split, n_images):
    rows = _entry(content, "data", split)
    if not isinstance(rows, np.ndarray) or rows.dtype != np.uint8:
        raise _fault(split, "expected the images as an array of bytes (uint8)")
    if rows.shape != (n_images, IMAGE_BYTES):
        raise _fault(
            split, f"expected images of shape {(n_images, IMAGE_BYTES)}, found {rows.shape}"
        )
    # A row holds the red, green and blue planes one after the other.
    return np.ascontiguousarray(rows.reshape(n_images, 3, 32, 32).transpose(0, 2, 3, 1))


def _labels(content, key, split, n_images, n_classes):
    try:
        labels = np.asarray(_entry(content, key, split))
    except ValueError as error:
        raise _fault(split, f"expected whole numbers in {key!r} ({error})") from error
    if labels.shape != (n_images,) or labels.dtype.kind not in "iu":
        raise _fault(split, f"expected {n_images:,} whole numbers in {key!r}, found {labels.shape}")
    if labels.min() < 0 or labels.max() >= n_classes:
        raise _fault(
            split,
            f"expected {key!r} from 0 to {n_classes - 1}, found {labels.min()} to {labels.max()}",
        )
    counts = np.bincount(labels, minlength=n_classes)
    if len(set(counts.tolist())) != 1:
        raise _fault(
            split,
            f"expected {n_images // n_classes} images for each of {n_classes} {key}, "
            f"found {counts.min()} to {counts.max()}",
        )
    return labels.astype(np.int64)


def _coarse_of_fine(splits, coarse_labels):
    coarse_of_fine = np.full(N_FINE, -1, dtype=np.int64)
    coarse_of_fine[splits["train"].labels] = coarse_labels["train"]
    for split, coarse in coarse_labels.items():
        wrong = np.flatnonzero(coarse_of_fine[splits[split].labels] != coarse)
        if len(wrong):
            fine = splits[split].labels[wrong[0]]
            raise _fault(split, f"fine class {fine} belongs to more than one superclass")
    return coarse_of_fine
