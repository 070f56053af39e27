"""The structure of one model as a diagram: its stages from input to class logits."""

import itertools
import re
import textwrap
from xml.etree import ElementTree

from engine.files import read_json
from reporting.figure import Figure
from reporting.layers import (
    folded,
    kind_text,
    layer_lines,
    name_of_run,
    parameters_text,
    shape_text,
)
from reporting.messages import N_, Sentence
from reporting.svg import Messages, drawing, fitted, length, printable, with_table
from reporting.svg import add as _add

PLAIN = "Sequential"
# A diagram is read at a glance or not at all.
MOST_BOXES, MOST_ON_A_LEVEL, MOST_LISTED = 25, 12, 8
# A pattern of up to 8 parts, each "part · ", again and again.
REPEATED_PARTS = re.compile(r"(?:^|(?<=· ))((?:[^·]+· ){1,8}?)\1+")
# Lengths in units of the view box; a column is named by the right edge of its text.
WIDTH, MARGIN, PADDING, GAP, LINE = 760, 16, 12, 18, 16
TEXT, BOLD, SMALL = 12, 13.5, 11
# In letters, of which also the widest have room.
LONGEST_LINE = 46
SHAPE, PARAMETERS, SHARE = 516, 655, 720
COLUMN_WIDTHS = {SHAPE: 122, PARAMETERS: 118, SHARE: 62}
HAS_PARAMETERS, REPEATED, NEITHER = "#0072B2", "#E69F00", "#808080"


def caption(_content, row):
    if row.cost["structure"] is None:
        message = N_("The layers could not be followed as the model ran; the drawing says why.")
        return [Sentence(message, {})]
    message = N_(
        "Made from the model itself. Amber: repeated blocks, drawn once; blue: others that have "
        "parameters."
    )
    return [Sentence(message, {})]


def draw(cost):
    measured = read_json(cost)
    if measured["structure"] is None:
        return reason_svg(measured["unmeasured"]["structure"], cost.stem)
    return structure_svg(measured["structure"], cost.stem)


def structure_svg(tree, title):
    """The diagram of a `structure_tree`: its stages from input to class logits, as SVG text.

    A box has name, kind, output shape, parameters and their share of all; alike neighbours are
    one box; what goes beyond 25 boxes is summed up. Ink (`currentColor`) and size are the page's.
    """
    say = Messages()
    total, children = tree["parameters"], tree["children"] or [tree]
    outside = total - sum(c["parameters"] for c in children)
    heading = say("%(total)s parameters", total=f"{total:,}")
    if outside > 0:
        heading = say(
            "%(total)s parameters, %(outside)s of them outside of the boxes",
            total=f"{total:,}",
            outside=f"{outside:,}",
        )
    ends = {"kind": "", "kernel_size": None, "parameters": None, "children": [], "times": 1}
    first = {**ends, "name": say("input"), "output_shape": tree["input_shape"]}
    last = {**ends, "name": say("class logits"), "output_shape": tree["output_shape"]}
    svg = _empty(title, heading)
    columns = (
        (SHAPE, say("output shape")),
        (PARAMETERS, say("parameters")),
        (SHARE, say("share, %")),
    )
    for column, words in columns:
        _column(svg, column, 74, words, SMALL, opacity=0.75)
    bottom = _flow(svg, [first, *_stages(children), last], 84, 0, total)
    svg.set("viewBox", f"0 0 {WIDTH} {bottom + MARGIN}")
    drawn = say.keep(ElementTree.tostring(svg, encoding="unicode")) + "\n"
    return with_table(drawn, layer_lines(tree))


def reason_svg(reason, title):
    """A drawing that says why there is no structure, as SVG text. reason: one line."""
    say = Messages()
    heading = say("No diagram, because the layers could not be followed as the model ran:")
    lines = textwrap.wrap(printable(reason), LONGEST_LINE)
    svg = _empty(title, heading)
    for number, line in enumerate(lines):
        _text(svg, MARGIN, 74 + number * LINE, line, WIDTH - 2 * MARGIN)
    svg.set("viewBox", f"0 0 {WIDTH} {74 + len(lines) * LINE}")
    return say.keep(ElementTree.tostring(svg, encoding="unicode")) + "\n"


def _empty(title, heading):
    """A drawing with its title and a line below it."""
    svg = drawing(WIDTH, 0)
    _add(svg, "title").text = printable(title)
    _text(svg, MARGIN, 28, title, WIDTH - 2 * MARGIN, 16, font_weight="bold")
    _text(svg, MARGIN, 47, heading, WIDTH - 2 * MARGIN, opacity=0.75)
    return svg


def _stages(children):
    """The boxes of the top level; as long as there is room, the deep ones with theirs inside."""
    stages = _boxes(children, MOST_ON_A_LEVEL)
    room = MOST_BOXES - len(stages) - len(("input", "class logits"))
    for stage in sorted(stages, key=lambda stage: -stage["times"] * stage["parameters"]):
        within = stage["children"]
        deep = len(within) > MOST_LISTED or any(child["children"] for child in within)
        if deep and room > 1:
            stage["boxes"] = _boxes(within, min(room, MOST_ON_A_LEVEL))
            room -= len(stage["boxes"])
    return stages


