"""The images that are trained on, as the project keeps them and as torchvision does."""

import os
import pickle
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import yaml
from benches.measuring import ROOT, BenchError, run, say

# A configuration that selects the real archive, as for the tests.
REAL_CONFIG = Path(os.environ.get("CIFAR100_CONFIG", "../shared/data/source.yaml"))
TORCHVISION_FOLDER = "cifar-100-python"


@dataclass(frozen=True)
class BenchImages:
    """kind: what the images are; folder: Path of what `prepare` wrote."""

    kind: str
    folder: Path

    @property
    def train(self):
        return self.folder / "prepared/train.json"

    @property
    def test(self):
        return self.folder / "prepared/test.json"

    @property
    def classes(self):
        return self.folder / "prepared/classes.json"

    @property
    def torchvision(self):
        return self.folder / "torchvision"


def real_source():
    """(Path of the archive, its MD5), or None where there is no real CIFAR-100."""
    path = ROOT / REAL_CONFIG
    if not path.is_file():
        return None
    dataset = yaml.safe_load(path.read_text())["dataset"]
    archive = ROOT / dataset["source"]
    return (archive.resolve(), dataset["md5"]) if archive.is_file() else None


def prepare(folder):
    """The BenchImages below a folder, made once: CIFAR-100 where it is found, else synthetic."""
    source = real_source()
    kind = "CIFAR-100" if source else "synthetic images of the shape of CIFAR-100"
    folder = Path(folder).resolve() / ("real" if source else "synthetic")
    if not folder.exists():
        say(f"preparing {kind}")
        partial = folder.with_name(f"{folder.name}.partial")
        shutil.rmtree(partial, ignore_errors=True)
        words = [
            sys.executable,
            "scripts/data.py",
            "--manifest",
            partial / "prepared/manifest.json",
        ]
        if source:
            words += ["cifar100", "--source", source[0], "--md5", source[1]]
            words += ["--downloads", partial / "downloads"]
        else:
            words += ["synthetic", "--train-per-class", "500", "--test-per-class", "100"]
        run(words)
        write_for_torchvision(partial / "prepared", partial / "torchvision")
        partial.rename(folder)
    return BenchImages(kind, folder)


def write_for_torchvision(prepared, folder):
    """Write the folder that torchvision.datasets.CIFAR100 reads.

    prepared: Path of a data set's arrays. The format: https://www.cs.toronto.edu/~kriz/cifar.html
    """
    folder = folder / TORCHVISION_FOLDER
    folder.mkdir(parents=True)
    for split in ("train", "test"):
        images = np.load(prepared / f"{split}_images.npy")
        if images.shape[1:] != (32, 32, 3):
            raise BenchError(f"expected images of 32x32x3, found {images.shape[1:]}")
        labels = np.load(prepared / f"{split}_labels.npy").tolist()
        rows = images.transpose(0, 3, 1, 2).reshape(len(images), -1)
        content = {"data": np.ascontiguousarray(rows), "fine_labels": labels}
        (folder / split).write_bytes(pickle.dumps(content))
    names = {"fine_label_names": [str(number) for number in range(max(labels) + 1)]}
    (folder / "meta").write_bytes(pickle.dumps(names))
