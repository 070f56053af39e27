"""What one model took the images of every class for, the classes in the order of superclasses."""

import base64
import io
from xml.etree import ElementTree

from reporting.figure import Figure
from reporting.messages import N_, Sentence

SIDE, LEFT, TOP, GAP, TEXT = 700, 268, 268, 8, 12.5
RIGHT, WRONG = (0, 158, 115), (213, 94, 0)
# Shares of a class's images in percent, where the scale of opacity begins and ends; its steps.
LEAST, MOST, STEPS = 0.5, 100, 15
TICKS = (0.5, 1, 3, 10, 30, 100)


def caption(content, _row):
    message = N_(
        "A row is a true class, a column what its test images were taken for, all seeds together. "
        "The stronger the colour, the larger the share of the class, on a logarithmic scale; "
        "green: right."
    )
    ordered = N_("Classes stand in the order of their superclasses, whose squares are framed.")
    has_superclasses = bool(content.manifest.get("coarse_names"))
    return [Sentence(message, {}), *([Sentence(ordered, {})] if has_superclasses else [])]


def draw(runs, classes):
    import numpy as np

    from cifarlab.comparison.results import RunFolder
    from engine.files import read_json
    from reporting.svg import with_table

    description = read_json(classes)
    names = description["fine_names"]
    confusion = sum(np.array(RunFolder(run).metrics["confusion"]) for run in runs)
    order, groups = grouped(description)
    shares = 100 * confusion / np.maximum(1, confusion.sum(axis=1, keepdims=True))
    svg = confusion_svg(shares[np.ix_(order, order)], groups)
    lines = [
        {"true_class": names[true], **{names[taken]: confusion[true, taken] for taken in order}}
        for true in order
    ]
    return with_table(svg, lines)


def grouped(description):
    """(order of the classes, list of (name of a group, its number of classes)).

    description: classes.json. Groups are the superclasses; without such each class is one.
    """
    import numpy as np

    if not description.get("coarse_names"):
        names = description["fine_names"]
        return np.arange(len(names)), [(name, 1) for name in names]
    superclass_of, names = np.array(description["coarse_of_fine"]), description["coarse_names"]
    counts = np.bincount(superclass_of, minlength=len(names))
    groups = [(name, int(n)) for name, n in zip(names, counts, strict=True) if n]
    return np.argsort(superclass_of, kind="stable"), groups


def confusion_svg(shares, groups):
    """The matrix as a picture with the names and the frames of its groups, and its scale.

    shares: percent, float [n_classes, n_classes]; groups: as `grouped` returns them.
    """
    from reporting.svg import Messages, add, drawing

    say, cell = Messages(), SIDE / len(shares)
    svg = drawing(LEFT + SIDE + GAP, TOP + SIDE + 70)
    svg.set("font-size", str(TEXT))
    place = {"x": LEFT, "y": TOP, "width": SIDE, "height": SIDE}
    add(svg, "image", **place, href=picture_of(shares), style="image-rendering: pixelated")
    add(svg, "rect", **place, fill="none", stroke="currentColor")
    first = 0
    for name, size in groups:
        start, length = first * cell, size * cell
        if first:
            for x, y in ((1, 0), (0, 1)):
                begin = {"x1": LEFT + x * start, "y1": TOP + y * start}
                end = {"x2": LEFT + (start if x else SIDE), "y2": TOP + (start if y else SIDE)}
                add(svg, "line", **begin, **end, stroke="currentColor", opacity=0.18)
        if size > 1:
            square = {"x": LEFT + start, "y": TOP + start, "width": length, "height": length}
            add(svg, "rect", **square, fill="none", stroke="currentColor", opacity=0.6)
        # One name a line; of smaller groups none could be read.
        if length >= TEXT:
            label(svg, name, start + length / 2)
        first += size
    add(svg, "text", x=LEFT - GAP, y=TOP - GAP, text_anchor="end").text = say("true class ↓")
    add(svg, "text", x=LEFT - GAP, y=TOP - GAP - 18, text_anchor="end").text = say("taken for →")
    scale(svg, say)
    return say.keep(ElementTree.tostring(svg, encoding="unicode")) + "\n"


def label(svg, name, middle):
    """The name of a group at its row and its column, `middle` from the corner of the matrix."""
    from reporting.svg import add, fitted

    text = fitted(name, LEFT - 2 * GAP, TEXT)
    row = {"x": LEFT - GAP, "y": round(TOP + middle + 0.35 * TEXT, 1), "text_anchor": "end"}
    add(svg, "text", **row).text = text
    x, y = round(LEFT + middle + 0.35 * TEXT, 1), TOP - GAP
    add(svg, "text", x=x, y=y, transform=f"rotate(-90 {x} {y})").text = text


def picture_of(shares):
    """Shares in percent as a PNG in a data URL, a pixel each: the larger, the more opaque."""
    import numpy as np
    from PIL import Image

    # From 1, which is seen just so, to STEPS for all images of a class; 0 for nothing.
    steps = np.maximum(1, np.ceil(STEPS * height(shares))) * (shares > 0)
    of_right = STEPS * (np.eye(len(shares), dtype=bool) & (shares > 0))
    image = Image.fromarray((steps + of_right).astype(np.uint8), "P")
    image.putpalette([*(0, 0, 0), *STEPS * WRONG, *STEPS * RIGHT])
    opacities = [opacity(step) for step in range(1, STEPS + 1)]
    buffer = io.BytesIO()
    image.save(buffer, "PNG", optimize=True, transparency=bytes([0, *opacities, *opacities]))
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()


def height(shares):
    """Where shares in percent stand on the logarithmic scale, in [0, 1]."""
    import numpy as np

    return np.log(np.clip(shares, LEAST, MOST) / LEAST) / np.log(MOST / LEAST)


def opacity(step):
    """Of a step of the scale, from 1, in [0, 255]."""
    return round(255 * (0.12 + 0.88 * (step - 1) / (STEPS - 1)))


def scale(svg, say):
    """What the steps of opacity mean, below the matrix."""
    from reporting.svg import add

    top, width = TOP + SIDE + 16, SIDE * 0.6
    for row, colour in enumerate((RIGHT, WRONG)):
        for step in range(1, STEPS + 1):
            x, fill = LEFT + (step - 1) * width / STEPS, f"rgb{colour}"
            place = {"x": round(x, 2), "y": top + 11 * row, "height": 10}
            size = {"width": round(width / STEPS, 2), "fill_opacity": round(opacity(step) / 255, 2)}
            add(svg, "rect", **place, **size, fill=fill)
    for percent in TICKS:
        x = LEFT + width * float(height(percent))
        text = add(svg, "text", x=round(x, 1), y=top + 38, text_anchor="middle")
        text.text = f"{percent:g}"
    place = {"x": LEFT + width + 2 * GAP, "y": top + 38}
    add(svg, "text", **place).text = say("share of the true class, %")


FIGURE = Figure(
    per="row",
    category="4 Classes",
    title=N_("Confusion matrix"),
    description=N_("Matrix: what %(title)s took the test images of every class for"),
    caption=caption,
    runs=("metrics.json",),
    files={"classes": "data/classes.json"},
    is_wide=True,
    draw=draw,
)
