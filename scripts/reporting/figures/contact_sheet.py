"""Training images before and after the augmentations of a recipe."""

from xml.etree import ElementTree

from reporting.figure import Figure
from reporting.messages import N_, Sentence

# Pictures in a line and in a group, which is a batch: only within it are images mixed.
N_PICTURES, N_GROUP = 16, 4
PICTURE, GAP, GROUP_GAP, NAMES, LINE, LINE_GAP, TEXT = 58, 4, 14, 56, 14, 16, 10.5


def caption(_content, _row):
    message = N_(
        "Images and draws are random, and the same each time; above as stored, below as in a first "
        "epoch. Below mixed images: the share of their own label. The rest is the label of the "
        "image to the left in the group of four, for the first one of the last."
    )
    return [Sentence(message, {})]


def draw(sheet):
    import numpy as np

    from engine.errors import UserError

    try:
        with np.load(sheet) as file:
            arrays = [file[name] for name in ("before", "after", "shares")]
    except (OSError, EOFError, KeyError, ValueError) as error:
        raise UserError(f"cannot read images in {sheet} ({error}); augment again") from error
    return sheet_svg(*arrays)


def sheet_svg(before, after, shares):
    """Lines of pictures, each above what became of it.

    before, after: uint8 [n, height, width, 3]; shares: float [n], of an image's own label.
    """
    from reporting.figures.examples import picture
    from reporting.svg import Messages, add, drawing, with_table

    say = Messages()
    width = place_of(N_PICTURES - 1) + PICTURE
    svg, top = drawing(width, 0), 0
    svg.set("font-size", str(TEXT))
    for first in range(0, len(before), N_PICTURES):
        numbers = range(first, min(first + N_PICTURES, len(before)))
        for images, name in ((before, say("before")), (after, say("after"))):
            add(svg, "text", x=0, y=top + PICTURE / 2 + 4).text = name
            for number in numbers:
                side = {"y": top, "width": PICTURE, "height": PICTURE}
                add(svg, "image", x=place_of(number), **side, href=picture(images[number]))
            top += PICTURE + GAP
        if (shares < 1).any():
            for number in numbers:
                middle = {"x": place_of(number) + PICTURE / 2, "text_anchor": "middle"}
                text = say("%(x)s %%", x=f"{100 * shares[number]:.0f}")
                add(svg, "text", y=top + LINE - GAP, **middle).text = text
            top += LINE
        top += LINE_GAP
    svg.set("viewBox", f"0 0 {width} {max(1, top - LINE_GAP)}")
    drawn = say.keep(ElementTree.tostring(svg, encoding="unicode")) + "\n"
    of_own_label = zip(range(len(shares)), shares.tolist(), strict=True)
    return with_table(drawn, [{"image": n, "share_of_label": s} for n, s in of_own_label])


def place_of(number):
    """Left edge of a picture by its number among all."""
    column = number % N_PICTURES
    return NAMES + column * (PICTURE + GAP) + column // N_GROUP * GROUP_GAP


FIGURE = Figure(
    per="recipe",
    category="5 Example images",
    title=N_("Training images before and after"),
    description=N_("Pictures: training images before and after the augmentations of %(title)s"),
    caption=caption,
    files={"sheet": "augmented/{recipe}.npz"},
    is_wide=True,
    draw=draw,
)
