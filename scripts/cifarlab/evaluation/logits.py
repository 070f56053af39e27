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
    (logits,) = _load_further(path, "logits_with_flips")
    return logits


def load_validation(path):
    """(logits, labels) of the images that the run held out from its training, or None without such.

    They are in predictions.npz, in shapes and types as those of the test split.
    """
    logits, labels = _load_further(path, "validation_logits", "validation_labels")
    return None if logits is None else (logits, labels)


def _load_further(path, *names):
    """Arrays of a predictions.npz that not every one has, None for one that it has not."""
    try:
        with np.load(path) as file:
            return [file.get(name) for name in names]
    except (OSError, EOFError, ValueError, BadZipFile) as error:
        raise UserError(f"cannot read predictions in {path} ({error}); evaluate again") from error


def save_predictions(path, logits, labels, logits_with_flips=None, validation=None):
    """Write a predictions.npz; shapes and types as they are when loaded.

    validation: (logits, labels) of the images held out, or None without such.
    """
    further = {} if logits_with_flips is None else {"logits_with_flips": logits_with_flips}
    if validation is not None:
        further["validation_logits"], further["validation_labels"] = validation
    with open(path, "wb") as file:
        np.savez(file, logits=logits, labels=labels, **further)
