"""Any classification model of torchvision, with a head for the data set's classes."""

import difflib
import math
import re
from typing import Literal

from cifarlab.models.settings import BaseModelSettings
from engine.errors import UserError
from engine.settings import Count

# Auxiliary classifiers help training on ImageNet from scratch; a fine-tuned model has one head.
AUXILIARY_PREFIXES = ("AuxLogits.", "aux1.", "aux2.")


class Settings(BaseModelSettings):
    """An architecture by torchvision's name for it."""

    family: Literal["torchvision"]
    """The module that builds the model."""

    architecture: str
    """A name of `torchvision.models.list_models(module=torchvision.models)`."""

    input_size: Count = 224
    """Side in pixels to which images are resized on the device."""

    interpolate_positions: bool | None = None
    """`true`: a vision transformer may start from weights for another `input_size`; its position
    embeddings are interpolated, as in torchvision's reference."""


def build(settings, n_classes):
    """torchvision.models.get_model without its weights, its head replaced.

    Raises UserError on a name that torchvision does not have.
    """
    from torchvision.models import get_model

    from cifarlab.models.heads import replace_head

    name = _checked_name(settings.architecture)
    options = {}
    if name.startswith("vit_"):
        options["image_size"] = settings.input_size
    if name in ("googlenet", "inception_v3"):
        # As torchvision sets them: its weights of these two expect inputs scaled their own way.
        options.update(aux_logits=False, init_weights=True, transform_input=settings.is_pretrained)
    model = get_model(name, weights=None, **options)
    replace_head(model, settings.head, n_classes)
    return model


def _checked_name(name):
    import torchvision

    known = torchvision.models.list_models(module=torchvision.models)
    if name not in known:
        close = difflib.get_close_matches(name, known, n=3) or known
        raise UserError(
            f"architecture: torchvision has no classification model {name!r}; "
            f"it has, for example: {', '.join(close)}"
        )
    return name


def named_weights(settings):
    """The entry of torchvision's weight enumeration that the settings name.

    Returns a torchvision Weights object: url, and transforms() with mean and std.
    Raises UserError on a name that the architecture's enumeration does not have.
    """
    from torchvision.models import get_model_weights

    weights = get_model_weights(_checked_name(settings.architecture))
    if settings.weights not in weights.__members__:
        raise UserError(
            f"weights: torchvision has no {settings.weights!r} for {settings.architecture}; "
            f"it has {', '.join(weights.__members__)}; "
            "or give none, a URL, or a path to a .pth or .safetensors file"
        )
    return weights[settings.weights]


def adapt_state(settings, state):
    """A published state dict as this version of the architecture names its keys.

    Raises UserError where a vision transformer's position embeddings are for another input size.
    """
    state = {key: value for key, value in state.items() if not key.startswith(AUXILIARY_PREFIXES)}
    if settings.architecture.startswith("densenet"):
        # Published before modules could not have dots in their names: norm.1 is norm1 today.
        old = re.compile(r"(denselayer\d+\.(?:norm|relu|conv))\.(\d)\.")
        state = {old.sub(r"\1\2.", key): value for key, value in state.items()}
    if settings.architecture.startswith("vit_"):
        # Published before its blocks were torchvision.ops.MLP, with layers 0 and 3.
        old = re.compile(r"(\.mlp)\.linear_([12])\.")
        state = {old.sub(_layer_of_mlp, key): value for key, value in state.items()}
        state = _with_positions(settings, state)
    return state


def _layer_of_mlp(found):
    return f"{found[1]}.{3 * (int(found[2]) - 1)}."


def _with_positions(settings, state):
    """A vision transformer's state, with position embeddings for the input size."""
    from torchvision.models.vision_transformer import interpolate_embeddings

    positions, projection = state.get("encoder.pos_embedding"), state.get("conv_proj.weight")
    patch = int(settings.architecture.rpartition("_")[2])
    if getattr(positions, "ndim", 0) != 3 or getattr(projection, "shape", ())[2:] != (patch, patch):
        return state
    # One embedding for each patch, and one for the class token.
    patches_a_side = math.isqrt(max(positions.shape[1] - 1, 0))
    is_square = positions.shape[:2] == (1, patches_a_side**2 + 1)
    if not is_square or patches_a_side == settings.input_size // patch:
        return state
    if not settings.interpolate_positions:
        fitting = patches_a_side * patch
        raise UserError(
            f"weights: their position embeddings are for input_size {fitting}, expected "
            f"{settings.input_size}; set input_size: {fitting}, or interpolate_positions: true"
        )
    return interpolate_embeddings(
        settings.input_size, patch, state | {"encoder.pos_embedding": positions.float()}
    )
