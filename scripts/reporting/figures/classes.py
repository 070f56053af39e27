"""Test accuracy of one model on every class, the highest first."""

from xml.etree import ElementTree

from reporting.figure import Figure
from reporting.messages import N_, Sentence

COLUMNS, COLUMN_WIDTH, ROW_HEIGHT, MARGIN = 4, 270, 16, 8
NAME_WIDTH, BAR_WIDTH, VALUE_WIDTH, TEXT = 160, 60, 36, 10.5
COLOUR = "#0072B2"


def caption(_content, _row):
    message = N_(
        "Percent of the test images of each class, the mean over seeds, the highest first."
    )
    return [Sentence(message, {})]


def draw(runs, classes):
    import numpy as np

    from cifarlab.comparison.results import RunFolder
    from engine.files import read_json

    names = read_json(classes)["fine_names"]
    confusion = sum(np.array(RunFolder(run).metrics["confusion"]) for run in runs)
    with np.errstate(invalid="ignore"):
        accuracies = 100 * np.diag(confusion) / confusion.sum(axis=1)
    # NaN, of a class without images, comes last.
    order = np.argsort(-accuracies, kind="stable")
    return classes_svg([(names[label], float(accuracies[label])) for label in order])


def classes_svg(classes):
    """Names with bars, in columns to be read downwards. classes: list of (name, percent or NaN)."""
    from reporting.svg import add, drawing, fitted

    n_rows = -(-len(classes) // COLUMNS)
    svg = drawing(COLUMNS * COLUMN_WIDTH, n_rows * ROW_HEIGHT + 2 * MARGIN)
    svg.set("font-size", str(TEXT))
    for place, (name, percent) in enumerate(classes):
        column, row = divmod(place, n_rows)
        left, baseline = column * COLUMN_WIDTH, MARGIN + row * ROW_HEIGHT + 11.5
        end = left + NAME_WIDTH
        label = add(svg, "text", x=end - 5, y=baseline, text_anchor="end")
        label.text = fitted(name, NAME_WIDTH - 5, TEXT)
        bar = {"x": end, "y": baseline - 8.5, "height": 10, "rx": 1.5}
        add(svg, "rect", **bar, width=BAR_WIDTH, opacity=0.08)
        is_known = percent == percent
        if is_known:
            add(svg, "rect", **bar, width=round(BAR_WIDTH * percent / 100, 2), fill=COLOUR)
        value = add(svg, "text", x=end + BAR_WIDTH + VALUE_WIDTH, y=baseline, text_anchor="end")
        value.text = f"{percent:.1f}" if is_known else "–"
    return ElementTree.tostring(svg, encoding="unicode") + "\n"


FIGURE = Figure(
    per="row",
    category="Classes",
    title=N_("Accuracy of every class"),
    description=N_("Bar chart: test accuracy of %(title)s on every class"),
    caption=caption,
    runs=("metrics.json",),
    files={"classes": "data/classes.json"},
    sources=("compare/classes.csv",),
    is_wide=True,
    draw=draw,
)
