"""Sentences that follow from the numbers, each number with the cell that it comes from.

A sentence is a message with places for values; which one is chosen depends on the numbers alone.
None says that one model is better than another where their intervals overlap.
"""

import itertools

from cifarlab.comparison.statistics import wilson_interval
from reporting.blocks import Listing, Paragraph, Section
from reporting.messages import N_, Cell, Sentence
from reporting.sections.published import verdict_anchor

# Beyond these a reader looks at the table.
MOST_PAIRS = 6


def analyse(content):
    """What the numbers say: list of (heading, list of Sentence), none of them empty."""
    parts = [
        (N_("Accuracy"), accuracy_sentences(content)),
        (N_("Accuracy and cost"), cost_sentences(content)),
        (N_("Parameters"), parameter_sentences(content)),
        (N_("Seeds"), seed_sentences(content)),
        (N_("Classes"), class_sentences(content)),
        (N_("Published"), published_sentences(content)),
    ]
    return [(heading, sentences) for heading, sentences in parts if sentences]


def accuracy(row):
    return Cell(row.cell("test_accuracy_percent"), row.accuracy, 2)


def accuracy_sentences(content):
    """Each model beside the next less accurate one."""
    rows = content.by_accuracy
    sentences = []
    if len({row.recipe for row in rows}) > 1:
        message = N_(
            "The models were not all trained with the same recipe, so that a difference is one of "
            "model and recipe together."
        )
        sentences.append(Sentence(message, {}))
    for better, worse in itertools.pairwise(rows):
        values = {"a": better.title, "b": worse.title, "x": accuracy(better), "y": accuracy(worse)}
        if better.beats(worse):
            message = N_(
                "%(a)s is more accurate than %(b)s: %(x)s %% against %(y)s %%, and their 95 %% "
                "intervals do not overlap."
            )
        elif better.interval[0] > worse.interval[1]:
            message = N_(
                "The 95 %% intervals of %(a)s and %(b)s do not overlap, %(x)s %% against %(y)s %%, "
                "but single runs of them do: the seeds leave open which is more accurate."
            )
        else:
            message = N_(
                "The 95 %% intervals of %(a)s and %(b)s overlap, %(x)s %% and %(y)s %%: by them "
                "there is no measurable difference."
            )
        sentences.append(Sentence(message, values))
    return sentences[: 1 + MOST_PAIRS]


def cost_sentences(content):
    """Who reaches the first rank for least, and who pays more for less."""
    if len(content.rows) < 2:
        return []

    def cost(row):
        millions = row.measured["multiply_adds"] / 1e6
        return Cell(row.cell("multiply_adds"), millions, 1)

    good, cheapest, sentences = content.as_good, content.best_for_cost, []
    costliest = max(good, key=lambda row: row.measured["multiply_adds"])
    values = {"a": cheapest.title, "m": cost(cheapest)}
    if len(good) == 1:
        message = N_(
            "The interval of no other model overlaps that of %(a)s, which needs %(m)s million "
            "multiply-adds an image."
        )
        sentences.append(Sentence(message, values))
    elif cost(costliest).value > cost(cheapest).value:
        message = N_(
            "Of the most accurate model and those whose intervals overlap its own, %(a)s needs the "
            "fewest multiply-adds, %(m)s million an image; %(b)s needs the most, %(n)s million."
        )
        values |= {"b": costliest.title, "n": cost(costliest)}
        sentences.append(Sentence(message, values))
    dominated = []
    for row in content.rows:
        better = [
            other
            for other in content.rows
            if other.measured["multiply_adds"] <= row.measured["multiply_adds"] and other.beats(row)
        ]
        if better:
            best = max(better, key=lambda other: other.accuracy)
            message = N_(
                "%(a)s needs at least as many multiply-adds as %(b)s (%(m)s million against %(n)s "
                "million) and is less accurate: their 95 %% intervals do not overlap."
            )
            names = {"a": row.title, "b": best.title, "m": cost(row), "n": cost(best)}
            dominated.append(Sentence(message, names))
    sentences += dominated[:MOST_PAIRS]
    fastest, slowest = (
        pick(content.rows, key=lambda row: row.measured["train_seconds"]) for pick in (min, max)
    )
    seconds = [round(row.measured["train_seconds"], 1) for row in (fastest, slowest)]
    if seconds[0] < seconds[1] and content.times_compare:
        ends = {"s": fastest, "t": slowest}
        values = {
            name: Cell(row.cell("train_seconds"), row.measured["train_seconds"], 1)
            for name, row in ends.items()
        }
        message = N_(
            "The training of %(a)s took the least time, %(s)s s, and that of %(b)s the most, "
            "%(t)s s."
        )
        values |= {"a": fastest.title, "b": slowest.title}
        sentences.append(Sentence(message, values))
    return sentences


SMALLER = N_(
    "%(b)s has fewer parameters than %(a)s, %(n)s against %(m)s, above all in the layer %(layer)s: "
    "%(now)s instead of %(was)s."
)
LARGER = N_(
    "%(b)s has more parameters than %(a)s, %(n)s against %(m)s, above all in the layer %(layer)s: "
    "%(now)s instead of %(was)s."
)
SMALLER_BY_A_LAYER = N_(
    "%(b)s has fewer parameters than %(a)s, %(n)s against %(m)s; of the latter, %(was)s are in the "
    "layer %(layer)s, which %(b)s does not have."
)
LARGER_BY_A_LAYER = N_(
    "%(b)s has more parameters than %(a)s, %(n)s against %(m)s; of these, %(now)s are in the layer "
    "%(layer)s, which %(a)s does not have."
)


