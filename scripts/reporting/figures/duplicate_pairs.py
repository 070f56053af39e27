"""Test images beside the training images that they look like, the least alike of them."""

from xml.etree import ElementTree

from reporting.figure import Figure
from reporting.messages import N_, Sentence

COLUMNS, ROWS = 5, 4
PICTURE, GAP, MARGIN, LINE, TEXT = 80, 4, 20, 14, 12
PAIR = 2 * PICTURE + GAP


def caption(_content, _row):
    message = N_(
        "Left a test image, right the training image that is nearest to it. Shown are the pairs "
        "that are the least alike of those that count, the last one being the least alike of all."
    )
    return [Sentence(message, {})]


def draw(duplicates, train, test):
    from cifarlab.comparison.results import read_table
    from cifarlab.datasets.store import load_split

    columns = ["test_index", "train_index", "ratio", "test_label", "train_label"]
    pairs = read_table(duplicates, columns)
    nearest = pairs.sort_values(["ratio", "test_index", "train_index"]).drop_duplicates(
        "test_index"
    )
    return pairs_svg(
        nearest.tail(COLUMNS * ROWS).to_dict("records"),
        load_split(train).images,
        load_split(test).images,
    )


def pairs_svg(pairs, train_images, test_images):
    """A sheet of pairs, each with its ratio and its labels. pairs: lines of duplicates.csv."""
    from reporting.figures.examples import picture
    from reporting.svg import Messages, add, drawing, fitted, with_table

    say = Messages()
    height = PICTURE + 3 * LINE + MARGIN
    n_rows = max(1, -(-len(pairs) // COLUMNS))
    svg = drawing(COLUMNS * (PAIR + MARGIN) - MARGIN, n_rows * height - MARGIN)
    svg.set("font-size", str(TEXT))
    if not pairs:
        add(svg, "text", x=0, y=15, font_size=12).text = say("no pair is near enough")
    for number, pair in enumerate(pairs):
        left, top = number % COLUMNS * (PAIR + MARGIN), number // COLUMNS * height
        i, j = pair["test_index"], pair["train_index"]
        sides = [
            (test_images[i], pair["test_label"], say("test %(n)s", n=i)),
            (train_images[j], pair["train_label"], say("train %(n)s", n=j)),
        ]
        for place, (pixels, label, index) in enumerate(sides):
            x = left + place * (PICTURE + GAP)
            add(svg, "image", x=x, y=top, width=PICTURE, height=PICTURE, href=picture(pixels))
            name = add(svg, "text", x=x, y=top + PICTURE + LINE)
            name.text = fitted(label, PICTURE, TEXT)
            add(svg, "text", x=x, y=top + PICTURE + 2 * LINE, opacity=0.75).text = index
        ratio = add(svg, "text", x=left, y=top + PICTURE + 3 * LINE, opacity=0.75)
        ratio.text = say("ratio %(r)s", r=f"{pair['ratio']:.3f}")
    drawn = say.keep(ElementTree.tostring(svg, encoding="unicode")) + "\n"
    return with_table(drawn, pairs)


FIGURE = Figure(
    per="comparison",
    category="8 Data",
    title=N_("Near-duplicates, the least alike"),
    description=N_("Pictures: test images beside the training images that they look like"),
    caption=caption,
    files={
        "duplicates": "data/duplicates.csv",
        "train": "data/train.json",
        "test": "data/test.json",
    },
    sources=("data/duplicates.csv",),
    is_wide=True,
    draw=draw,
)
