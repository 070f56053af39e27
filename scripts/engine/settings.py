"""The base of all settings: closed, immutable, strictly typed."""

import ast
import copy
import difflib
import inspect
import json
import re
import textwrap
from datetime import date, datetime
from itertools import pairwise
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
)
from pydantic_core import PydanticCustomError

from engine.errors import UserError


class Settings(BaseModel):
    """A group of named values; unknown keys and values of another type are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)

    @classmethod
    def __get_pydantic_json_schema__(cls, core_schema, handler):
        schema = handler(core_schema)
        for name, text in descriptions(cls).items():
            handler.resolve_ref_schema(schema)["properties"][name].setdefault("description", text)
        return schema

    def to_json(self):
        """Canonical JSON: every key, sorted, whatever order the user wrote."""
        return canonical_json(self.model_dump())


def descriptions(kind):
    """The texts that stand below the attributes of a Settings class, by attribute.

    With use_attribute_docstrings pydantic reads them whenever a class is made, a tenth of a second
    at every start. Only a schema, an error or --help needs them.
    """
    texts = {}
    for one in reversed(kind.__mro__):
        if not issubclass(one, Settings) or not inspect.get_annotations(one):
            continue
        try:
            tree = ast.parse(textwrap.dedent(inspect.getsource(one)))
        except OSError:  # made by create_model
            continue
        for attribute, text in pairwise(tree.body[0].body):
            is_described = isinstance(attribute, ast.AnnAssign) and isinstance(text, ast.Expr)
            if is_described and isinstance(getattr(text.value, "value", None), str):
                texts[attribute.target.id] = inspect.cleandoc(text.value.value)
    return {name: text for name, text in texts.items() if name in kind.model_fields}


def canonical_json(value):
    """JSON text that is the same for the same values, whatever the order of their keys."""
    return json.dumps(value, sort_keys=True, allow_nan=False)


def _number(value):
    """YAML 1.1 reads 1e-3 as text, because it has no point; people mean the number."""
    if isinstance(value, str):
        try:
            return float(value)
        except ValueError:
            return value
    return value


def _plain(value):
    """A value that JSON has: commands and records hold settings as JSON."""
    try:
        is_plain = json.loads(json.dumps(value, allow_nan=False)) == value
    except (TypeError, ValueError):
        is_plain = False
    if not is_plain:
        raise ValueError("should be a text, a finite number, true, false, null, or made of these")
    return value


def text_like(pattern, words, **limits):
    """The type of a text that is all of a pattern, for editors; `words` tell people a fault."""

    def check(value):
        if isinstance(value, str) and not re.fullmatch(pattern, value):
            raise PydanticCustomError("text_like", "{words}", {"words": words})
        return value

    return Annotated[str, Field(pattern=f"^{pattern}$", **limits), BeforeValidator(check)]


PlainValue = Annotated[Any, AfterValidator(_plain)]
Number = Annotated[float, BeforeValidator(_number)]
PositiveNumber = Annotated[Number, Field(gt=0)]
NonNegativeNumber = Annotated[Number, Field(ge=0)]
Share = Annotated[Number, Field(ge=0, lt=1)]
Count = Annotated[int, Field(ge=1)]
Seed = Annotated[int, Field(ge=0, lt=2**63)]


# Faults of a value where text is allowed too.
OF_TEXT = {"string_type", "literal_error", "list_type"}
# Faults of a key that may not be there.
OF_ABSENT = {"missing", "union_tag_invalid", "union_tag_not_found"}
# What YAML and JSON make of text without quotes, by the type that it gets.
NO_TEXT = {bool: "true or false", int: "a number", float: "a number", date: "a date"}
NO_TEXT |= {datetime: "a time", type(None): "nothing"}

# What a user may ask for; apart from torch, because the workflow reads it at every start.
DeviceName = Literal["auto", "cuda", "mps", "cpu"]


def settings_from_json(kind, text):
    """Settings of one kind from the JSON text of a command's argument.

    kind: a Settings class or a union of them. Raises UserError as `checked_settings` does.
    """
    try:
        value = json.loads(text)
    except ValueError as error:
        raise UserError(f"expected settings as JSON, found {text!r} ({error})") from error
    return checked_settings(kind, value)


def checked_settings(kind, value, texts=None, at=""):
    """`value`, as read from YAML or JSON, as settings of one kind.

    kind: a Settings class or a union of them; texts: `value` before texts in it were taken for
    numbers, which count where text is meant; at: the key below which `value` stands, for errors.
    Raises UserError with one line per fault: the key, what was found and what is allowed.
    """
    adapter = TypeAdapter(kind)
    try:
        return adapter.validate_python(value)
    except ValidationError as error:
        if texts is not None:
            return checked_settings(kind, _with_texts(value, texts, error.errors()), at=at)
        schema = adapter.json_schema()
        lines = [_fault_line(fault, schema, value, at) for fault in error.errors()]
        raise UserError("\n  ".join(["the settings are not valid:", *lines])) from error


def _with_texts(value, texts, faults):
    """`value` with the texts put back where `faults` say that text is allowed."""
    value = copy.deepcopy(value)
    for fault in faults:
        if fault["type"] in OF_TEXT and fault["loc"][-1] != "[key]":
            *parts, last = _without_tags(fault["loc"], value)
            place, text = value, texts
            for part in parts:
                place, text = place[part], text[part]
            place[last] = text[last]
    return value


def _fault_line(fault, schema, value, at):
    location, found, what = fault["loc"], fault["input"], "should"
    if location[-1:] == ("[key]",) and not isinstance(found, str):
        location, what = location[:-2], "a key should"
    if fault["type"] == "extra_forbidden":
        allowed = sorted(_schema_at(schema, location[:-1])["properties"])
        close = difflib.get_close_matches(str(location[-1]), allowed, n=1)
        hint = f"; did you mean {close[0]}?" if close else ""
        # The key may come from a configuration file below the user's: laying on top only adds.
        message = f"unknown key (found {found!r}){hint}; allowed here: {', '.join(allowed)}"
    elif fault["type"] == "missing":
        allowed = _schema_at(schema, location[:-1])["properties"][location[-1]]
        message = f"missing; {allowed.get('description', 'this key is needed')}"
    elif fault["type"] == "union_tag_invalid":
        context = fault["ctx"]
        location = (*location, context["discriminator"].strip("'"))
        message = f"should be one of {context['expected_tags']} (found {context['tag']!r})"
    elif fault["type"] == "union_tag_not_found":
        location = (*location, fault["ctx"]["discriminator"].strip("'"))
        message = f"missing; it says what the other keys mean (found {found!r})"
    elif fault["type"] == "string_type" and type(found) in NO_TEXT:
        kind = NO_TEXT[type(found)]
        message = f"{what} be text; put it in quotes, without it is {kind} (found {found!r})"
    elif fault["type"] in ("model_type", "dict_type", "model_attributes_type"):
        message = f"should be keys with values, as in `key: value` (found {_shown(found)})"
    else:
        message = f"{fault['msg'].removeprefix('Input ')} (found {_shown(found)})"
    parts = _without_tags(location, value, may_be_absent=fault["type"] in OF_ABSENT)
    return f"{key_path([at, *parts] if at else parts)}: {message}"


def _shown(value):
    text = repr(value)
    return text if len(text) <= 200 else f"{text[:200]} …"


def _schema_at(schema, location):
    """The part of a JSON schema that describes what stands at `location`."""

    def resolve(node):
        # Of what may also be null, the schema of what it else is.
        [node] = [n for n in node.get("anyOf", [node]) if n != {"type": "null"}][:1] or [node]
        return schema["$defs"][node["$ref"].rpartition("/")[2]] if "$ref" in node else node

    node = resolve(schema)
    for part in location:
        if "discriminator" in node:
            node = {"$ref": node["discriminator"]["mapping"][part]}
        elif isinstance(part, int) and "items" in node:
            node = node["items"]
        elif part in node.get("properties", {}):
            node = node["properties"][part]
        else:
            node = (
                next(iter(node.get("patternProperties", {}).values()), None)
                or node["additionalProperties"]
            )
        node = resolve(node)
    return node


def _without_tags(location, value, may_be_absent=False):
    """`location` without what pydantic adds to it: the tags of unions, and "[key]".

    may_be_absent: whether the last part may be a key that `value` lacks.
    """
    parts = []
    for number, part in enumerate(location):
        is_there = isinstance(part, int) if isinstance(value, list) else False
        if isinstance(value, dict):
            is_there = part in value
        is_key = is_there or (may_be_absent and number == len(location) - 1)
        # A word stands for a dict with one key.
        if not is_key or part == "[key]":
            continue
        parts.append(part)
        try:
            value = value[part]
        except (KeyError, IndexError, TypeError):
            value = None
    return parts


def key_path(location):
    """("runs", 0, "seeds") as "runs[0].seeds"."""
    path = ""
    for part in location:
        if isinstance(part, str) and not part.isprintable():
            part = repr(part)
        path += f"[{part}]" if isinstance(part, int) else f".{part}" if path else str(part)
    return path or "the whole"
