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


def load_logits_with_flips(path):
    """The further logits of a predictions.npz, as its logits, or None where there are none.

    They are means of those of each image and of its mirror image.
    """
    try:
        with np.load(path) as file:
            return file.get("logits_with_flips")
    except (OSError, EOFError, ValueError, BadZipFile) as error:
        raise UserError(f"cannot read predictions in {path} ({error}); evaluate again") from error


def save_predictions(path, logits, labels, logits_with_flips=None):
    """Write a predictions.npz; shapes and types as they are when loaded."""
    further = {} if logits_with_flips is None else {"logits_with_flips": logits_with_flips}
    with open(path, "wb") as file:
        np.savez(file, logits=logits, labels=labels, **further)
