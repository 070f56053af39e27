"""The project's own weights files: writing them and loading them, exactly."""

import json
import os
import re
from collections import OrderedDict
from pathlib import Path
from tempfile import TemporaryDirectory

import safetensors
import safetensors.torch
import torch

from cifarlab.models.heads import find_head
from cifarlab.models.packing import pack, unpack
from engine.errors import UserError

METADATA_KEY = "cifarlab"
# Where the packing stands in the metadata.
PACKING = "packing"


def save_weights(path, state, metadata):
    """Write what `state_dict()` returned and a JSON object as a .safetensors file.

    What is tied is stored once. Raises UserError as `pack`, OSError on a full disk. The numbers go
    from where they are to the file: a copy in memory would be as large as the model.
    """
    tensors, packing = pack(state)
    if packing:
        metadata = {**metadata, PACKING: packing}
    # One entry: the library writes several in another order each time.
    metadata = {METADATA_KEY: json.dumps(metadata)}
    path = Path(path)
    # The library writes another file first, whose name it chooses and which its owner alone may
    # read. Whatever becomes of this process, that file is found by the name of its folder.
    with TemporaryDirectory(prefix=f"{path.name}.", dir=path.parent) as folder:
        file = Path(folder) / path.name
        try:
            safetensors.torch.save_file(tensors, file, metadata=metadata)
        except safetensors.SafetensorError as error:
            # It gives the number of the system's error as text alone.
            if number := re.search(r"\(os error (\d+)\)", str(error)):
                raise OSError(int(number[1]), os.strerror(int(number[1])), str(path)) from error
            raise
        path.touch()
        file.chmod(path.stat().st_mode)
        file.replace(path)


def read_safetensors(path):
    """The state dict in a .safetensors file; names that the file ties share their tensor.

    Raises UserError where the file is damaged.
    """
    try:
        with safetensors.safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
        tensors = safetensors.torch.load_file(path)
        if METADATA_KEY in metadata:
            return unpack(tensors, json.loads(metadata[METADATA_KEY]).get(PACKING, {}))
    except Exception as error:  # the metadata may hold anything
        raise UserError(
            f"cannot read weights in {path}: it is cut short or damaged ({reason_of(error)}); "
            "fetch or save it again"
        ) from error
    # As safetensors.torch.save_model notes them.
    tied = {name: tensors[first] for name, first in metadata.items() if first in tensors}
    return {**tied, **tensors}


def reason_of(error):
    """The first line of what a library says, without the escapes that colour it on a terminal."""
    text = next(iter(str(error).splitlines()), "") or type(error).__name__
    return re.sub(r"\x1b\[[\d;]*m", "", text)


def read_metadata(path):
    """The JSON object that `save_weights` put into a file; UserError where there is none."""
    try:
        with safetensors.safe_open(path, framework="pt") as file:
            metadata = json.loads((file.metadata() or {})[METADATA_KEY])
    except (OSError, KeyError, ValueError, safetensors.SafetensorError) as error:
        raise UserError(
            f"{path} is not a weights file of this workflow ({error}); rerun the job that writes it"
        ) from error
    metadata.pop(PACKING, None)
    return metadata


def keys_that_differ(expected, state):
    """Keys that are missing, unexpected or of another shape: lists by these words.

    expected, state: tensors by name. A dict from what is wrong to a dict from the key to its text.
    """
    faults = {
        "missing": {key: key for key in expected if key not in state},
        "unexpected": {key: key for key in state if key not in expected},
        "of another shape": {
            key: f"{key} ({_shape(state[key])}, expected {_shape(expected[key])})"
            for key in expected
            if key in state
            and not is_extra_state(key)
            and _shape(state[key]) != _shape(expected[key])
        },
    }
    return {what: keys for what, keys in faults.items() if keys}


def check_keys(expected, state, path, cure=lambda faults: None):
    """Raise UserError that lists keys which are missing, unexpected or of another shape.

    expected, state: tensors by name; path: of the file of `state`, for the message; cure: gives
    what to do about what `keys_that_differ` returns, or None where nothing better is known.
    """
    faults = keys_that_differ(expected, state)
    if faults:
        listed = "; ".join(
            f"{len(keys)} {what}: {some(keys.values())}" for what, keys in faults.items()
        )
        advice = cure(faults) or "name weights of this model"
        raise UserError(f"{path} does not fit the model; {listed}; {advice}")


def is_extra_state(key):
    """Whether a key is that of a module's own `get_extra_state`, which may be anything."""
    return key.rpartition(".")[2] == "_extra_state"


def _shape(value):
    """The shape of a tensor as text."""
    if not torch.is_tensor(value):
        return type(value).__name__
    return "×".join(map(str, value.shape)) or "one number"


def some(names, most=8):
    """A list of names as text that is never long."""
    names = sorted(names)
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


def load_into(model, path, without_head=None):
    """Load one of the project's own weights files into `model`, whose ties stay.

    without_head: dotted name of a head that keeps its fresh weights, or None. Raises UserError
    that lists what is missing, unexpected or of another shape.
    """
    state = read_safetensors(path)
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
    try:
        model.load_state_dict(complete)
    except Exception as error:  # a module may load its part itself, as it likes
        raise UserError(
            f"the model does not load its own state from {path} "
            f"({type(error).__name__}: {reason_of(error)}); correct the code of the model"
        ) from error


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
