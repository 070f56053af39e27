"""CIFAR-100 archives made for a test: complete, or with one fault."""

import hashlib
import io
import pickle
import tarfile

import numpy as np

N_IMAGES = {"train": 50_000, "test": 10_000}


def contents():
    """What the official archive unpickles to, with black images."""
    members = {
        "meta": {
            b"fine_label_names": [f"fine {i}".encode() for i in range(100)],
            b"coarse_label_names": [f"coarse {i}".encode() for i in range(20)],
        }
    }
    for split, n_images in N_IMAGES.items():
        fine = np.arange(n_images) % 100
        members[split] = {
            b"data": np.zeros((n_images, 3072), dtype=np.uint8),
            b"fine_labels": fine.tolist(),
            b"coarse_labels": (fine // 5).tolist(),
            b"filenames": [b"x.png"],
            b"batch_label": b"batch 1 of 1",
        }
    return members


def write_archive(path, members=None, raw=None, extra=()):
    """Write a gzipped tar and return its MD5.

    members: dicts to pickle, by name; raw: bytes by name, instead of a pickle; extra: TarInfos.
    """
    files = {name: pickle.dumps(value, protocol=2) for name, value in (members or {}).items()}
    files.update(raw or {})
    with tarfile.open(path, "w:gz", compresslevel=1) as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(f"cifar-100-python/{name}")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
        for member in extra:
            archive.addfile(member, io.BytesIO(bytes(member.size)))
    return hashlib.md5(path.read_bytes()).hexdigest()