def _boxes(children, most):
    if len(folded(children)) > most:
        groups = _by_resolution(children)
        if len(groups) > most:
            groups[most - 1 :] = [[*itertools.chain(*groups[most - 1 :])]]
        joined = [[_merged(group)] if len(folded(group)) > 1 else group for group in groups]
        children = [*itertools.chain(*joined)]
    return [_unwrapped(node) for node in folded(children)]


def _by_resolution(children):
    """`children` cut where layers with parameters change the size; what has none ends its group."""
    resolutions, resolution = [], []
    for child in children:
        resolution = (child["output_shape"] or [])[1:] if child["parameters"] else resolution
        resolutions.append(resolution)
    groups = itertools.groupby(zip(resolutions, children, strict=True), key=lambda pair: pair[0])
    return [[child for _, child in group] for _, group in groups]


def _merged(nodes):
    """Neighbours as if they stood in a Sequential of their own."""
    own = {"name": name_of_run(nodes), "kind": PLAIN, "kernel_size": None, "children": nodes}
    return {**nodes[-1], **own, "parameters": sum(node["parameters"] for node in nodes)}


def _unwrapped(node):
    """What a Sequential holds in its place, where that is one node, folded; else the node."""
    within = folded(node["children"])
    if node["kind"] != PLAIN or node["times"] > 1 or len(within) != 1:
        return node
    return _unwrapped({**within[0], "name": node["name"]})


def _contents(children):
    """What is in a module, in a phrase: "(Conv2d 3×3 · ReLU) × 2 · MaxPool2d"."""

    def counted(found):
        parts, times = found[1].removesuffix(" · "), len(found[0]) // len(found[1])
        return f"({parts}) × {times} · " if " · " in parts else f"{parts} × {times} · "

    named = [child["kind"] == PLAIN and not child["name"].isdigit() for child in children]
    parts = [
        child["name"] if n else kind_text(child) for child, n in zip(children, named, strict=True)
    ]
    return REPEATED_PARTS.sub(counted, "".join(f"{part} · " for part in parts))[: -len(" · ")]


def _flow(svg, nodes, top, depth, total):
    """Draw `nodes` from `top` downwards with arrows between them; returns their bottom."""
    for number, node in enumerate(nodes):
        if number:
            arrow = f"M{WIDTH // 2} {top + 2}v{GAP - 8}m-3 0h6l-3 4z"
            _add(svg, "path", d=arrow, stroke="currentColor", opacity=0.6)
            top += GAP
        top = _box(svg, node, top, depth, total)
    return top


def _box(svg, node, top, depth, total):
    """Draw one box with all that is in it; returns its bottom."""
    left, baseline, inner = MARGIN + depth * PADDING, top + 21, node.get("boxes")
    width, bottom, times, rx = WIDTH - 2 * left, top + 34, node["times"], 5 if node["kind"] else 17
    phrase = "" if inner else _contents(node["children"])
    kind = "" if node["kind"] == PLAIN and times == 1 else kind_text(node)
    colour = REPEATED if times > 1 else HAS_PARAMETERS if node["parameters"] else NEITHER
    frame = _add(svg, "rect", data_depth=depth, x=left, y=top, width=width, fill=colour, rx=rx)
    frame.attrib |= {"fill-opacity": "0.1", "stroke": colour, "stroke-opacity": "0.6"}

    room = SHAPE - COLUMN_WIDTHS[SHAPE] - left - PADDING
    name = fitted(node["name"], 0.65 * room if kind else room, BOLD)
    kind = fitted(kind, room - length(name, BOLD) - 8, TEXT)
    names = _add(svg, "text", x=left + PADDING, y=baseline, font_size=TEXT)
    _add(names, "tspan", font_weight="bold").text = name
    _add(names, "tspan", dx=8).text = kind
    _column(svg, SHAPE, baseline, shape_text(node["output_shape"]))
    if node["parameters"] is not None:
        _column(svg, PARAMETERS, baseline, parameters_text(node))
    if node["parameters"]:
        _share(svg, node["parameters"] * times / total, baseline)
    if phrase:
        _text(svg, left + PADDING, bottom + 7, phrase, width - 2 * PADDING, SMALL, opacity=0.8)
        bottom += LINE
    if inner:
        bottom = _flow(svg, inner, bottom + 4, depth + 1, total / times) + PADDING
    frame.set("height", str(bottom - top))
    return bottom


def _share(svg, share, baseline):
    left = PARAMETERS - COLUMN_WIDTHS[PARAMETERS]
    bar, length = {"x": left, "y": baseline + 5, "height": 3, "rx": 1.5}, SHARE - left
    _column(svg, SHARE, baseline, "< 0.1" if share < 0.001 else f"{100 * share:.1f}")
    _add(svg, "rect", **bar, width=length, opacity=0.12)
    _add(svg, "rect", **bar, width=max(1, round(length * min(1, share))), fill=HAS_PARAMETERS)


def _column(svg, right, baseline, text, size=TEXT, **attributes):
    _text(svg, right, baseline, text, COLUMN_WIDTHS[right], size, text_anchor="end", **attributes)


def _text(svg, x, y, text, width, size=TEXT, **attributes):
    _add(svg, "text", x=x, y=y, font_size=size, **attributes).text = fitted(text, width, size)


FIGURE = Figure(
    per="model",
    category="7 Layers of each model",
    title=N_("Structure"),
    description=N_("Diagram: the layers of %(title)s from input to class logits"),
    caption=caption,
    files={"cost": "cost/{model}.json"},
    path="cost/{model}.svg",
    draw=draw,
)
