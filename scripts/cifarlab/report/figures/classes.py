"""Test accuracy of one model on every class, the highest first."""

from pathlib import Path
from xml.etree import ElementTree

COLUMNS, COLUMN_WIDTH, ROW_HEIGHT, MARGIN = 4, 190, 16, 8
NAME_WIDTH, BAR_WIDTH, TEXT = 96, 56, 10.5
COLOUR = "#0072B2"


def add_arguments(parser):
    parser.add_argument("--classes", type=Path, required=True, help="classes.csv to read")
    parser.add_argument("--model", required=True, help="whose classes to show")
    parser.add_argument("--recipe", required=True, help="that it was trained with")


def inputs(arguments):
    return [arguments.classes]


def draw(arguments):
    from cifarlab.results import read_table

    columns = ["model", "recipe", "class", "test_accuracy_percent"]
    table = read_table(arguments.classes, columns)
    is_shown = (table["model"] == arguments.model) & (table["recipe"] == arguments.recipe)
    table = table[is_shown].sort_values("test_accuracy_percent", ascending=False, kind="stable")
    names, accuracies = table["class"].astype(str), table["test_accuracy_percent"]
    return classes_svg(list(zip(names, accuracies, strict=True)))


def classes_svg(classes):
    """Names with bars, in columns to be read downwards. classes: list of (name, percent or NaN)."""
    from cifarlab.report.layers import printable
    from cifarlab.report.svg import add, drawing

    n_rows = -(-len(classes) // COLUMNS)
    svg = drawing(COLUMNS * COLUMN_WIDTH, n_rows * ROW_HEIGHT + 2 * MARGIN)
    svg.set("font-size", str(TEXT))
    for place, (name, percent) in enumerate(classes):
        column, row = divmod(place, n_rows)
        left, baseline = column * COLUMN_WIDTH, MARGIN + row * ROW_HEIGHT + 11.5
        end = left + NAME_WIDTH
        label = add(svg, "text", x=end - 5, y=baseline, text_anchor="end")
        label.text = printable(name if len(name) <= 17 else name[:16] + "…")
        bar = {"x": end, "y": baseline - 8.5, "height": 10, "rx": 1.5}
        add(svg, "rect", **bar, width=BAR_WIDTH, opacity=0.08)
        is_known = percent == percent
        if is_known:
            add(svg, "rect", **bar, width=round(BAR_WIDTH * percent / 100, 2), fill=COLOUR)
        value = add(svg, "text", x=end + BAR_WIDTH + 30, y=baseline, text_anchor="end")
        value.text = f"{percent:.1f}" if is_known else "–"
    return ElementTree.tostring(svg, encoding="unicode") + "\n"
