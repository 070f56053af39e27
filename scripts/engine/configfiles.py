"""Configuration files, looked at for what Snakemake would pass over in silence."""

import json
from pathlib import Path

import yaml

from engine.errors import UserError

# Written in C where PyYAML was built so: ten times as fast, which shows with many seeds.
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def check_configfile(path):
    """Raise UserError where a YAML file is no mapping, or gives a key twice: the last would count.

    path: of a file that is there; a JSON file is YAML too.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
        root = yaml.compose(text, Loader=LOADER)
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: this is not UTF-8 text ({error}); save it as UTF-8") from error
    except yaml.YAMLError as error:
        if _is_json(text):  # with tabs, for example
            return
        mark = getattr(error, "problem_mark", None)
        place = f", line {mark.line + 1}" if mark else ""
        problem = getattr(error, "problem", None) or str(error).replace("\n", " ")
        raise UserError(
            f"{path}{place}: this is not valid YAML ({problem}); indent with spaces, not with "
            "tabs, and close what is opened"
        ) from error
    if not isinstance(root, yaml.MappingNode):
        found = "nothing" if root is None else {"sequence": "a list"}.get(root.id, "a lone value")
        raise UserError(f"{path}: expected keys with values (`key: value`), found {found}")
    _check_keys(root, path, set())


def _check_keys(node, path, seen):
    """Look at all mappings below a node; an anchored one comes by several times."""
    if id(node) in seen or isinstance(node, yaml.ScalarNode):
        return
    seen.add(id(node))
    lines = {}
    for item in node.value:
        key, value = item if isinstance(node, yaml.MappingNode) else (None, item)
        if isinstance(key, yaml.ScalarNode):
            line, name = key.start_mark.line + 1, (key.tag, key.value)
            if name in lines:
                raise UserError(
                    f"{path}, line {line}: the key {key.value!r} was given in line {lines[name]} "
                    "already; keep one of them"
                )
            lines[name] = line
        _check_keys(value, path, seen)


def _is_json(text):
    try:
        json.loads(text)
    except ValueError:
        return False
    return True
