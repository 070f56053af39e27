"""A user's own model: a function in a Python file that returns it."""

import argparse
import difflib
import importlib
import inspect
import os
import sys
import traceback
import types
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from pydantic import Field

from cifarlab.models.process_state import put_back
from cifarlab.models.settings import BaseModelSettings
from engine.code import HOUSES
from engine.errors import UserError
from engine.faults import one_line, place_of, shown
from engine.files import local_path
from engine.observed import observing
from engine.settings import PlainValue, text_like

# The package that a user's file is loaded into.
PACKAGE = "users_model"
EXAMPLE = "a factory looks like `def net(n_classes, **options): return model`"
MAIN = 'under `if __name__ == "__main__":`'
# What public networks call the number of classes.
NUMBERS_OF_CLASSES = {
    *("n_classes", "num_classes", "nb_classes", "n_class", "num_class"),
    *("class_num", "class_nums", "classes_num", "classes", "num_labels"),
}


class Settings(BaseModelSettings):
    """A function or class in a Python file, called with the number of classes and the options."""

    family: Literal["file"]
    """The module that builds the model."""

    factory: text_like(r".+\.py:[A-Za-z_]\w*", "should be `path/to/model.py:function`")
    """`path/to/model.py:function`, which returns the model."""

    options: dict[str, PlainValue] = Field(default_factory=dict)
    """Further arguments of the function, by name."""

    @property
    def factory_file(self):
        """The Path of the Python file."""
        path = self.factory.rpartition(":")[0]
        return local_path(path) or Path(path)

    @property
    def local_files(self):
        return {**super().local_files, "factory": str(self.factory_file)}

    @property
    def code_files(self):
        return [*super().code_files, self.factory_file]


def build(settings, n_classes):
    """What the factory returns, an nn.Module from float [n, 3, size, size] to [n, n_classes].

    Raises UserError where the file cannot be imported, where it ends the program, where the factory
    is not there or cannot be called so, where no model comes back, and where it has no layer of the
    head's name; what the factory itself raises passes. What the file imports and opens meanwhile is
    observed: the model follows from that too. What it changes for the whole process is put back.
    """
    from cifarlab.models.heads import fit_head

    path, name = settings.factory_file, settings.factory.rpartition(":")[2]
    if not path.is_file():
        raise UserError(f"factory: expected a Python file at {path}, found none; check the path")
    folder, module_name = _place_of(path)
    # The factory may import neighbours as well as the file itself.
    with observing(), put_back(path), _importable(folder):
        with _no_end(path, "it is imported"):
            module = _import(path, folder, module_name)
        factory = _find(module, name, path)
        args, kwargs = _arguments(factory, name, n_classes, settings.options)
        with _no_end(path, f"{name} is called"):
            model = factory(*args, **kwargs)
    _check_returned(model, factory, settings.factory)
    if settings.head:
        fit_head(model, settings.head, n_classes)
    return model


@contextmanager
def _no_end(path, when):
    """Turn a `sys.exit` in the block, and argparse's, into a UserError."""
    try:
        yield
    except SystemExit as end:
        files = {frame.filename for frame in traceback.extract_tb(end.__traceback__)}
        if argparse.__file__ in files:
            raise UserError(
                f"factory: {path} reads arguments of the command line when {when} "
                f"({place_of(end)}), and gets none here; do that {MAIN}, and take `options` "
                "instead: they are arguments of the factory"
            ) from end
        raise UserError(
            f"factory: {path} ends the program when {when} (sys.exit({end.code!r}) in "
            f"{place_of(end)}); do that {MAIN}"
        ) from end


def _import(path, folder, module_name):
    try:
        return _load(folder, module_name)
    except UserError:
        raise
    except Exception as error:  # a user's file can raise anything
        # A syntax error's own text has its place too; the name of our package is of no use.
        text = one_line(error.msg if isinstance(error, SyntaxError) else error)
        text, cure = text.replace(f"{PACKAGE}.", "."), "correct it"
        missing = getattr(error, "name", None) or PACKAGE
        if isinstance(error, ModuleNotFoundError) and not missing.startswith(PACKAGE):
            cure = f"install {missing.partition('.')[0]} for {sys.executable}, or correct it"
        raise UserError(
            f"factory: {path} cannot be imported: {type(error).__name__}: {text} "
            f"({place_of(error)}); {cure}"
        ) from error


