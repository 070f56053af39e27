"""Pickles in a gzipped tar from elsewhere, read without trusting them."""

import io
import pickle
import tarfile
import zlib
from pathlib import PurePosixPath

from engine.errors import UserError

# The largest known member, train of CIFAR-100, has 155 MB.
MEMBER_BYTES_LIMIT = 256 << 20


def read_pickles(path, names):
    """The dictionaries that are pickled in members of a gzipped tar, by the members' names.

    names: of the members; other regular files are skipped. Nothing is unpacked to disk. The
    keys of a dictionary become text. Raises UserError where the archive is damaged or unsafe, has
    no such member, or one that does not hold a dictionary of numpy arrays and plain values.
    """
    return {name: _unpickle(raw, name) for name, raw in _read_members(path, names).items()}


def as_text(value):
    """What Python 2 pickled as bytes, as text."""
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _read_members(path, names):
    found = {}
    try:
        with tarfile.open(path, "r:gz") as archive:
            for member in archive:
                name = PurePosixPath(member.name)
                if name.is_absolute() or ".." in name.parts:
                    raise _refusal(path, f"the member {member.name!r} lies outside the archive")
                if not (member.isfile() or member.isdir()):
                    raise _refusal(path, f"the member {member.name!r} is a link or a device")
                if member.isfile() and str(name) in names:
                    if member.size > MEMBER_BYTES_LIMIT:
                        raise _refusal(path, f"{member.name} has {member.size:,} bytes")
                    found[str(name)] = archive.extractfile(member).read()
    except (tarfile.TarError, EOFError, zlib.error, OSError) as error:
        raise _refusal(path, f"it is not a complete gzipped tar ({error})") from error
    if missing := [name for name in names if name not in found]:
        raise _refusal(path, f"it has no {', '.join(missing)}")
    return found


def _refusal(path, reason):
    return UserError(f"{path} cannot be used: {reason}; name another archive in dataset.source")


# How numpy arrays are pickled, before and since numpy 2.
ADMITTED_NAMES = {
    ("numpy", "dtype"),
    ("numpy", "ndarray"),
    ("numpy.core.multiarray", "_reconstruct"),
    ("numpy._core.multiarray", "_reconstruct"),
}


class _NarrowUnpickler(pickle.Unpickler):
    """Admits numpy arrays and plain containers; every other name in a pickle is refused.

    A pickle may name any function and call it, so loading one is running it.
    """

    def find_class(self, module, name):
        if (module, name) == ("_codecs", "encode"):
            return _encode_latin1
        if (module, name) not in ADMITTED_NAMES:
            raise UserError(
                f"the archive's pickle asks for {module}.{name}, where only numpy arrays and plain "
                "containers are admitted; it is not the official file, name another source"
            )
        return super().find_class(module.replace("numpy.core", "numpy._core"), name)


def _encode_latin1(text, encoding):
    """How Python 3 writes bytes into the pickle protocols of Python 2."""
    if encoding != "latin1":
        raise UserError(f"the archive's pickle holds text in {encoding!r}, expected latin1")
    return text.encode("latin1")


def _unpickle(raw, name):
    try:
        content = _NarrowUnpickler(io.BytesIO(raw), encoding="bytes").load()
    except UserError:
        raise
    except Exception as error:  # a damaged pickle can raise nearly anything
        raise UserError(
            f"{name} cannot be unpickled ({type(error).__name__}: {error}); "
            "the archive is damaged, name another source"
        ) from error
    if not isinstance(content, dict):
        raise UserError(
            f"{name}: expected a dictionary, found {type(content).__name__}; "
            "it is another archive, name the right one in dataset.source"
        )
    return {as_text(key): value for key, value in content.items()}
