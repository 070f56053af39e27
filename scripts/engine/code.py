"""The meaning of code: what a program is without comments, formatting and docstrings."""

import ast
import hashlib
import os
import sys
from pathlib import Path

from engine.errors import UserError

# Where the project's own modules lie; whatever is not there belongs to a library.
SCRIPTS = Path(__file__).resolve().parent.parent
# What carries jobs makes no number, so an edit of it makes nothing stale.
ENGINE = Path(__file__).resolve().parent
HOUSES = {"cifarlab", "engine", "reporting"}
# What is called with a text for people: by its own name, or as a method of what has such a name.
MESSAGES, LOGGERS = {"print"}, {"log", "logger", "logging", "warnings"}
LEVELS = {"debug", "info", "warning", "error", "exception", "critical", "warn"}
# Arguments that only people read: `help` of every call, and the others of a parser.
HELP = {"help"}
PARSERS = {"ArgumentParser", "add_parser", "add_argument_group", "add_subparsers"}
HELP_OF_PARSERS = {"help", "description", "metavar", "epilog", "usage"}


def code_digests(roots):
    """Digests of the syntax trees of Python files and of every project module that they import.

    roots: paths of Python files. Imports count wherever they stand, in a function too; those of
    scripts/engine/ do not count. Returns a dict from module (`train`, `cifarlab.training.steps`;
    the path for a file outside scripts/) to 16 hexadecimal digits. Raises UserError where a root is
    missing or is not Python.
    """
    return Code().digests(map(Path, roots))


class Code:
    """Code as it is now, each file read once, however often it is asked for.

    once: like records.Digests.of_code, which remembers what was read.
    """

    def __init__(self, once=lambda _path, _reader, read: read()):
        self._once, self._modules, self._found = once, {}, {}
        # Another version of this file, or of Python, may say something else.
        self._reader = f"{hashlib.sha256(Path(__file__).read_bytes()).hexdigest()} {sys.version}"

    def digests(self, roots):
        """As `code_digests`."""
        digests, pending = {}, [*roots]
        while pending:
            name, digest, imported = self._module(pending.pop())
            if name not in digests:
                digests[name] = digest
                pending += imported
        return dict(sorted(digests.items()))

    def now(self, names):
        """The digests that code has now, to be compared with those of a record.

        names: modules as `code_digests` names them. Returns `digests` of their files; a file that
        is gone has None.
        """
        paths = {name: module_path(name) for name in names}
        gone = {name: None for name, path in paths.items() if not path.is_file()}
        return gone | self.digests(path for name, path in paths.items() if name not in gone)

    def _module(self, path):
        """(name, digest, project files that are imported) of one file."""
        if path not in self._modules:
            digest, names = self._once(path, self._reader, lambda: _read(path))
            name = module_name(path)
            is_own = not name.endswith(".py")
            files = [file for imported in names for file in self._files(imported, is_own)]
            self._modules[path] = name, digest, files
        return self._modules[path]

    def _files(self, name, is_own):
        if (name, is_own) not in self._found:
            self._found[name, is_own] = _files_of(name, is_own)
        return self._found[name, is_own]


def module_name(path):
    """The name of a Python file in records: the module, or the path where it is not of scripts/."""
    try:
        parts = Path(path).resolve().relative_to(SCRIPTS).with_suffix("").parts
    except ValueError:
        return str(path)
    return ".".join(parts).removesuffix(".__init__")


def module_path(name):
    """The reverse of `module_name`."""
    if name.endswith(".py"):
        return Path(name)
    place = SCRIPTS.joinpath(*name.split("."))
    return place / "__init__.py" if place.is_dir() else place.with_suffix(".py")


def _read(path):
    """[digest, names that are imported] of one file."""
    try:
        tree = ast.parse(path.read_bytes(), filename=str(path))
    except FileNotFoundError:
        raise UserError(f"expected Python code at {path}, found no file; check the path") from None
    except (SyntaxError, ValueError) as error:
        raise UserError(f"{path} is not valid Python ({error}); correct it") from error
    imports = []
    text = repr(_meaning(tree, imports))
    return [hashlib.sha256(text.encode()).hexdigest()[:16], _imported_names(imports, path)]


def _meaning(node, imports):
    """A syntax tree as nested tuples, without what has no bearing on what the code computes.

    Left out are texts that stand alone (docstrings, of attributes too), texts for people (what is
    printed, logged or raised, and the help of a command line), places, and empty fields, which
    newer Pythons add to the tree: the digest should be the same on all of them. Import statements
    are added to `imports` on the way.
    """
    if isinstance(node, list):
        return tuple(_meaning(item, imports) for item in node if not _is_lone_text(item))
    if not isinstance(node, ast.AST):
        return type(node).__name__, repr(node)
    if isinstance(node, ast.Import | ast.ImportFrom):
        imports.append(node)
    if isinstance(node, ast.Call):
        node = _without_words(node)
    elif isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
        node = ast.Raise(_without_texts(node.exc), node.cause)
    fields = []
    for name, value in ast.iter_fields(node):
        is_empty = value is None or value == []
        # None is an empty field, but in a constant it is the word None itself.
        if name in ("kind", "type_comment") or (is_empty and not isinstance(node, ast.Constant)):
            continue
        if meaning := _meaning(value, imports):
            fields.append((name, meaning))
    return type(node).__name__, tuple(fields)


def _without_words(call):
    """A call without its text where that is a message, and without the help of a command line."""
    function = call.func
    name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", None)
    owner = getattr(getattr(function, "value", None), "id", None)
    help_words = HELP_OF_PARSERS if name in PARSERS else HELP
    keywords = [keyword for keyword in call.keywords if keyword.arg not in help_words]
    call = ast.Call(function, call.args, keywords)
    is_printed = isinstance(function, ast.Name) and name in MESSAGES
    is_message = is_printed or (owner in LOGGERS and name in LEVELS)
    return _without_texts(call) if is_message else call


def _without_texts(call):
    """A call without the literal texts among its arguments; what a text computes stays."""
    arguments = []
    for item in call.args:
        parts = item.values if isinstance(item, ast.JoinedStr) else [item]
        arguments += [part for part in parts if not _is_text(part)]
    return ast.Call(call.func, arguments, call.keywords)


def _is_text(node):
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def _is_lone_text(node):
    return isinstance(node, ast.Expr) and _is_text(node.value)


def _imported_names(imports, path):
    """Names that may be modules: all that the import statements of a file name, each once."""
    names = {}
    for node in imports:
        if isinstance(node, ast.Import):
            names |= dict.fromkeys(alias.name for alias in node.names)
        else:
            module = node.module or ""
            if node.level:
                parents = module_name(path).split(".")
                depth = len(parents) - node.level + (path.name == "__init__.py")
                module = ".".join([*parents[:depth], *filter(None, [module])])
            names[module] = None
            # What is imported from a package may be a module of it.
            names |= dict.fromkeys(f"{module}.{alias.name}" for alias in node.names)
    return [*names]


def _files_of(module, is_own):
    """The project's files that importing `module` runs: its packages' and its own.

    is_own: whether the import stands in the project's code; a user's `import data` is not that of
    scripts/data.py.
    """
    parts, files = module.split("."), []
    if not is_own and parts[0] not in HOUSES:
        return files
    for depth in range(1, len(parts) + 1):
        # No Path for what is not there: most names are those of libraries.
        place = os.path.join(SCRIPTS, *parts[:depth])
        files += filter(os.path.isfile, (os.path.join(place, "__init__.py"), f"{place}.py"))
    return [file for file in map(Path, files) if ENGINE not in file.parents]