def parameter_sentences(content):
    """Within a chapter, which layer makes a model larger or smaller than the one before it."""
    sentences = []
    for _, rows in content.chapters:
        rows = list({row.model: row for row in rows}.values())
        for before, row in itertools.pairwise(rows):
            counts = [e.measured["total_params"] for e in (before, row)]
            layer, was, now = largest_change(before.cost, row.cost, counts[1] - counts[0])
            if layer is None:
                continue
            if counts[1] > counts[0]:
                message = LARGER if was is not None else LARGER_BY_A_LAYER
            else:
                message = SMALLER if now is not None else SMALLER_BY_A_LAYER
            values = {
                "a": before.model,
                "b": row.model,
                "m": Cell(before.cell("total_params"), counts[0], 0),
                "n": Cell(row.cell("total_params"), counts[1], 0),
                "layer": layer,
            }
            if was is not None:
                values["was"] = Cell(before.structure_anchor, was, 0)
            if now is not None:
                values["now"] = Cell(row.structure_anchor, now, 0)
            sentences.append(Sentence(message, values))
    return sentences[:MOST_PAIRS]


def largest_change(before, cost, change):
    """(a top-level layer, its parameters before, now), of the largest change in a direction.

    before, cost: of two models; change: of the sum, whose sign is the direction. The parameters are
    None of a model without such a layer, and all three where no layer changes so.
    """
    was, now = (
        {child["name"]: child["parameters"] for child in each["structure"]["children"]}
        for each in (before, cost)
    )
    sign = (change > 0) - (change < 0)
    names = [*was, *(name for name in now if name not in was)]
    differences = {name: sign * (now.get(name, 0) - was.get(name, 0)) for name in names}
    layer = max(differences, key=differences.get, default=None)
    if layer is None or differences[layer] <= 0:
        return None, None, None
    return layer, was.get(layer), now.get(layer)


def seed_sentences(content):
    """Whether seeds move the accuracy more than another test split would."""
    sentences = []
    for row in content.rows:
        deviation, n = row.measured["test_accuracy_std"], row.measured["seeds"]
        if n < 2:
            continue
        half = (row.interval[1] - row.interval[0]) / 2
        message = (
            N_(
                "Over %(n)s seeds the accuracy of %(a)s has a standard deviation of %(s)s points, "
                "more than half the width of its 95 %% interval: another seed could move it "
                "further than the interval says."
            )
            if deviation > half
            else N_(
                "Over %(n)s seeds the accuracy of %(a)s has a standard deviation of %(s)s points, "
                "no more than half the width of its 95 %% interval."
            )
        )
        values = {
            "a": row.title,
            "n": Cell(row.cell("seeds"), n, 0),
            "s": Cell(row.cell("test_accuracy_std"), deviation, 2),
        }
        sentences.append(Sentence(message, values))
    return sentences[:MOST_PAIRS]


def class_sentences(content):
    """Between which classes the best model reaches, where their intervals tell them apart."""
    best, names = content.best, content.manifest["fine_names"]
    known = [label for label, percent in enumerate(best.classes) if percent == percent]
    if len(known) < 2:
        return []
    easiest = max(known, key=lambda label: best.classes[label])
    hardest = min(known, key=lambda label: best.classes[label])
    (low, _), (_, high) = (
        wilson_interval(best.classes[label] / 100, best.class_images[label], len(known))
        for label in (easiest, hardest)
    )
    if low <= high:
        return []
    # Other classes may be as easy or as hard, so none is called the only one.
    message = N_(
        "From class to class the accuracy of %(a)s reaches from %(y)s %% (%(d)s) to %(x)s %% "
        "(%(c)s): their 95 %% intervals, widened for the number of classes, do not overlap."
    )
    values = {
        "a": best.title,
        "c": names[easiest],
        "d": names[hardest],
        "x": Cell(best.class_cell(easiest), best.classes[easiest], 1),
        "y": Cell(best.class_cell(hardest), best.classes[hardest], 1),
    }
    return [Sentence(message, values)]


def published_sentences(content):
    """What the published accuracies are beside the measured intervals."""
    messages = {
        "within": N_(
            "The published accuracy of %(a)s, %(p)s %%, lies within the interval of the measured "
            "one, %(x)s %%."
        ),
        "better": N_(
            "The accuracy of %(a)s, %(x)s %%, is above the published %(p)s %%, which lies outside "
            "of its interval."
        ),
        "worse": N_(
            "The accuracy of %(a)s, %(x)s %%, is below the published %(p)s %%, which lies outside "
            "of its interval."
        ),
    }
    rows = {row.key: row for row in content.rows}
    sentences = []
    for number, cell in enumerate(content.verdicts):
        is_accuracy = cell["quantity"] == "test_accuracy_percent"
        row = rows.get((cell["model"], cell["recipe"]))
        if is_accuracy and row and cell["verdict"] in messages:
            published = Cell(verdict_anchor(number), cell["published"], 2)
            values = {"a": row.title, "p": published, "x": accuracy(row)}
            sentences.append(Sentence(messages[cell["verdict"]], values))
    return sentences


def blocks(content, say):
    about = N_(
        "These sentences are made from the numbers; each number leads to where it stands. What the "
        "intervals do not support is not said: tests between pairs of models are not part of this "
        "comparison."
    )
    parts = [
        Listing([say.value(sentence) for sentence in sentences], say(heading))
        for heading, sentences in analyse(content)
    ]
    return [Paragraph(say(about), "quiet"), *parts]


SECTION = Section("analysis", N_("Analysis"), blocks)
