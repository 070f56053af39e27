"""The keys of settings as a Markdown table, from the JSON schema that pydantic makes of them."""

LIMITS = {
    "minimum": "≥",
    "ge": "≥",
    "exclusiveMinimum": ">",
    "gt": ">",
    "maximum": "≤",
    "le": "≤",
    "exclusiveMaximum": "<",
    "lt": "<",
}
# Nobody writes such a number by hand.
NO_LIMIT = 2**53
NUMBERS = {"integer": "whole number", "number": "number"}
WORDS = {"string": "text", "boolean": "`true`, `false`", "null": "`null`", "object": "mapping"}


def key_table(schema):
    """A Markdown table, text: a row for each key with its type, its description, its default."""
    rows = ["| key | type | meaning |", "|---|---|---|"]
    rows += [f"| `{key}` | {kind} | {text} |" for key, kind, text in _Schema(schema).rows()]
    return "\n".join(rows) + "\n"


class _Schema:
    """A JSON schema, walked from its root. A row is (dotted key, type, meaning)."""

    def __init__(self, schema):
        self.root, self.definitions = schema, schema.get("$defs", {})

    def rows(self):
        return self._rows_below(self.root, "")

    def _resolved(self, node):
        if "$ref" not in node:
            return node
        # What stands at a key goes before what stands at the class.
        return self.definitions[node["$ref"].rpartition("/")[2]] | node

    def _rows_below(self, node, path):
        node = self._resolved(node)
        if "discriminator" in node:
            return self._rows_of_choices(node, path)
        if "anyOf" in node:
            # Classes, whose keys are described; what is written out in a schema is where it stands.
            classes = [n for n in node["anyOf"] if {"$ref", "discriminator"} & n.keys()]
            return [row for choice in classes for row in self._rows_below(choice, path)]
        if "properties" not in node:
            # Of a mapping or null, the mapping.
            mappings = [child for child in node.get("anyOf", []) if "$ref" in child]
            if mappings:
                return [row for child in mappings for row in self._rows_below(child, path)]
            below = [(f"{path}.<name>", n) for n in node.get("patternProperties", {}).values()]
            below += [(f"{path}[]", node["items"])] if "items" in node else []
            return [row for key, child in below for row in self._rows_below(child, key)]
        rows = []
        for name, child in node["properties"].items():
            key = f"{path}.{name}" if path else name
            rows.append((key, self._type(child), _meaning(self._resolved(child))))
            rows += self._rows_below(child, key)
        return rows

    def _rows_of_choices(self, node, path):
        """The key that chooses, then all keys of the choices, those that are alike in one row."""
        chooser = f"{path}.{node['discriminator']['propertyName']}"
        choices = {
            name: self._resolved({"$ref": reference})
            for name, reference in node["discriminator"]["mapping"].items()
        }
        names = {}
        for name, choice in choices.items():
            for row in self._rows_below(choice, path):
                names.setdefault(row, []).append(name)
        texts = [row[2] for row in names if row[0] == chooser and row[2]][:1]
        texts += [f"`{name}`: {_meaning(choice)}" for name, choice in choices.items()]
        rows = [(chooser, ", ".join(f"`{name}`" for name in choices), " ".join(texts))]
        keys = dict.fromkeys(key for key, *_ in names if key != chooser)
        for wanted in keys:
            for key, kind, text in names:
                if key == wanted:
                    having = names[key, kind, text]
                    owners = ", ".join(f"`{name}`" for name in having)
                    is_common = len(having) == len(choices)
                    rows.append((key, kind, text if is_common else f"{owners}: {text}"))
        return rows

    def _type(self, node):
        node = self._resolved(node)
        if "discriminator" in node:
            has_words = any("enum" in choice for choice in node["oneOf"])
            return "word or mapping" if has_words else "mapping"
        if "const" in node or "enum" in node:
            return ", ".join(f"`{value}`" for value in node.get("enum", [node.get("const")]))
        if "anyOf" in node:
            return ", ".join(map(self._type, node["anyOf"]))
        if node["type"] == "array":
            return f"list of {self._type(node['items'])}"
        if node["type"] in NUMBERS:
            limits = [
                f"{sign} {node[name]}"
                for name, sign in LIMITS.items()
                if name in node and node[name] < NO_LIMIT
            ]
            return " ".join([NUMBERS[node["type"]], " and ".join(limits)]).strip()
        return WORDS[node["type"]]


def _meaning(node):
    text = " ".join(node.get("description", "").split()).replace("|", "\\|")
    if "default" not in node:
        return text
    return f"{text} Default: `{_as_yaml(node['default'])}`."


def _as_yaml(value):
    """A value as one writes it in YAML, what is null in a mapping left out."""
    if isinstance(value, dict):
        given = [f"{key}: {_as_yaml(item)}" for key, item in value.items() if item is not None]
        return "{" + ", ".join(given) + "}"
    if isinstance(value, list):
        return f"[{', '.join(map(_as_yaml, value))}]"
    if isinstance(value, bool) or value is None:
        return {None: "null", True: "true", False: "false"}[value]
    return f"{value:g}" if isinstance(value, float) else str(value)
