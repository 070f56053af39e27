"""A model's structure in words: its layers as a table, alike ones folded."""

import itertools
import unicodedata

from reporting.messages import N_
from reporting.svg import printable


def folded(children):
    """`children` of a tree with each run of consecutive alike ones as one node, `times` long.

    Alike are nodes that agree in everything but names, all the way down. Returns new dicts: the
    name covers the run ("block_1–3"), the rest, parameters too, is that of one of them.
    """
    runs = [[*run] for _, run in itertools.groupby(children, key=_likeness)]
    return [{**run[0], "name": name_of_run(run), "times": len(run)} for run in runs]


def _likeness(node):
    return {**node, "name": "", "children": [_likeness(child) for child in node["children"]]}


def name_of_run(nodes):
    """One name for consecutive nodes: "block_1–3"."""
    first, last = nodes[0]["name"], nodes[-1]["name"]
    number = last.removeprefix(first.rstrip("0123456789"))
    return first if len(nodes) == 1 else f"{first}–{number if number.isdigit() else last}"


def layer_lines(tree):
    """The layers of a `structure_tree`, alike ones folded, as dicts: depth, layer, kind, …"""
    lines = []

    def add(nodes, depth):
        for node in folded(nodes):
            line = {"depth": depth, "layer": node["name"], "kind": kind_text(node)}
            line |= {"output_shape": shape_text(node["output_shape"]), "times": node["times"]}
            lines.append(line | {"parameters": node["parameters"]})
            add(node["children"], depth + 1)

    add(tree["children"] or [tree], 0)
    return lines


def structure_text(tree, gettext=str):
    """The layers of a `structure_tree` as an aligned table, alike ones folded, with their total.

    gettext: a function from a message to its translation.
    """
    heads = (N_("layer"), N_("kind"), N_("output shape"), N_("parameters"))
    rows = [tuple(gettext(head) for head in heads)]

    def add(nodes, indent):
        for node in folded(nodes):
            name = indent + printable(node["name"])
            rows.append(
                (name, kind_text(node), shape_text(node["output_shape"]), parameters_text(node))
            )
            add(node["children"], indent + "  ")

    add(tree["children"] or [tree], "")
    rows.append((gettext(N_("total")), "", "", f"{tree['parameters']:,}"))
    widths = [max(map(columns_of, column)) for column in zip(*rows, strict=True)]
    lines = []
    for row in rows:
        spaces = [" " * (width - columns_of(text)) for width, text in zip(widths, row, strict=True)]
        name, kind, shape, count = row
        lines.append(
            f"{name}{spaces[0]}  {kind}{spaces[1]}  {spaces[2]}{shape}  {spaces[3]}{count}"
        )
    rule = "-" * (sum(widths) + 6)
    return "\n".join([lines[0], rule, *lines[1:-1], rule, lines[-1], ""])


def columns_of(text):
    """Columns that a text takes in a monospaced font: two for each Chinese letter."""
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)


def kind_text(node):
    """A node's class, kernel size, and how often it stands there."""
    kernel = "×".join(map(str, node["kernel_size"] or []))
    times = f"× {node['times']}" if node.get("times", 1) > 1 else ""
    return " ".join(filter(None, [printable(node["kind"]), kernel, times]))


def shape_text(shape):
    """Sizes with × between them."""
    return " × ".join(map(str, shape or []))


def parameters_text(node):
    """A node's parameters, with how often they stand there."""
    times = f"{node['times']} × " if node["times"] > 1 and node["parameters"] else ""
    return f"{times}{node['parameters']:,}"
