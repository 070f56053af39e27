"""Accuracy and precision of one model on every class, the highest accuracy first."""

from xml.etree import ElementTree

from reporting.figure import Figure
from reporting.messages import N_, Sentence

# As wide as the content of a window of 1,280 pixels, with letters of 12.
COLUMNS, COLUMN_WIDTH, ROW_HEIGHT, MARGIN = 3, 270, 16, 8
NAME_WIDTH, BAR_WIDTH, VALUE_WIDTH, TEXT = 126, 60, 36, 10.5
COLOUR = "#0072B2"


def caption(_content, _row):
    message = N_(
        "Bar and first number: percent of the test images of each class that are recognised "
        "(accuracy, which is the recall of the class), the mean over seeds, the highest first. "
        "Mark and second number: percent of the images taken for the class that are of it "
        "(precision), all seeds together."
    )
    return [Sentence(message, {})]


def draw(runs, classes):
    import numpy as np

    from cifarlab.comparison.results import RunFolder
    from engine.files import read_json

    names = read_json(classes)["fine_names"]
    confusion = sum(np.array(RunFolder(run).metrics["confusion"]) for run in runs)
    with np.errstate(invalid="ignore"):
        accuracies, precisions = (
            100 * np.diag(confusion) / confusion.sum(axis=axis) for axis in (1, 0)
        )
    # NaN, of a class without images, comes last.
    order = np.argsort(-accuracies, kind="stable")
    return classes_svg([(names[n], float(accuracies[n]), float(precisions[n])) for n in order])


def classes_svg(classes):
    """Names with bars, in columns to be read downwards.

    classes: list of (name, accuracy, precision), the latter two in percent or NaN.
    """
    from reporting.svg import add, drawing, fitted, with_table

    n_rows = -(-len(classes) // COLUMNS)
    svg = drawing(COLUMNS * COLUMN_WIDTH, n_rows * ROW_HEIGHT + 2 * MARGIN)
    svg.set("font-size", str(TEXT))
    for place, (name, *percents) in enumerate(classes):
        column, row = divmod(place, n_rows)
        left, baseline = column * COLUMN_WIDTH, MARGIN + row * ROW_HEIGHT + 11.5
        end = left + NAME_WIDTH
        label = add(svg, "text", x=end - 5, y=baseline, text_anchor="end")
        label.text = fitted(name, NAME_WIDTH - 5, TEXT)
        bar = {"x": end, "y": baseline - 8.5, "height": 10, "rx": 1.5}
        add(svg, "rect", **bar, width=BAR_WIDTH, opacity=0.08)
        accuracy, precision = percents
        if accuracy == accuracy:
            add(svg, "rect", **bar, width=round(BAR_WIDTH * accuracy / 100, 2), fill=COLOUR)
        if precision == precision:
            x = round(end + BAR_WIDTH * precision / 100, 2)
            mark = {"x1": x, "x2": x, "y1": baseline - 10, "y2": baseline + 3}
            add(svg, "line", **mark, stroke="currentColor", stroke_width=1.6)
        for number, percent in enumerate(percents, 1):
            right = end + BAR_WIDTH + number * VALUE_WIDTH
            # The second one of less weight, as its mark.
            look = {"text_anchor": "end", "opacity": 1 if number == 1 else 0.7}
            value = add(svg, "text", x=right, y=baseline, **look)
            value.text = f"{percent:.1f}" if percent == percent else "–"
    names = ("class", "test_accuracy_percent", "test_precision_percent")
    lines = [dict(zip(names, (name, *percents), strict=True)) for name, *percents in classes]
    return with_table(ElementTree.tostring(svg, encoding="unicode") + "\n", lines)


FIGURE = Figure(
    per="row",
    category="4 Classes",
    title=N_("Accuracy and precision of every class"),
    description=N_("Bar chart: test accuracy and precision of %(title)s on every class"),
    caption=caption,
    runs=("metrics.json",),
    files={"classes": "data/classes.json"},
    sources=("compare/classes.csv",),
    is_wide=True,
    draw=draw,
)
