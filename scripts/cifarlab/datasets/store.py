"""A prepared data set on disk: memory-mappable arrays, and JSON files that describe and seal them.

train.json and test.json describe a split each, classes.json the classes; a stage reads only what
it needs, so another test split does not make a training stale. manifest.json has everything.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from engine.errors import UserError
from engine.files import file_digest, new_files, read_json, to_json

SPLITS = ("train", "test")
ARRAY_NAMES = tuple(f"{split}_{part}.npy" for split in SPLITS for part in ("images", "labels"))
FILES = (*ARRAY_NAMES, "train.json", "test.json", "classes.json", "manifest.json")
# The data set of a manifest that names none, by whether it is synthetic: once there were these two.
UNNAMED = {False: "cifar100", True: "synthetic"}


@dataclass(frozen=True)
class Split:
    """images: uint8 [n_images, height, width, 3] in RGB; labels: int64 [n_images]."""

    images: np.ndarray
    labels: np.ndarray


@dataclass(frozen=True)
class Dataset:
    """Both splits and the names of the classes.

    coarse_names, coarse_of_fine: the superclasses' names, and int64 [n_fine], the superclass of
    each class; None where the data set has no superclasses.
    """

    train: Split
    test: Split
    fine_names: list[str]
    coarse_names: list[str] | None = None
    coarse_of_fine: np.ndarray | None = None


def channel_statistics(images):
    """Mean and standard deviation per channel, in [0, 1].

    images: uint8 [n_images, height, width, 3]. Returns two lists of 3 floats. Exact: computed
    from the counts of the 256 values, so it needs no floating-point copy of the images.
    """
    values = np.arange(256) / 255
    means, deviations = [], []
    for channel in range(images.shape[-1]):
        pixels = images[..., channel].ravel()
        shares = np.bincount(pixels, minlength=256) / len(pixels)
        mean = float(shares @ values)
        means.append(mean)
        deviations.append(float(np.sqrt(shares @ (values - mean) ** 2)))
    return means, deviations


def describe_source(name, is_synthetic, origin):
    """What a manifest says of where its data came from, a JSON object.

    name: of the data set's module; origin: what its images follow from, a JSON object.
    """
    named = {} if UNNAMED[is_synthetic] == name else {"dataset": name}
    return {"synthetic": is_synthetic, **named, **origin}


def images_digest(dataset):
    """The identity of the images with their classes: a SHA-256 in hexadecimal.

    It follows from which images are in which split, each with its class, and not from their order
    in the split: two archives of the same images have different checksums and the same identity.
    """
    digest = hashlib.sha256()
    for split in (getattr(dataset, name) for name in SPLITS):
        shape = np.array(split.images.shape, "<i8").tobytes()
        pairs = zip(split.labels.astype("<i8"), split.images, strict=True)
        digests = (hashlib.sha256(label.tobytes() + image.tobytes()) for label, image in pairs)
        digest.update(shape + b"".join(sorted(each.digest() for each in digests)))
    return digest.hexdigest()


def save_dataset(dataset, folder, source):
    """Write the arrays and, last, `manifest.json` into `folder`; all of them or nothing.

    source: as `describe_source` returns it. Raises UserError on a full disk.
    """
    folder = Path(folder)
    with new_files(*(folder / name for name in FILES)) as partial_paths:
        partial_paths = dict(zip(FILES, partial_paths, strict=True))
        digests = {}
        for name in ARRAY_NAMES:
            split, part = name.removesuffix(".npy").split("_")
            # numpy reports a full disk without an error number when it writes to a file that it
            # opened itself; through a writer of ours it stays an OSError that says so.
            with open(partial_paths[name], "wb") as file:
                np.lib.format.write_array(_Writer(file), getattr(getattr(dataset, split), part))
            digests[name] = file_digest(partial_paths[name])
        for name, description in _descriptions(dataset, source, digests).items():
            partial_paths[name].write_text(to_json(description), encoding="utf-8")


def _descriptions(dataset, source, digests):
    """The content of each JSON file by its name."""
    mean, deviation = channel_statistics(dataset.train.images)
    statistics = {"channel_mean": mean, "channel_std": deviation}
    counts = {split: len(getattr(dataset, split).labels) for split in SPLITS}
    classes = {
        "n_classes": len(dataset.fine_names),
        "image_shape": list(dataset.train.images.shape[1:]),
        "fine_names": list(dataset.fine_names),
    }
    if dataset.coarse_names is not None:
        classes["coarse_names"] = list(dataset.coarse_names)
        classes["coarse_of_fine"] = dataset.coarse_of_fine.tolist()
    descriptions = {
        f"{split}.json": {
            "split": split,
            "count": counts[split],
            "n_classes": classes["n_classes"],
            **(statistics if split == "train" else {}),
            "sha256": {n: d for n, d in digests.items() if n.startswith(f"{split}_")},
        }
        for split in SPLITS
    }
    manifest = {
        "source": source,
        "images_sha256": images_digest(dataset),
        "counts": counts,
        **statistics,
        **classes,
        "sha256": digests,
    }
    return {**descriptions, "classes.json": classes, "manifest.json": manifest}


class _Writer:
    def __init__(self, file):
        self.write = file.write


def load_description(path):
    """One of the data set's JSON files as a dict; UserError where it is missing or another file."""
    description = read_json(path)
    if not isinstance(description, dict) or "n_classes" not in description:
        raise UserError(f"{path} does not describe a data set; run the data stage again")
    return description


def load_split(path):
    """One split, memory-mapped: what is written to its arrays stays in this process.

    path: the split's train.json or test.json, with its arrays beside it. Returns a Split. Raises
    UserError where an array is missing or does not have the size that is described.
    """
    description = load_description(path)
    if "split" not in description:
        raise UserError(f"{path} does not describe a split; name train.json or test.json")
    arrays = []
    for part in ("images", "labels"):
        array_path = Path(path).parent / f"{description['split']}_{part}.npy"
        try:
            # Copy-on-write: torch takes only arrays that may be written to without a copy.
            array = np.load(array_path, mmap_mode="c")
        except (OSError, EOFError, ValueError) as error:
            raise UserError(
                f"cannot read {array_path} ({error}); run the data stage again"
            ) from error
        if len(array) != description["count"]:
            raise UserError(
                f"{array_path} has {len(array):,} entries, {path} counts "
                f"{description['count']:,}; run the data stage again"
            )
        arrays.append(array)
    return Split(*arrays)
