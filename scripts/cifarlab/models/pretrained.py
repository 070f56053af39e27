"""Weights that a model starts from: where they are, and where they came from."""

import re
from pathlib import Path
from urllib.parse import urlsplit

from cifarlab.models.families import FAMILIES
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
            found = "a folder" if path.is_dir() else "none"
            raise UserError(f"weights: expected a file at {path}, found {found}; check the path")
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


def describe_origin(origin, path, fit, wrappers):
    """`origin` with the file's SHA-256 and what became of its names and of the head.

    path: of the file; fit: Fit of what is in it; wrappers: as `read_state` returns them. A JSON
    object; taken_off, what stood before all names in the file, only where there was something.
    """
    taken_off = [*wrappers, *fit.taken_off]
    return {
        **origin,
        "sha256": file_digest(path),
        "head": "kept" if fit.head_fits else "replaced",
        **({"taken_off": taken_off} if taken_off else {}),
    }