def _find(module, name, path):
    """The factory in the module; raises UserError where there is none."""
    from torch import nn

    found = getattr(module, name, None)
    if callable(found) and not isinstance(found, nn.Module):
        return found
    if found is not None:
        raise UserError(
            f"factory: {name} in {path} is of type {type(found).__name__}, expected a function or "
            f"a class, which makes a new model at every call; {EXAMPLE}"
        )
    public = {
        name: value
        for name, value in vars(module).items()
        if callable(value) and not name.startswith("_")
    }
    own = [n for n, value in public.items() if value.__module__ == module.__name__]
    close = difflib.get_close_matches(name, public, n=1)
    hint = f"did you mean {close[0]}? " if close else ""
    raise UserError(
        f"factory: {path} has no function {name!r}; {hint}it has {', '.join(own) or 'none'}, and "
        f"{EXAMPLE}"
    )


def _arguments(factory, name, n_classes, options):
    """What to call the factory with: a tuple, and a dict by name.

    Raises UserError where the factory does not take these arguments.
    """
    try:
        signature = inspect.signature(factory)
    except (TypeError, ValueError):  # not every callable tells
        return (n_classes,), options
    args, kwargs = _placed(n_classes, [*signature.parameters.values()], options)
    try:
        signature.bind(*args, **kwargs)
    except TypeError as error:
        given = ", ".join([*map(str, args), *(f"{key}={value!r}" for key, value in kwargs.items())])
        raise UserError(
            f"factory: {name} cannot be called as {name}({one_line(given)}): {error}; it is "
            f"{name}{one_line(signature)}{_defined(factory)}, and {EXAMPLE}"
        ) from error
    return args, kwargs


def _placed(n_classes, parameters, options):
    """The arguments, with the number of classes where a parameter's name says so, else first of
    those that have to be given.

    A factory with neither is called without: never with a number of classes as its depth. Whether
    the logits are as many as the classes is seen in the rehearsal.
    """
    free = [p for p in parameters if p.name not in options and p.kind != p.VAR_KEYWORD]
    named = [p for p in free if p.name in NUMBERS_OF_CLASSES]
    required = [p for p in free if p.default is p.empty and p.kind != p.VAR_POSITIONAL]
    takes_any = [p for p in parameters[:1] if p.kind == p.VAR_POSITIONAL]
    places = [*named, *required, *takes_any]
    if not places or NUMBERS_OF_CLASSES & options.keys():
        return (), options
    if places[0] is parameters[0] and places[0].kind != places[0].KEYWORD_ONLY:
        return (n_classes,), options
    return (), {places[0].name: n_classes, **options}


def _check_returned(model, factory, name):
    """Raise UserError where it is no model."""
    from torch import nn

    if isinstance(model, nn.Module):
        return
    found, cure = f"a value of type {type(model).__name__}", "return the model"
    if model is None:
        found, cure = "None", "end it with `return model`"
    elif isinstance(model, type):
        found, cure = f"the class {model.__name__}", f"return {model.__name__}(…), a model of it"
    elif inspect.isroutine(model):
        found, cure = f"the function {model.__name__}", "return what it makes"
    elif isinstance(model, tuple | list):
        kinds = ", ".join(type(item).__name__ for item in model)
        found, cure = f"a {type(model).__name__} of {one_line(kinds)}", "return the model alone"
    raise UserError(
        f"factory: {name} returned {found}, expected a torch.nn.Module{_defined(factory)}; {cure}"
    )


def _defined(factory):
    """ " (file.py, line 3)", where that is known."""
    code = getattr(inspect.unwrap(factory), "__code__", None)
    return f" ({shown(code.co_filename, code.co_firstlineno)})" if code else ""


def _place_of(path):
    """The folder of a user's file, or of the outermost package that it is in, and the name of its
    module there. Raises UserError where Python has no such names."""
    folder, parts = path.resolve().parent, [path.stem]
    while (folder / "__init__.py").is_file():
        folder, parts = folder.parent, [folder.name, *parts]
    if dotted := next((part for part in parts if "." in part), None):
        raise UserError(
            f"factory: expected names of modules without a dot on the way to {path}, found "
            f"{dotted}; rename it"
        )
    return folder, ".".join(parts)


def _load(folder, module_name):
    """The module in a user's file, which may import its neighbours, relatively or not.

    It is a module of a package of a name of its own, so it never is taken for another module.
    """
    for name in [name for name in sys.modules if name.partition(".")[0] == PACKAGE]:
        del sys.modules[name]
    package = types.ModuleType(PACKAGE)
    package.__path__ = [str(folder)]
    sys.modules[PACKAGE] = package
    return importlib.import_module(f"{PACKAGE}.{module_name}")


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
