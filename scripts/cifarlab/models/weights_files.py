"""Weights files that others wrote: what they are, and the tensors in them. No code in them runs."""

import json
import warnings
import zipfile

import torch

from cifarlab.models.pickles import LEGACY_START, look_into
from cifarlab.models.weights import is_extra_state, read_safetensors, reason_of, some
from engine.errors import UserError

# Training scripts keep the weights under one of these, beside an optimizer's state and the like.
# Where a file has several, the first counts: the weights themselves, then averages of them.
WRAPPERS = (
    *("state_dict", "model_state_dict", "model", "net", "network", "module", "params", "weights"),
    *("state_dict_ema", "ema_state_dict", "model_ema", "params_ema", "ema"),
)
SAVE = "save model.state_dict() with torch.save and name that file"
AGAIN = "fetch or save it again"
# How files of other kinds begin.
OTHER_KINDS = {
    b"version https://git-lfs": (
        "it is a pointer of Git LFS, not the file itself",
        "run git lfs pull where it was cloned, or download the file",
    ),
    b"\x89HDF": ("it is an HDF5 file, as Keras writes", SAVE),
    b"\x93NUMPY": ("it is an array of NumPy", SAVE),
    b"\x1f\x8b": ("it is compressed", "unpack it with gunzip and name what comes out"),
}
WEB_PAGE = ("<!doctype", "<html", "<head", "<?xml")
# The first bytes of a file, which say what it is.
START = 4096
# The limit of the format of safetensors.
LONGEST_HEADER = 100_000_000
# Of pickles that torch.load reads.
HIGHEST_PROTOCOL = 3


def read_state(path):
    """The state dict in a file of torch.save or safetensors, whatever the file's name ends with.

    Returns it and the names of WRAPPERS that it stood under, outermost first. Raises UserError,
    with the reason and what to do, where the file is damaged or holds anything but tensors by name.
    """
    with open(path, "rb") as file:
        start = file.read(START)
    _refuse_other_kinds(path, start)
    is_safetensors = start[8:9] == b"{" and int.from_bytes(start[:8], "little") <= LONGEST_HEADER
    content = read_safetensors(path) if is_safetensors else _read_pickled(path, start)
    wrappers, state = _unwrapped(content) or ([], content)
    _check_tensors(state, path)
    return state, wrappers


def _cannot_read(path, reason, cure):
    return UserError(f"cannot read weights in {path}: {reason}; {cure}")


def _refuse_other_kinds(path, start):
    """Raise UserError where a file, of which `start` are the first bytes, is of another kind."""
    if not start:
        raise _cannot_read(path, "it is empty", AGAIN)
    for beginning, (reason, cure) in OTHER_KINDS.items():
        if start.startswith(beginning):
            raise _cannot_read(path, reason, cure)
    if start[257:262] == b"ustar":
        raise _cannot_read(path, "it is a tar archive", "unpack it and name the file in it")
    if zipfile.is_zipfile(path):
        _refuse_archives(path)
    elif text := _as_text(start):
        _refuse_texts(path, text)


def _as_text(start):
    """The beginning of a file as text, or None where it is none."""
    try:
        # The last letter may be cut.
        text = start.decode("utf-8-sig", errors="ignore" if len(start) == START else "strict")
    except UnicodeDecodeError:
        return None
    return text.strip() if all(c.isprintable() or c.isspace() for c in text) else None


def _refuse_texts(path, text):
    if text.lower().startswith(WEB_PAGE):
        cure = "download the file itself, often behind a link named raw or download"
        raise _cannot_read(path, "it is a web page", cure)
    try:
        with open(path, encoding="utf-8-sig") as file:
            content = json.load(file)
    except ValueError:
        raise _cannot_read(path, f"it is a text that begins with {text[:40]!r}", SAVE) from None
    if isinstance(content, dict) and isinstance(content.get("weight_map"), dict):
        files = {str(name) for name in content["weight_map"].values()}
        raise _cannot_read(
            path,
            f"it is the index of weights in {len(files)} files ({some(files, 3)})",
            "put the tensors of all of them into one dict, save it with torch.save and name that",
        )
    raise _cannot_read(path, "it is JSON", SAVE)


