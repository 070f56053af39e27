"""Accuracy on corrupted images, kind by kind and severity by severity."""

from reporting.blocks import Details, Field, Paragraph, Section, Table
from reporting.columns import shown
from reporting.messages import N_
from reporting.numbers import number

ABOUT = N_(
    "Top-1 accuracy on test images that are corrupted when they are read, the same for every run, "
    "after Hendrycks and Dietterich 2019. A kind is the mean of its severities, and of all seeds."
)


def accuracies(content):
    """Accuracy in percent by (model, recipe), kind and severity, nested dicts."""
    found = {}
    for line in content.robustness:
        kinds = found.setdefault((line["model"], line["recipe"]), {})
        severities = kinds.setdefault(line["corruption"], {})
        severities[line["severity"]] = line["test_accuracy_percent"]
    return found


def mean(values):
    values = list(values)
    return sum(values) / len(values)


def blocks(content, say):
    found = accuracies(content)
    rows = [(row, found[row.key]) for row in content.rows if row.key in found]
    kinds = list(rows[0][1])
    by_kind = Table(
        label=say(N_("Accuracy on corrupted images, %")),
        style="dense",
        head=[
            Field(say(N_("model"))),
            *(Field(say(text), True) for text in (N_("not corrupted"), N_("all kinds"))),
            *(Field(say.setting_value(kind), True) for kind in kinds),
        ],
        rows=[
            [
                Field(say.name(row.title)),
                Field(shown(say, row, "test_accuracy_percent"), True),
                Field(shown(say, row, "corrupted_accuracy_percent"), True),
                *(Field(number(mean(own[kind].values()), 2), True) for kind in kinds),
            ]
            for row, own in rows
        ],
        at_once=8,
        of_rows=tuple(row.number for row, _ in rows),
    )
    title = say(N_("Every severity"))
    source = say.source("compare/robustness.csv", "compare/comparison.csv")
    return [
        Paragraph(say(ABOUT)),
        by_kind,
        Details(title, [by_severity(say, title, rows, kinds)]),
        Paragraph(source, "source"),
    ]


def by_severity(say, title, rows, kinds):
    severities = list(rows[0][1][kinds[0]])
    return Table(
        label=title,
        style="dense",
        head=[
            Field(say(N_("model"))),
            Field(say(N_("kind"))),
            *(Field(say(N_("severity %(n)s"), n=severity), True) for severity in severities),
        ],
        rows=[
            [
                Field(say.name(row.title)),
                Field(say.setting_value(kind)),
                *(Field(number(own[kind][severity], 2), True) for severity in severities),
            ]
            for row, own in rows
            for kind in kinds
        ],
        repeated=2,
        of_rows=tuple(row.number for row, _ in rows for _ in kinds),
    )


SECTION = Section(
    "robustness",
    N_("Corrupted images"),
    blocks,
    is_shown=lambda content: bool(content.rows and content.robustness),
)
