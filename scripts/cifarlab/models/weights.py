"""Weights files: reading others' without running code, writing and loading the project's own."""

import json
from collections import OrderedDict
from pathlib import Path

import safetensors
import safetensors.torch
import torch

from cifarlab.models.heads import find_head
from engine.errors import UserError

METADATA_KEY = "cifarlab"
# A training script often keeps the weights under one of these, beside its optimizer's state.
WRAPPERS = ("state_dict", "model")


def read_state(path):
    """The tensors of a .safetensors or .pth file by name; no code in it is run.

    Raises UserError where the file is damaged or holds anything but tensors.
    """
    try:
        if Path(path).suffix == ".safetensors":
            return safetensors.torch.load_file(path)
        state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch.load raises nearly anything on a damaged file
        reason = next(iter(str(error).splitlines()), type(error).__name__)
        raise UserError(
            f"cannot read weights in {path}: expected tensors by name, nothing else ({reason}); "
            "save model.state_dict() and name that file"
        ) from error
    for wrapper in WRAPPERS:
        if isinstance(state, dict) and isinstance(state.get(wrapper), dict):
            state = state[wrapper]
    if not isinstance(state, dict) or not all(torch.is_tensor(v) for v in state.values()):
        raise UserError(
            f"{path} does not hold tensors by name; save model.state_dict() and name that file"
        )
    return state


def check_keys(expected, state, path):
    """Raise UserError that lists keys which are missing, unexpected or of another shape.

    expected, state: tensors by name; path: of the file of `state`, for the message.
    """
    faults = {
        "missing": expected.keys() - state.keys(),
        "unexpected": state.keys() - expected.keys(),
        "of another shape": {
            f"{key} ({_shape(state[key])}, expected {_shape(expected[key])})"
            for key in expected.keys() & state.keys()
            if expected[key].shape != state[key].shape
        },
    }
    if any(faults.values()):
        listed = "; ".join(
            f"{len(keys)} {what}: {_some(keys)}" for what, keys in faults.items() if keys
        )
        raise UserError(f"{path} does not fit the model; {listed}; name weights of this model")


def _shape(tensor):
    return "×".join(map(str, tensor.shape))


def _some(keys, most=8):
    keys = sorted(keys)
    return ", ".join(keys[:most]) + (f" and {len(keys) - most} more" if len(keys) > most else "")


def weights_as_bytes(state, metadata):
    """Tensors by name and a JSON object as the bytes of a .safetensors file."""
    # The format knows one memory layout, so weights in channels_last are packed first.
    packed = {key: value.detach().cpu().contiguous() for key, value in state.items()}
    return safetensors.torch.save(packed, metadata={METADATA_KEY: json.dumps(metadata)})


def read_metadata(path):
    """The JSON object that `weights_as_bytes` put into a file; UserError where there is none."""
    try:
        with safetensors.safe_open(path, framework="pt") as file:
            return json.loads((file.metadata() or {})[METADATA_KEY])
    except (OSError, KeyError, ValueError, safetensors.SafetensorError) as error:
        raise UserError(
            f"{path} is not a weights file of this workflow ({error}); rerun the job that writes it"
        ) from error


def load_into(model, path, without_head=None):
    """Load one of the project's own weights files into `model`.

    without_head: dotted name of a head that keeps its fresh weights, or None. Raises UserError
    that lists what is missing, unexpected or of another shape.
    """
    state = read_state(path)
    expected = model.state_dict()
    kept = {
        key: value
        for key, value in expected.items()
        if without_head and key.startswith(f"{without_head}.")
    }
    check_keys({key: value for key, value in expected.items() if key not in kept}, state, path)
    complete = OrderedDict({**state, **kept})
    # Some modules (MNASNet's) refuse a state without the version that state_dict() notes.
    complete._metadata = expected._metadata
    model.load_state_dict(complete)


def load_initial(model, settings, path):
    """Load what the stage weights kept for a model; a replaced head keeps its fresh weights.

    settings: of the model; path: the stage's output, or None to train from scratch. Returns the
    origin of the weights, empty from scratch. Raises UserError as `load_into`.
    """
    if path is None:
        return {}
    origin = read_metadata(path)
    replaced = find_head(model, settings.head)[0] if origin["head"] == "replaced" else None
    load_into(model, path, without_head=replaced)
    return origin
