"""The rows side by side: charts, and two of them class by class."""

from reporting.blocks import (
    Chart,
    Details,
    Field,
    Group,
    PairControls,
    Paragraph,
    Section,
    Table,
)
from reporting.figures.tradeoffs import COSTS
from reporting.messages import N_
from reporting.numbers import number
from reporting.pictures import further, picture

# These have their places; further ones come after them.
PLACED = ("accuracy", "losses", "tradeoffs")


def blocks(content, say):
    over = [("step", say(N_("step"))), ("second", say(N_("seconds in training")))]
    costs = [
        (name, say(title))
        for name, title in COSTS.items()
        if any(row.has(name) for row in content.rows)
    ]
    chosen = "multiply_adds" if "multiply_adds" in dict(costs) else costs[0][0]
    losses = Chart("losses", say(N_("Training loss over")), over, "step")
    tradeoffs = Chart("tradeoffs", say(N_("Test accuracy against")), costs, chosen)
    more = [picture(content, say, name) for name in further(PLACED, "comparison")]
    return [
        picture(content, say, "losses", chart=losses),
        picture(content, say, "tradeoffs", chart=tradeoffs),
        *([Details(say(N_("More charts")), more, id="more-charts")] if more else []),
        Group(say(N_("Classes")), classes(content, say), anchor="classes"),
    ]


def classes(content, say):
    """The accuracy of every class, of which the page's script sets two rows side by side."""
    title = say(N_("Test accuracy of every class, %"))
    heads = [Field(say.safe(row.title), True, {"data-row": row.number}) for row in content.rows]
    difference = {"id": "difference", "class": "bars", "hidden": ""}
    names = content.manifest["fine_names"]
    table = Table(
        id="class-table",
        label=title,
        style="dense",
        head=[
            Field(say(N_("class"))),
            *heads,
            Field(say(N_("first minus second, points")), attributes=difference),
        ],
        rows=[
            [Field(say.safe(name)), *(class_cell(row, label) for row in content.rows)]
            for label, name in enumerate(names)
        ],
        left_out=(1 + len(content.rows),),
    )
    source = Paragraph(say.source("compare/classes.csv"), "source")
    by_accuracy = [(row.number, row.title) for row in content.by_accuracy]
    return [PairControls(by_accuracy), Details(title, [table, source], id="class-details")]


def class_cell(row, label):
    attributes = {"id": row.class_cell(label), "data-row": row.number}
    attributes["data-value"] = f"{row.classes[label]:.3f}"
    return Field(number(row.classes[label], 1), True, attributes)


SECTION = Section("charts", N_("Side by side"), blocks)
