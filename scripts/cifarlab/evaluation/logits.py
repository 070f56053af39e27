"""The file of a prediction."""

from zipfile import BadZipFile

import numpy as np

from engine.errors import UserError


def load_predictions(path):
    """Logits float32 [n_images, n_classes] and labels int64 [n_images] of a predictions.npz."""
    try:
        with np.load(path) as file:
            return file["logits"], file["labels"]
    except (OSError, EOFError, KeyError, ValueError, BadZipFile) as error:
        raise UserError(f"cannot read predictions in {path} ({error}); evaluate again") from error


def save_predictions(path, logits, labels):
    """Write a predictions.npz; shapes and types as `load_predictions` returns them."""
    with open(path, "wb") as file:
        np.savez(file, logits=logits, labels=labels)
