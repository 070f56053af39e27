"""A prepared data set on disk: memory-mappable arrays and a manifest that seals them."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cifarlab.errors import UserError
from cifarlab.files import file_digest, new_files, read_json, to_json

SPLITS = ("train", "test")
ARRAY_NAMES = tuple(f"{split}_{part}.npy" for split in SPLITS for part in ("images", "labels"))


@dataclass(frozen=True)
class Split:
    """images: uint8 [n_images, 32, 32, 3] in RGB; labels: int64 [n_images], fine classes."""

    images: np.ndarray
    labels: np.ndarray


@dataclass(frozen=True)
class Dataset:
    """Both splits, the names of the classes, and coarse_of_fine: int64 [n_fine]."""

    train: Split
    test: Split
    fine_names: list[str]
    coarse_names: list[str]
    coarse_of_fine: np.ndarray


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


def save_dataset(dataset, folder, source):
    """Write the arrays and, last, `manifest.json` into `folder`; whole or not at all.

    source: a JSON object that says where the data came from. Raises UserError on a full disk.
    """
    folder = Path(folder)
    mean, deviation = channel_statistics(dataset.train.images)
    manifest = {
        "source": source,
        "counts": {split: len(getattr(dataset, split).labels) for split in SPLITS},
        "image_shape": list(dataset.train.images.shape[1:]),
        "channel_mean": mean,
        "channel_std": deviation,
        "fine_names": list(dataset.fine_names),
        "coarse_names": list(dataset.coarse_names),
        "coarse_of_fine": dataset.coarse_of_fine.tolist(),
    }
    paths = [folder / name for name in (*ARRAY_NAMES, "manifest.json")]
    with new_files(*paths) as partial_paths:
        digests = {}
        for name, partial_path in zip(ARRAY_NAMES, partial_paths, strict=False):
            split, part = name.removesuffix(".npy").split("_")
            # numpy reports a full disk without an error number when it writes to a file that it
            # opened itself; through a writer of ours it stays an OSError that says so.
            with open(partial_path, "wb") as file:
                np.lib.format.write_array(_Writer(file), getattr(getattr(dataset, split), part))
            digests[name] = file_digest(partial_path)
        partial_paths[-1].write_text(to_json({**manifest, "sha256": digests}), encoding="utf-8")


class _Writer:
    def __init__(self, file):
        self.write = file.write


def load_manifest(path):
    """The manifest as a dict; UserError where it is missing or not a manifest."""
    manifest = read_json(path)
    if not isinstance(manifest, dict) or "sha256" not in manifest:
        raise UserError(f"{path} is not the manifest of a data set; run the data stage again")
    return manifest


def load_split(manifest_path, split):
    """One split, memory-mapped read-only.

    manifest_path: the data set's manifest.json; split: "train" or "test". Returns a Split.
    Raises UserError where an array is missing or does not have the size that the manifest counts.
    """
    count = load_manifest(manifest_path)["counts"][split]
    arrays = []
    for part in ("images", "labels"):
        path = Path(manifest_path).parent / f"{split}_{part}.npy"
        try:
            array = np.load(path, mmap_mode="r")
        except (OSError, EOFError, ValueError) as error:
            raise UserError(f"cannot read {path} ({error}); run the data stage again") from error
        if len(array) != count:
            raise UserError(
                f"{path} has {len(array):,} entries, the manifest counts {count:,}; "
                "run the data stage again"
            )
        arrays.append(array)
    return Split(*arrays)
