"""Which files outside the installed libraries somebody else's code reads while it runs.

What it makes follows from these files too, so they are written into the record of the job.
"""

import importlib.util
import os
import site
import sys
import sysconfig
from contextlib import contextmanager
from pathlib import Path

from engine.code import HOUSES, SCRIPTS, code_digests
from engine.files import file_digest

LIBRARIES = tuple(
    f"{os.path.realpath(folder)}{os.sep}"
    for folder in {
        *(sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")),
        *site.getsitepackages(),
        site.getusersitepackages(),
        *(f"{prefix}/lib" for prefix in (sys.prefix, sys.base_prefix)),
        *(str(SCRIPTS / house) for house in HOUSES),
        *("/dev", "/proc", "/sys"),
    }
)
# Of this process, by path: digests of Python files as records have them, and of other files; None
# for a file that was looked for and was not there.
CODE, FILES = {}, {}
# Paths opened in a block that observes, or None outside of one. A hook can never be taken away.
_opened, _is_hooked = None, False


@contextmanager
def observing():
    """Add every file that is imported or opened for reading inside the block to CODE and FILES.

    Seen is what Python itself opens; a library that opens files in C is not seen.
    """
    global _opened, _is_hooked
    if not _is_hooked:
        sys.addaudithook(_note_opened)
        _is_hooked = True
    before, _opened = set(sys.modules), set()
    try:
        yield
    finally:
        opened, _opened = _opened, None
    modules = [sys.modules[name] for name in sys.modules.keys() - before]
    opened |= {getattr(module, "__file__", None) for module in modules} - {None}
    for path in sorted(filter(_is_own, map(_source, opened))):
        _keep(path)


def _note_opened(event, arguments):
    if event != "open" or _opened is None:
        return
    path, mode, flags = arguments
    writes = set(mode or "") & set("wax+") or (flags or 0) & (os.O_WRONLY | os.O_RDWR)
    if isinstance(path, str | bytes | os.PathLike) and not writes:
        _opened.add(os.fsdecode(path))


def _source(path):
    """The path itself, or of the Python file that bytecode was compiled from."""
    try:
        return importlib.util.source_from_cache(path)
    except ValueError:
        return path


def _is_own(path):
    if path.endswith(".pyc") and not os.path.exists(path):  # bytecode that Python looked for
        return False
    return not os.path.realpath(path).startswith(LIBRARIES) and not os.path.isdir(path)


def _keep(path):
    """Digest a file as it is now, by its path, relative where it lies in the working folder."""
    inside = os.path.relpath(path)
    path = Path(path if inside.startswith("..") else inside)
    if path.suffix == ".py" and path.is_file():
        CODE.update(code_digests([path]))
    else:
        FILES[str(path)] = file_digest(path) if path.is_file() else None
