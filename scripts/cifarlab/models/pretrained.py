"""Weights that a model starts from: where they are, and whether they fit."""

import re
from pathlib import Path
from urllib.parse import urlsplit

from cifarlab.models.families import FAMILIES
from cifarlab.models.heads import find_head
from cifarlab.models.weights import check_keys
from engine.download import fetch
from engine.errors import UserError
from engine.files import file_digest


def hash_in_name(url):
    """The hash that a weights file's name carries, as a digest: name-1a2b3c4d.pth.

    torch.hub's convention: at least 8 hexadecimal digits, the beginning of the SHA-256.
    Raises UserError where there is none.
    """
    found = re.search(r"-([0-9a-f]{8,64})\.\w+$", urlsplit(url).path)
    if not found:
        raise UserError(
            f"weights: expected a hash in the file name of {url}, as in name-1a2b3c4d.pth; "
            "download the file and give its path"
        )
    return f"sha256:{found[1]}"


def locate_weights(settings, downloads, patience):
    """(path, origin) of the weights that a model's settings name, fetched where they are remote.

    downloads: folder; patience: as for `fetch`. origin: a JSON object, where they came from, with
    mean and std where torchvision names them. Raises UserError where they cannot be had.
    """
    if settings.local_weights:
        path = Path(settings.local_weights)
        if not path.is_file():
            raise UserError(f"weights: expected a file at {path}, found none; check the path")
        return path, {"source": str(path)}
    if "://" in settings.weights:
        url, origin = settings.weights, {"source": settings.weights}
    else:
        family = FAMILIES[settings.family]
        if not hasattr(family, "named_weights"):
            raise UserError(
                f"weights: {settings.weights!r} is no name that family {settings.family} knows; "
                "give none, a URL, or a path to a .pth or .safetensors file"
            )
        named = family.named_weights(settings)
        transforms = named.transforms()
        url = named.url
        origin = {"source": str(named), "mean": transforms.mean, "std": transforms.std}
    return fetch([url], hash_in_name(url), downloads, patience), origin


def fit_to_model(state, model, settings, path):
    """The part of `state` that `model` starts from, and whether the head is among it.

    state: tensors by name; model: nn.Module with the new head, also on the meta device; settings:
    of the model; path: for messages. A head of another shape is left out. Raises UserError that
    lists keys that are missing, unexpected or of another shape, the head's apart.
    """
    adapt_state = getattr(FAMILIES[settings.family], "adapt_state", lambda _settings, state: state)
    state = adapt_state(settings, state)
    head, _ = find_head(model, settings.head)
    expected = model.state_dict()
    head_keys = {key for key in {*expected, *state} if key.startswith(f"{head}.")}
    head_fits = all(
        key in expected and key in state and expected[key].shape == state[key].shape
        for key in head_keys
    )
    if not head_fits:
        state = {key: value for key, value in state.items() if key not in head_keys}
        expected = {key: value for key, value in expected.items() if key not in head_keys}
    check_keys(expected, state, path)
    return state, head_fits


def describe_origin(origin, path, head_fits):
    """`origin` with the file's SHA-256 and what became of the head, a JSON object."""
    return {**origin, "sha256": file_digest(path), "head": "kept" if head_fits else "replaced"}
