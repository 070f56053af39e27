"""The accuracy of every class, of which the page sets two rows side by side."""

from reporting.blocks import Details, Field, PairControls, Paragraph, Section, Table
from reporting.messages import N_
from reporting.numbers import number


def blocks(content, say):
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


SECTION = Section("classes", N_("Classes"), blocks)
