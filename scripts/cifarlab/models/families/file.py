"""A user's own model: a function in a Python file that returns it."""

import importlib
import os
import sys
import types
from contextlib import contextmanager
from typing import Annotated, Literal

from pydantic import Field

from cifarlab.models.settings import BaseModelSettings
from engine.code import HOUSES
from engine.errors import UserError
from engine.files import local_path
from engine.observed import observing
from engine.settings import PlainValue

# The package that a user's file is loaded into.
PACKAGE = "users_model"


class Settings(BaseModelSettings):
    """A function in a Python file, called as `function(n_classes, **options)`."""

    family: Literal["file"]
    """The module that builds the model."""

    factory: Annotated[str, Field(pattern=r"^.+\.py:[A-Za-z_]\w*$")]
    """`path/to/model.py:function`, which returns the model."""

    options: dict[str, PlainValue] = Field(default_factory=dict)
    """Further arguments of the function, by name."""

    @property
    def factory_file(self):
        """The Path of the Python file."""
        return local_path(self.factory.rpartition(":")[0])

    @property
    def local_files(self):
        return {**super().local_files, "factory": str(self.factory_file)}

    @property
    def code_files(self):
        return [*super().code_files, self.factory_file]


def build(settings, n_classes):
    """What the factory returns, an nn.Module from float [n, 3, size, size] to [n, n_classes].

    Raises UserError where the file or the function is not there, or where no model comes back.
    What the file imports and opens meanwhile is observed: the model follows from that too.
    """
    from torch import nn

    path, name = settings.factory_file, settings.factory.rpartition(":")[2]
    if not path.is_file():
        raise UserError(f"factory: expected a Python file at {path}, found none; check the path")
    with observing():
        factory = getattr(_load(path), name, None)
        if not callable(factory):
            raise UserError(f"factory: {path} has no function {name!r}; define it or name another")
        model = factory(n_classes, **settings.options)
    if not isinstance(model, nn.Module):
        raise UserError(
            f"factory: {settings.factory} returned {type(model).__name__}, expected a "
            "torch.nn.Module; return the model"
        )
    return model


def _load(path):
    """The module in a user's file, which may import its neighbours, relatively or not.

    It is a module of a package of a name of its own, so it never is taken for another module.
    """
    folder, parts = path.resolve().parent, [path.stem]
    while (folder / "__init__.py").is_file():
        folder, parts = folder.parent, [folder.name, *parts]
    for name in [name for name in sys.modules if name.partition(".")[0] == PACKAGE]:
        del sys.modules[name]
    package = types.ModuleType(PACKAGE)
    package.__path__ = [str(folder)]
    sys.modules[PACKAGE] = package
    with _importable(folder):
        return importlib.import_module(".".join([PACKAGE, *parts]))


@contextmanager
def _importable(folder):
    """Put a folder first among those of imports; where it has a module with the name of one of the
    project's packages, that package steps aside meanwhile."""
    houses = HOUSES & {path.stem for path in folder.iterdir()}
    aside = {name: sys.modules[name] for name in sys.modules if name.partition(".")[0] in houses}
    for name in aside:
        del sys.modules[name]
    sys.path.insert(0, str(folder))
    importlib.invalidate_caches()
    # Python takes bytecode for current by time and size; what runs must be what is digested.
    bytecode, sys.pycache_prefix = sys.pycache_prefix, os.path.join(folder, f".no-{os.getpid()}")
    writes, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    try:
        yield
    finally:
        sys.pycache_prefix, sys.dont_write_bytecode = bytecode, writes
        # Last from now on: the model may import more when it runs.
        sys.path.remove(str(folder))
        sys.path.append(str(folder))
        for name in [name for name in sys.modules if name.partition(".")[0] in houses]:
            del sys.modules[name]
        sys.modules.update(aside)
