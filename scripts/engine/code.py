"""The meaning of code: what a program is without comments, formatting and docstrings."""

import ast
import hashlib
from functools import cache
from pathlib import Path

from engine.errors import UserError

# Where the project's own modules lie; whatever is not there belongs to a library.
SCRIPTS = Path(__file__).resolve().parent.parent


def code_digests(roots):
    """Digests of the syntax trees of Python files and of every project module that they import.

    roots: paths of Python files. Imports count wherever they stand, in a function too. Returns a
    dict from module (`train`, `cifarlab.training.steps`; the path for a file outside scripts/) to
    16 hexadecimal digits. Raises UserError where a root is missing or is not Python.
    """
    digests, pending = {}, [Path(root) for root in roots]
    while pending:
        path = pending.pop()
        name = _name(path)
        if name not in digests:
            digests[name], imported = _read(path, path.stat().st_mtime_ns if path.is_file() else 0)
            pending += imported
    return dict(sorted(digests.items()))


def _name(path):
    try:
        parts = path.resolve().relative_to(SCRIPTS).with_suffix("").parts
    except ValueError:
        return str(path)
    return ".".join(parts).removesuffix(".__init__")


@cache
def _read(path, _mtime):
    """(digest, project files that are imported) of one file."""
    try:
        tree = ast.parse(path.read_bytes(), filename=str(path))
    except FileNotFoundError:
        raise UserError(f"expected Python code at {path}, found no file; check the path") from None
    except (SyntaxError, ValueError) as error:
        raise UserError(f"{path} is not valid Python ({error}); mend it") from error
    imports = []
    text = repr(_meaning(tree, imports))
    return hashlib.sha256(text.encode()).hexdigest()[:16], _imported_files(imports, path)


def _meaning(node, imports):
    """A syntax tree as nested tuples, without what has no bearing on what the code does.

    Left out are texts that stand alone (docstrings, of attributes too), places, and empty fields,
    which newer Pythons add to the tree: the digest should be the same on all of them. Import
    statements are added to `imports` on the way.
    """
    if isinstance(node, list):
        return tuple(_meaning(item, imports) for item in node if not _is_lone_text(item))
    if not isinstance(node, ast.AST):
        return type(node).__name__, repr(node)
    if isinstance(node, ast.Import | ast.ImportFrom):
        imports.append(node)
    fields = []
    for name, value in ast.iter_fields(node):
        is_empty = value is None or value == []
        # None is an empty field, but in a constant it is the word None itself.
        if name in ("kind", "type_comment") or (is_empty and not isinstance(node, ast.Constant)):
            continue
        if meaning := _meaning(value, imports):
            fields.append((name, meaning))
    return type(node).__name__, tuple(fields)


def _is_lone_text(node):
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )


def _imported_files(imports, path):
    files = []
    for node in imports:
        if isinstance(node, ast.Import):
            for alias in node.names:
                files += _files_of(alias.name)
        else:
            module = node.module or ""
            if node.level:
                parents = _name(path).split(".")
                depth = len(parents) - node.level + (path.name == "__init__.py")
                module = ".".join([*parents[:depth], *filter(None, [module])])
            files += _files_of(module)
            # What is imported from a package may be a module of it.
            for alias in node.names:
                files += _files_of(f"{module}.{alias.name}")
    return files


def _files_of(module):
    """The project's files that importing `module` runs: its packages' and its own."""
    parts, files = module.split("."), []
    for depth in range(1, len(parts) + 1):
        place = SCRIPTS.joinpath(*parts[:depth])
        files += [f for f in (place / "__init__.py", place.with_suffix(".py")) if f.is_file()]
    return files
