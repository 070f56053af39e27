"""The table of how often images of each superclass were taken for each."""

from reporting.blocks import Details, Field, Paragraph, Table
from reporting.messages import N_
from reporting.numbers import number


def superclass_table(say, row):
    """The table of one Row, folded away, as blocks; none where there are no superclasses."""
    if not row.superclasses:
        return []
    shares = {}
    for line in row.superclasses:
        shares.setdefault(line["true_superclass"], []).append(line["share_percent"])
    names = list(shares)
    title = say(N_("Confusion of the superclasses, % of the true one"))
    heads = [
        # Their names stand in the first column; twenty more would not fit.
        Field(str(place + 1), True, {"title": name, "aria-label": name})
        for place, name in enumerate(names)
    ]
    table = Table(
        label=say.pair(title, say.safe(row.title)),
        style="dense",
        head=[Field(say(N_("true superclass"))), *heads],
        rows=[
            [
                Field(say.joined(" ", [str(place + 1), say.safe(name)])),
                *(
                    Field(share_text(say, share, other == place), True)
                    for other, share in enumerate(shares[name])
                ),
            ]
            for place, name in enumerate(names)
        ],
    )
    note = say(
        N_("A column is the superclass that images were taken for, by its number, all seeds.")
    )
    source = Paragraph(say.sentences([note, say.source("compare/superclasses.csv")]), "source")
    return [Details(title, [table, source])]


def share_text(say, share, is_right):
    text = number(share, 1)
    return say.strong(text) if is_right else text
