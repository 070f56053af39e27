"""Sentences that follow from the numbers, each number with the cell that it comes from.

A sentence is a message with places for values; which one is chosen depends on the numbers alone.
None says that one model is better than another where their intervals overlap.
"""

import itertools

from cifarlab.comparison.statistics import wilson_interval
from reporting.blocks import Listing, Paragraph, Section
from reporting.messages import N_, Cell, Sentence
from reporting.sections.cost_sentences import MOST_PAIRS, cost_sentences, parameter_sentences
from reporting.sections.published import verdict_anchor
from reporting.sections.training_sentences import training_sentences


def analyse(content):
    """What the numbers say: list of (heading, list of Sentence), none of them empty."""
    parts = [
        (N_("Accuracy"), accuracy_sentences(content)),
        (N_("Amount of training"), training_sentences(content)),
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
                "at most half the width of its 95 %% interval."
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
    """Between which classes the best model reaches, where their intervals do not overlap."""
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
