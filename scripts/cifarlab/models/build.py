"""From the settings of a model to the model, which is tried out on the way."""

import traceback
from contextlib import contextmanager

from cifarlab.models.families import FAMILIES
from engine.errors import UserError


def build_model(settings, n_classes):
    """The model that `settings` describes, for `n_classes` classes, seen to run on two images.

    Raises UserError where it cannot be built, or does not give one logit per class.
    """
    with _faults_of_the_model(settings):
        model = FAMILIES[settings.family].build(settings, n_classes)
        _try_out(model, settings, n_classes)
    return model


def build_for_counting(settings, n_classes):
    """The same in eval mode, on the meta device if it can be: all shapes, nothing computed.

    Some models need numbers to be built (RegNet's widths) or to run; those are on the CPU.
    """
    import torch

    try:
        with torch.device("meta"):
            model = FAMILIES[settings.family].build(settings, n_classes)
        _try_out(model, settings, n_classes)
    except Exception:  # built again on the CPU, where a fault of the model itself is reported
        model = build_model(settings, n_classes)
    return model.eval()


def _try_out(model, settings, n_classes):
    """Run two images through; raises UserError on logits of another shape. Leaves eval mode."""
    import torch

    device = next((parameter.device for parameter in model.parameters()), None)
    images = torch.zeros(2, 3, settings.input_size, settings.input_size, device=device)
    with torch.inference_mode():
        logits = model.eval()(images)
    shape = tuple(getattr(logits, "shape", ()))
    if shape != (2, n_classes):
        raise UserError(
            f"expected logits of shape {(2, n_classes)} for two images, found {shape or logits!r}; "
            "correct the model, or name its head"
        )


@contextmanager
def _faults_of_the_model(settings):
    """Turn whatever a model raises in the block into a UserError that says where."""
    try:
        yield
    except UserError:
        raise
    except Exception as error:  # a user's code and a user's settings can raise anything
        place = traceback.extract_tb(error.__traceback__)[-1]
        raise UserError(
            f"the model cannot be built and run with {settings.to_json()}: "
            f"{type(error).__name__}: {error} ({place.filename}, line {place.lineno}); "
            "correct its settings or its code"
        ) from error
