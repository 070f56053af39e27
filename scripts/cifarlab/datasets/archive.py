"""The official CIFAR-100 archive (python version), read without trusting it."""

import io
import pickle
import tarfile
import zlib
from pathlib import PurePosixPath

import numpy as np

from cifarlab.datasets.store import Dataset, Split
from engine.errors import UserError

FOLDER = "cifar-100-python"
IMAGES_PER_SPLIT = {"train": 50_000, "test": 10_000}
N_FINE, N_COARSE = 100, 20
IMAGE_BYTES = 3 * 32 * 32
# The largest member, train, has 155 MB.
MEMBER_BYTES_LIMIT = 256 << 20


def read_archive(path):
    """The Dataset in a CIFAR-100 archive.

    path: a gzipped tar with cifar-100-python/train, test and meta, pickled by Python 2. Nothing is
    unpacked to disk. Raises UserError where the archive is damaged, unsafe or not CIFAR-100.
    Format: https://www.cs.toronto.edu/~kriz/cifar.html
    """
    members = {name: _unpickle(raw, name) for name, raw in _read_members(path).items()}
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


def _read_members(path):
    """The bytes of the expected members; every other regular file is passed over."""
    wanted = {f"{FOLDER}/{name}": name for name in (*IMAGES_PER_SPLIT, "meta")}
    found = {}
    try:
        with tarfile.open(path, "r:gz") as archive:
            for member in archive:
                name = PurePosixPath(member.name)
                if name.is_absolute() or ".." in name.parts:
                    raise _refusal(path, f"the member {member.name!r} lies outside the archive")
                if not (member.isfile() or member.isdir()):
                    raise _refusal(path, f"the member {member.name!r} is a link or a device")
                if member.isfile() and str(name) in wanted:
                    if member.size > MEMBER_BYTES_LIMIT:
                        raise _refusal(path, f"{member.name} has {member.size:,} bytes")
                    found[wanted[str(name)]] = archive.extractfile(member).read()
    except (tarfile.TarError, EOFError, zlib.error, OSError) as error:
        raise _refusal(path, f"it is not a whole gzipped tar ({error})") from error
    missing = sorted(set(wanted.values()) - set(found))
    if missing:
        raise _refusal(path, f"it has no {FOLDER}/{{{','.join(missing)}}}")
    return found


def _refusal(path, reason):
    return UserError(f"{path} is not a CIFAR-100 archive: {reason}; name another in dataset.source")


# How numpy arrays are pickled, before and since numpy 2.
ADMITTED_NAMES = {
    ("numpy", "dtype"),
    ("numpy", "ndarray"),
    ("numpy.core.multiarray", "_reconstruct"),
    ("numpy._core.multiarray", "_reconstruct"),
}


class _NarrowUnpickler(pickle.Unpickler):
    """Admits numpy arrays and plain containers; every other name in a pickle is refused.

    A pickle may name any function and call it, so loading one is running it.
    """

    def find_class(self, module, name):
        if (module, name) == ("_codecs", "encode"):
            return _encode_latin1
        if (module, name) not in ADMITTED_NAMES:
            raise UserError(
                f"the archive's pickle asks for {module}.{name}, where only numpy arrays and plain "
                "containers are admitted; it is not the official file, name another source"
            )
        return super().find_class(module.replace("numpy.core", "numpy._core"), name)


def _encode_latin1(text, encoding):
    """How Python 3 writes bytes into the pickle protocols of Python 2."""
    if encoding != "latin1":
        raise UserError(f"the archive's pickle holds text in {encoding!r}, expected latin1")
    return text.encode("latin1")


def _unpickle(raw, name):
    try:
        content = _NarrowUnpickler(io.BytesIO(raw), encoding="bytes").load()
    except UserError:
        raise
    except Exception as error:  # a damaged pickle can raise nearly anything
        raise UserError(
            f"{FOLDER}/{name} cannot be unpickled ({type(error).__name__}: {error}); "
            "the archive is damaged, name another source"
        ) from error
    if not isinstance(content, dict):
        raise _fault(name, f"expected a dictionary, found {type(content).__name__}")
    return {_text(key): value for key, value in content.items()}


def _text(value):
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


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
    return [_text(name) for name in names]


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