def _refuse_archives(path):
    """Raise UserError where a ZIP archive is not one of torch.save."""
    with zipfile.ZipFile(path) as archive:
        names = {name.rpartition("/")[2] for name in archive.namelist()} - {""}
    if "constants.pkl" in names:
        raise _cannot_read(
            path,
            "it is a TorchScript program",
            "save torch.jit.load(…).state_dict() with torch.save and name that file",
        )
    if "data.pkl" not in names:
        reason = f"it is a ZIP archive that torch.save did not write ({some(names, 3)})"
        raise _cannot_read(path, reason, "unpack it and name the weights file in it")


def _read_pickled(path, start):
    """What torch.save wrote: tensors and plain values, no other objects."""
    try:
        # The open file: of a path, torch.load would read the suffix.
        with open(path, "rb") as file, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return torch.load(file, map_location="cpu", weights_only=True)
    except Exception as error:  # torch.load raises nearly anything on a damaged file
        with open(path, "rb") as file:
            pickled = look_into(file)
        is_of_torch = start.startswith((b"PK", LEGACY_START))
        if pickled.model_class:
            reason = f"it is a whole model, of class {pickled.model_class}, not its tensors"
        elif pickled.names:
            reason = f"expected tensors by name, nothing else, found {some(pickled.names)}"
        elif pickled.protocol > HIGHEST_PROTOCOL:
            reason = f"expected pickle protocol 2, found {pickled.protocol}"
        elif pickled.protocol and not is_of_torch:
            reason = "it is a pickle that torch.save did not write"
        elif is_of_torch:
            reason = f"it is cut short or damaged ({_own_words(error)})"
            raise _cannot_read(path, reason, AGAIN) from error
        else:
            reason = "neither torch.save nor safetensors wrote it"
        raise _cannot_read(path, reason, SAVE) from error


def _unwrapped(content):
    """(names of WRAPPERS, the tensors below them), or None where there are no tensors."""
    if not isinstance(content, dict):
        return None
    for name in WRAPPERS:
        if found := _unwrapped(content.get(name)):
            return [name, *found[0]], found[1]
    return ([], content) if any(map(torch.is_tensor, content.values())) else None


def _check_tensors(state, path):
    """Raise UserError where `state` is anything but tensors by name, or holds no numbers."""
    if not isinstance(state, dict):
        raise _cannot_read(path, f"expected tensors by name, found {type(state).__name__}", SAVE)
    if not any(map(torch.is_tensor, state.values())):
        holders = [repr(key) for key, value in state.items() if _unwrapped(value)]
        if holders:
            reason = f"tensors are below {some(holders)}, names that are not known here"
            raise _cannot_read(path, reason, "save the one that is meant alone, with torch.save")
        found = some(map(repr, state)) or "nothing"
        raise _cannot_read(path, f"expected tensors by name, found {found}", SAVE)
    tensors = {key: value for key, value in state.items() if torch.is_tensor(value)}
    faults = [
        ("names that are no texts", [repr(key) for key in state if not isinstance(key, str)], SAVE),
        (
            "values that are no tensors",
            [
                f"{key} ({type(value).__name__})"
                for key, value in state.items()
                if key not in tensors and not is_extra_state(str(key))
            ],
            SAVE,
        ),
        (
            "tensors without numbers, on the meta device",
            [key for key, value in tensors.items() if value.is_meta],
            "give the model its numbers before it is saved",
        ),
        (
            "tensors that are sparse, nested or quantised",
            [key for key, value in tensors.items() if not _is_plain(value)],
            "make them dense floats and save them again",
        ),
    ]
    for what, keys, cure in faults:
        if keys:
            raise _cannot_read(path, f"it holds {what}: {some(keys)}", cure)


def _is_plain(tensor):
    is_dense = tensor.layout is torch.strided and not tensor.is_nested
    return is_dense and not tensor.is_quantized


def _own_words(error):
    """The reason of an error of torch.load, without its advice on how to run what is in a file."""
    reason = reason_of(error).partition(". ")[0]
    return type(error).__name__ if "weights" in reason.lower() else reason
