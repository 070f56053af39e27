"""A state dict as the tensors that a .safetensors file can hold, and back, bit by bit."""

import io
from functools import cache

import safetensors.torch
import torch

from cifarlab.models.pickles import look_into
from engine.errors import UserError


def pack(state):
    """(tensors, packing) of what `state_dict()` returned.

    tensors: by name, dense and contiguous on the CPU, no two of which share memory; packing: what
    they do not say, a JSON object, empty for most models. tied: for a name that stands for the same
    tensor as another one, that other name; saved: names of plain values, such as extra state, whose
    tensors are the bytes that torch.save wrote. Raises UserError on what cannot be kept.
    """
    tensors, tied, saved, first_names, storages = {}, {}, [], {}, set()
    for name, value in state.items():
        if not torch.is_tensor(value):
            tensors[name] = _as_bytes(name, value)
            saved.append(name)
            continue
        _check(name, value)
        if value.numel():
            first_name = first_names.setdefault(_place(value), name)
            if first_name != name:
                tied[name] = first_name
                continue
        # The format knows one memory layout, so weights in channels_last are packed first.
        packed = value.detach().cpu().contiguous().resolve_conj().resolve_neg()
        storage = packed.untyped_storage().data_ptr()
        tensors[name] = packed.clone() if storage in storages else packed
        storages.add(storage)
    packing = {"tied": tied, "saved": saved}
    return tensors, {key: value for key, value in packing.items() if value}


def unpack(tensors, packing):
    """The state dict that `pack` was given. Raises KeyError where the two do not fit together."""
    state = dict(tensors)
    for name in packing.get("saved", []):
        content = io.BytesIO(tensors[name].numpy().tobytes())
        state[name] = torch.load(content, map_location="cpu", weights_only=True)
    for name, first_name in packing.get("tied", {}).items():
        state[name] = tensors[first_name]
    return state


def _place(tensor):
    """What two tensors have in common that are the same: where and how the numbers lie."""
    return (
        *(tensor.device, tensor.untyped_storage().data_ptr(), tensor.storage_offset()),
        *(tensor.shape, tensor.stride(), tensor.dtype, tensor.is_conj(), tensor.is_neg()),
    )


def _check(name, value):
    if torch.nn.parameter.is_lazy(value):
        found = "a parameter without a shape, as no image went through its layer"
    elif value.is_meta:
        found = "a tensor without numbers (on the meta device)"
    elif value.layout is not torch.strided or value.is_nested:
        found = f"a tensor of layout {value.layout}"
    elif not _is_known(value.dtype):
        found = f"a tensor of type {value.dtype}"
    else:
        return
    raise UserError(
        f"the model's state cannot be saved: {name} is {found}, which a .safetensors file cannot "
        "hold; use another type, or a buffer with persistent=False"
    )


@cache
def _is_known(dtype):
    """Whether the format has this type, which depends on the version of safetensors."""
    try:
        content = safetensors.torch.save({"x": torch.empty(0, dtype=dtype)})
        return safetensors.torch.load(content)["x"].dtype == dtype
    except Exception:  # raises nearly anything for a type that it does not know
        return False


def _as_bytes(name, value):
    content = io.BytesIO()
    try:
        torch.save(value, content)
        content.seek(0)
        torch.load(content, weights_only=True)
    except Exception as error:  # __reduce__ of anything can raise anything
        found = ", ".join(look_into(content).names) or type(value).__name__
        raise UserError(
            f"the model's state cannot be saved: {name} holds {found}; "
            "let get_extra_state() return tensors, numbers and texts, in dicts and lists"
        ) from error
    return torch.frombuffer(bytearray(content.getbuffer()), dtype=torch.uint8)
