"""Every pair of rows: which can be told apart, how far, and how surely."""

from reporting.blocks import Details, Field, Paragraph, Section, Table
from reporting.messages import N_, Sentence
from reporting.numbers import is_missing, number, p_value_text, signed

# With more rows a matrix is too wide, and the table has what a reader looks for first.
MOST_ROWS = 12
ABOUT = N_(
    "Two models are compared image by image and seed by seed, as all meet the same test images. A "
    "difference is significant where its p-value, corrected for the number of pairs (Holm), is "
    "below 0.05."
)
ABOUT_TESTS = N_(
    "With one seed a difference is of the trained models alone. McNemar's test is of these trained "
    "models, the test over seeds is of these test images. Models without a significant difference "
    "may still differ: one column says which difference would have been found in four of five "
    "cases."
)
HEADS = (
    N_("difference, points"),
    N_("95 % interval, from"),
    N_("95 % interval, to"),
    N_("corrected p"),
    N_("seeds"),
    N_("McNemar, corrected p"),
    N_("over seeds"),
    N_("detectable, points"),
    N_("only one is right, %"),
)
SEEDS_ANSWERS = {
    "different": N_("different"),
    "open": N_("no difference shown"),
    "too few seeds": N_("too few seeds"),
}


ABOUT_ALL = N_(
    "The more accurate model stands on the left, and a difference is its accuracy minus that of "
    "the other. The file has the same pairs in the order of its models."
)


def blocks(content, say):
    parts = [Paragraph(say(ABOUT))]
    if len(content.ranked) <= MOST_ROWS:
        parts.append(matrix(content, say))
    of_all = [Paragraph(say(ABOUT_TESTS)), Paragraph(say(ABOUT_ALL)), table(content, say)]
    parts.append(Details(say(N_("Every pair, with all tests")), of_all))
    return [*parts, Paragraph(say.sentences(notes(content, say)), "source")]


def matrix(content, say):
    """Differences of the row on the left minus that above, the most accurate first."""
    rows = content.ranked
    return Table(
        label=say(N_("Differences in accuracy")),
        title=say(N_("Difference in accuracy, points: row minus column")),
        style="dense",
        head=[
            Field(say(N_("model"))),
            *(Field(say.name(row.title), True, {"data-of": row.number}) for row in rows),
        ],
        rows=[
            [Field(say.name(row.title)), *(cell(content, say, row, other) for other in rows)]
            for row in rows
        ],
        at_once=6,
        of_rows=tuple(row.number for row in rows),
    )


def cell(content, say, row, other):
    """Points, interval and corrected p of one pair; what is significant stands out."""
    attributes = {"data-of": other.number}
    if row is other:
        return Field("–", True, attributes)
    pair = content.pair(row, other)
    difference, low, high = pair.seen_from(row)
    points = signed(difference, 2)
    interval = say(N_("%(low)s to %(high)s"), low=signed(low, 2), high=signed(high, 2))
    p_value = say(N_("p %(p)s"), p=p_value_text(pair.line["p_value_holm"]))
    text = say.strong(points) if pair.better else say.safe(points)
    if pair.better:
        attributes["data-certain"] = ""
    return Field(say.lines(text, interval, p_value), True, attributes)


def shown_pairs(content):
    """All pairs of a few rows; of many, those with the best one and those of neighbours."""
    if len(content.ranked) <= MOST_ROWS:
        return content.pairs
    order = {row.key: place for place, row in enumerate(content.ranked)}
    return [
        pair
        for pair in content.pairs
        if 0 in (places := (order[pair.first.key], order[pair.other.key]))
        or abs(places[0] - places[1]) == 1
    ]


def table(content, say):
    heads = (N_("model"), N_("other model"))
    pairs = shown_pairs(content)
    return Table(
        label=say(N_("Pairs of models")),
        style="dense",
        head=[*(Field(say(text)) for text in heads), *(Field(say(text), True) for text in HEADS)],
        rows=[line(say, pair) for pair in pairs],
        at_once=5,
        repeated=2,
        of_rows=tuple((pair.first.number, pair.other.number) for pair in pairs),
    )


def line(say, pair):
    """One pair as the sentences have it, which lead to its cells: the more accurate model first."""
    values, (row, other) = pair.line, pair.by_accuracy
    difference, low, high = pair.seen_from(row)
    texts = {
        "difference_points": signed(difference, 2),
        "low_points": signed(low, 2),
        "high_points": signed(high, 2),
        "p_value_holm": p_value(say, values["p_value_holm"]),
        "seeds": number(values["seeds"]),
        "mcnemar_p_value_holm": p_value(say, values["mcnemar_p_value_holm"]),
        "seeds_answer": over_seeds(say, values),
        "detectable_points": number(values["detectable_points"], 2),
        "disagreement_percent": number(values["disagreement_percent"], 2),
    }
    return [
        Field(say.name(row.title)),
        Field(say.name(other.title)),
        *(Field(text, True, {"id": pair.cell(name)}) for name, text in texts.items()),
    ]


def p_value(say, value):
    """A p-value as a cell's text: without the sign where it is equal."""
    return say.safe(p_value_text(value).removeprefix("= "))


def over_seeds(say, values):
    """The answer of the sign-flip test, with its corrected p-value where there is one."""
    message = SEEDS_ANSWERS[values["seeds_answer"]]
    answer = say(message)
    if is_missing(values["seeds_p_value_holm"]):
        return answer
    return say.lines(answer, say(N_("p %(p)s"), p=p_value_text(values["seeds_p_value_holm"])))


def notes(content, say):
    left_out = len(content.pairs) - len(shown_pairs(content))
    found = [say.source("compare/pairwise.csv")]
    if left_out:
        message = N_(
            "Shown are pairs with the most accurate model and those of neighbours in accuracy; "
            "%(n)s more are in the file."
        )
        found.append(Sentence(message, {"n": left_out}))
    return found


SECTION = Section(
    "pairs",
    N_("Differences between pairs"),
    blocks,
    is_shown=lambda content: len(content.ranked) > 1,
)
