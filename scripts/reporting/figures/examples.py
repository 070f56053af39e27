"""Test images with what one run took them for: drawn at random, and the most confident."""

import base64
import io
from xml.etree import ElementTree

from reporting.figure import Figure
from reporting.messages import N_, Sentence

# As many as fit into the content of a window of 1,280 pixels, with letters of 12.
N_PICTURES = 6
CELL, PICTURE, HEADING, LINE, GAP, TEXT = 135, 100, 22, 13, 14, 10.5
RIGHT, WRONG = "#009E73", "#D55E00"


def caption(_content, row):
    message = N_(
        "Test images with the class that the run of seed %(seed)s took them for and its "
        "probability; below wrong ones, the true class."
    )
    return [Sentence(message, {"seed": str(row.runs[0].seed)})]


def draw(predictions, dataset, classes):
    from cifarlab.datasets.store import load_description, load_split
    from cifarlab.evaluation.logits import load_predictions

    logits, labels = load_predictions(predictions)
    names = load_description(classes)["fine_names"]
    return examples_svg(load_split(dataset).images, logits, labels, names)


def choose(logits, labels):
    """Which images to show: (confidences, predicted classes, dict from a group to its indices).

    logits: float [n_images, n_classes]; labels: int [n_images]. Groups are (right or wrong, random
    or confident), each of up to 6 images; the random ones are the same for the same predictions.
    """
    import numpy as np

    shifted = np.exp(logits - logits.max(axis=1, keepdims=True))
    confidences = shifted.max(axis=1) / shifted.sum(axis=1)
    predicted = logits.argmax(axis=1)
    generator = np.random.default_rng(0)
    groups = {}
    for is_right in (True, False):
        indices = np.flatnonzero((predicted == labels) == is_right)
        groups[is_right, "random"] = generator.permutation(indices)[:N_PICTURES]
        ordered = indices[np.argsort(-confidences[indices], kind="stable")]
        groups[is_right, "confident"] = ordered[:N_PICTURES]
    return confidences, predicted, groups


def examples_svg(images, logits, labels, names):
    """Rows of pictures, each with its true class and what it was taken for."""
    from reporting.svg import Messages, add, drawing, fitted, with_table

    say = Messages()
    headings = {
        (True, "random"): say("right, drawn at random"),
        (False, "random"): say("wrong, drawn at random"),
        (True, "confident"): say("right, most confident"),
        (False, "confident"): say("wrong, most confident"),
    }
    confidences, predicted, groups = choose(logits, labels)
    groups = {key: groups[key] for key in headings if len(groups[key])}
    svg, top = drawing(N_PICTURES * CELL, 0), 0
    svg.set("font-size", str(TEXT))
    for key, indices in groups.items():
        add(svg, "text", x=0, y=top + 15, font_size=12, font_weight="bold").text = headings[key]
        for column, index in enumerate(indices):
            left = column * CELL
            place = {"x": left, "y": top + HEADING, "width": PICTURE, "height": PICTURE}
            add(svg, "image", **place, href=picture(images[index]))
            colour = RIGHT if key[0] else WRONG
            add(svg, "rect", **place, fill="none", stroke=colour, stroke_width=2)
            percent = say("%(x)s %%", x=f"{100 * confidences[index]:.0f}")
            lines = [f"{'✓' if key[0] else '✗'} {names[predicted[index]]}", percent]
            lines += [] if key[0] else [names[labels[index]]]
            for number, text in enumerate(lines):
                baseline = top + HEADING + PICTURE + LINE * (1 + number)
                line = add(svg, "text", x=left, y=baseline, opacity=0.75 if number else 1)
                line.text = fitted(text, CELL - 4, TEXT)
        top += HEADING + PICTURE + LINE * (2 if key[0] else 3) + GAP
    svg.set("viewBox", f"0 0 {N_PICTURES * CELL} {top}")
    drawn = say.keep(ElementTree.tostring(svg, encoding="unicode")) + "\n"
    return with_table(drawn, lines_of(confidences, predicted, groups, labels, names))


def lines_of(confidences, predicted, groups, labels, names):
    """What is drawn, a line an image."""
    return [
        {"test_image": int(index), "chosen": kind, "true_class": names[labels[index]]}
        | {"predicted_class": names[predicted[index]], "probability": float(confidences[index])}
        for (_, kind), indices in groups.items()
        for index in indices
    ]


def picture(pixels):
    """uint8 [height, width, 3] as a JPEG in a data URL: a quarter of the bytes of a PNG."""
    import numpy as np
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(np.asarray(pixels)).save(buffer, "JPEG", quality=90, subsampling=0)
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode()


PREDICTIONS = "runs/{model}/{recipe}/seed-{first_seed}/predictions.npz"
FIGURE = Figure(
    per="row",
    category="5 Example images",
    title=N_("Examples"),
    description=N_("Pictures: test images with the classes that %(title)s took them for"),
    caption=caption,
    files={
        "predictions": PREDICTIONS,
        "dataset": "data/test.json",
        "classes": "data/classes.json",
    },
    sources=(PREDICTIONS,),
    is_wide=True,
    draw=draw,
)
