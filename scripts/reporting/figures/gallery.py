"""Test images that are hard for all models: wrong in all runs, or of most disagreement."""

from xml.etree import ElementTree

from reporting.figure import Figure
from reporting.messages import N_, Sentence

COLUMNS, LINES = 6, 2


def caption(content, _row):
    never = sum(line["right_runs"] == 0 for line in content.images)
    message = N_(
        "The same images for all models. Test images that are wrong in all %(runs)s runs: "
        "%(never)s of %(n)s; shown are those with the highest mean confidence. Disagreement is the "
        "share of pairs of runs that predict different classes. Below each image: its true class, "
        "what most runs took it for, and how many runs are right."
    )
    n_runs = content.images[0]["runs"]
    return [Sentence(message, {"runs": n_runs, "never": never, "n": len(content.images)})]


def draw(images, dataset):
    from cifarlab.comparison.results import read_table
    from cifarlab.datasets.store import load_split

    table = read_table(images, ["image", "right_runs", "disagreement_percent"])
    return gallery_svg(choose(table), load_split(dataset).images)


def choose(table):
    """The images to show, by group: dict from its name to lines of images.csv, dicts.

    table: images.csv as a DataFrame. wrong: no run is right, the highest mean confidence first;
    disputed: the highest disagreement first, then the same.
    """
    order = ["disagreement_percent", "mean_confidence_percent", "image"]
    directions = [False, False, True]
    wrong = table[table["right_runs"] == 0].sort_values(order[1:], ascending=directions[1:])
    disputed = table[table["disagreement_percent"] > 0].sort_values(order, ascending=directions)
    groups = {"wrong": wrong, "disputed": disputed}
    return {name: group[: COLUMNS * LINES].to_dict("records") for name, group in groups.items()}


def gallery_svg(groups, images):
    """Lines of pictures with what was said of each. groups: as `choose`; images: of the split."""
    from reporting.figures.examples import CELL, GAP, HEADING, TEXT
    from reporting.svg import Messages, add, drawing, with_table

    say = Messages()
    headings = {
        "wrong": say("wrong in all runs"),
        "disputed": say("highest disagreement between runs"),
    }
    svg, top = drawing(COLUMNS * CELL, 0), 0
    svg.set("font-size", str(TEXT))
    for name, lines in groups.items():
        if lines:
            place = {"x": 0, "y": top + 15, "font_size": 12, "font_weight": "bold"}
            add(svg, "text", **place).text = headings[name]
            top += HEADING
        for start in range(0, len(lines), COLUMNS):
            heights = [
                entry(svg, say, column * CELL, top, line, images[line["image"]])
                for column, line in enumerate(lines[start : start + COLUMNS])
            ]
            top += max(heights) + GAP
    if not top:
        add(svg, "text", x=0, y=15).text = say("All runs are right about all images.")
        top = HEADING
    svg.set("viewBox", f"0 0 {COLUMNS * CELL} {top}")
    drawn = say.keep(ElementTree.tostring(svg, encoding="unicode")) + "\n"
    return with_table(drawn, [{"group": name, **line} for name in groups for line in groups[name]])


def entry(svg, say, left, top, line, pixels):
    """One picture with its lines of text; returns their height together."""
    from reporting.figures.examples import CELL, LINE, PICTURE, RIGHT, TEXT, WRONG, picture
    from reporting.svg import add, fitted

    place = {"x": left, "y": top, "width": PICTURE, "height": PICTURE}
    add(svg, "image", **place, href=picture(pixels))
    is_right = line["most_frequent_class"] == line["true_class"]
    add(svg, "rect", **place, fill="none", stroke=RIGHT if is_right else WRONG, stroke_width=2)
    runs, right = line["runs"], line["right_runs"]
    mark, most = "✓" if is_right else "✗", line["most_frequent_runs"]
    texts = [line["true_class"], f"{mark} {line['most_frequent_class']} {most}/{runs}"]
    texts.append(say("right: %(k)s of %(n)s", k=right, n=runs))
    for number, text in enumerate(texts):
        baseline = top + PICTURE + LINE * (1 + number)
        weight = {} if number else {"font_weight": "bold"}
        label = add(svg, "text", x=left, y=baseline, opacity=0.75 if number == 2 else 1, **weight)
        label.text = fitted(text, CELL - 4, TEXT * (1 if number else 1.1))
    return PICTURE + LINE * len(texts)


FIGURE = Figure(
    per="comparison",
    category="5 Example images",
    title=N_("The hardest images"),
    description=N_(
        "Pictures: test images that all runs get wrong, and those on which they disagree most"
    ),
    caption=caption,
    files={"images": "compare/images.csv", "dataset": "data/test.json"},
    sources=("compare/images.csv",),
    is_wide=True,
    draw=draw,
)
