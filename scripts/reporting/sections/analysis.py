"""Sentences that follow from the numbers, each number with the cell that it comes from.

A sentence is a message with places for values; which one is chosen depends on the numbers alone.
None says that one model is better than another where their paired test does not.
"""

import itertools

from cifarlab.comparison.statistics import wilson_interval
from reporting.blocks import Details, Listing, Paragraph, Section
from reporting.messages import N_, Cell, Sentence, Term
from reporting.numbers import p_value_text
from reporting.sections.cost_sentences import MOST_PAIRS, cost_sentences, parameter_sentences
from reporting.sections.overfitting_sentences import overfitting_sentences
from reporting.sections.published import verdict_anchor
from reporting.sections.training_sentences import training_sentences

# What a reader looks for first; a page folds the others away.
FIRST = ("Accuracy", "Accuracy and cost")


def analyse(content):
    """What the numbers say: list of (heading, list of Sentence), none of them empty."""
    parts = [
        (N_("Accuracy"), accuracy_sentences(content)),
        (N_("Amount of training"), training_sentences(content)),
        (N_("Overfitting"), overfitting_sentences(content)),
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
    rows = content.ranked
    sentences = []
    if len({row.trained_recipe for row in rows}) > 1:
        message = N_(
            "The models were not all trained with the same recipe, so that a difference is one of "
            "model and recipe together."
        )
        sentences.append(Sentence(message, {}))
    pairs = [*itertools.pairwise(rows)][:MOST_PAIRS]
    if not all(is_fully_paired(content, *pair) for pair in pairs):
        message = N_(
            "Not all models were trained with the same seeds: a paired difference is of the runs "
            "that could be paired, and need not be that of the means."
        )
        sentences.append(Sentence(message, {}))
    return [*sentences, *(pair_sentence(content, better, worse) for better, worse in pairs)]


def is_fully_paired(content, row, other):
    """Whether all runs of two rows make pairs."""
    seeds = content.pair(row, other).line["seeds"]
    return seeds == row.measured["seeds"] == other.measured["seeds"]


def pair_sentence(content, row, other):
    """What the paired test of a row and a less accurate one says."""
    pair = content.pair(row, other)
    values = {"a": row.title, "b": other.title, "x": accuracy(row), "y": accuracy(other)}
    values |= difference_values(pair, row)
    values["p"] = p_value_text(pair.line["p_value_holm"])
    if pair.better is row:
        message = N_(
            "%(a)s is more accurate than %(b)s: %(x)s %% against %(y)s %%, a paired difference of "
            "%(d)s points (%(low)s to %(high)s), corrected p %(p)s."
        )
        return Sentence(message, values)
    if pair.better is other:
        message = N_(
            "%(b)s is more accurate than %(a)s in the runs that could be paired, by %(d)s points "
            "(%(low)s to %(high)s), corrected p %(p)s; over all runs the means are %(y)s %% and "
            "%(x)s %%."
        )
        return Sentence(message, {**values, **difference_values(pair, other)})
    detectable = pair.line["detectable_points"]
    if detectable > 100:
        message = N_(
            "No measurable difference between %(a)s and %(b)s, %(x)s %% and %(y)s %%: %(d)s points "
            "(%(low)s to %(high)s), corrected p %(p)s. This comparison finds no difference "
            "reliably, however large."
        )
        return Sentence(message, values)
    values["m"] = Cell(pair.cell("detectable_points"), detectable, 2)
    message = N_(
        "No measurable difference between %(a)s and %(b)s, %(x)s %% and %(y)s %%: %(d)s points "
        "(%(low)s to %(high)s), corrected p %(p)s. This comparison would have found %(m)s points "
        "in four of five cases."
    )
    return Sentence(message, values)


def difference_values(pair, row):
    """The paired difference, as seen from one of its rows, with its interval: Cells by name."""
    names = {"d": "difference_points", "low": "low_points", "high": "high_points"}
    points = pair.seen_from(row)
    return {
        name: Cell(pair.cell(column), value, 2)
        for (name, column), value in zip(names.items(), points, strict=True)
    }


def seed_sentences(content):
    """How far seeds lie apart, and where their part in the interval is not known."""
    message = N_(
        "Over %(n)s seeds the accuracy of %(a)s has a standard deviation of %(s)s points; its 95 "
        "%% interval, %(low)s to %(high)s %%, is one of other seeds and other test images."
    )
    sentences = []
    for row in content.compared:
        if row.covers_seeds:
            values = {
                "a": row.title,
                "n": Cell(row.cell("seeds"), row.measured["seeds"], 0),
                "s": Cell(row.cell("test_accuracy_std"), row.measured["test_accuracy_std"], 2),
                "low": Cell(row.cell("test_accuracy_low_percent"), row.interval[0], 2),
                "high": Cell(row.cell("test_accuracy_high_percent"), row.interval[1], 2),
            }
            sentences.append(Sentence(message, values))
    titles = [row.title for row in content.of_one_seed]
    if titles:
        message = N_(
            "With one seed, an interval and a test are of this trained model: other test images "
            "are covered, other seeds are not. One seed: %(titles)s."
        )
        sentences = [Sentence(message, {"titles": titles}), *sentences]
    return sentences[:MOST_PAIRS]


def class_sentences(content):
    """Between which classes the best model reaches, where their intervals do not overlap."""
    best, names = content.best, content.manifest["fine_names"]
    if best is None:
        return []
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
        "tests of pairs do not support is not said."
    )
    parts = analyse(content)
    first = [part for part in parts if part[0] in FIRST]
    further = [part for part in parts if part[0] not in FIRST]
    return [Paragraph(say(about), "quiet"), *listings(first, say), *folded(further, say)]


def folded(parts, say):
    if not parts:
        return []
    headings = [Term(heading) for heading, _ in parts]
    summary = say(N_("Further: %(headings)s"), headings=headings)
    return [Details(summary, listings(parts, say), "further-analysis", is_printed=True)]


def listings(parts, say):
    return [
        Listing([say.value(sentence) for sentence in sentences], say(heading))
        for heading, sentences in parts
    ]


SECTION = Section("analysis", N_("Analysis"), blocks)
