"""Sentences on how much each model was trained, where that differs."""

from itertools import zip_longest

from reporting.messages import N_, Cell, Sentence
from reporting.sections.cost_sentences import MOST_PAIRS


def training_sentences(content):
    """On how many steps and how many images each row was trained, where not all are alike."""
    amounts = {}
    for row in content.compared:
        amounts.setdefault((row.measured["held_out_percent"], row.measured["steps"]), []).append(
            row
        )
    if len(amounts) < 2:
        return []
    # One of each amount before a second of any.
    rows = [row for turn in zip_longest(*amounts.values()) for row in turn if row]
    about = N_(
        "The models were not all trained equally much, so that a difference is also one of the "
        "training."
    )
    each = N_(
        "%(a)s was trained in %(steps)s steps and %(seconds)s s, with %(held_out)s %% of the "
        "training images held out."
    )
    digits = {"steps": 0, "train_seconds": 1, "held_out_percent": 1}
    sentences = []
    for row in rows[:MOST_PAIRS]:
        steps, seconds, held_out = (
            Cell(row.cell(name), row.measured[name], n) for name, n in digits.items()
        )
        values = {"a": row.title, "steps": steps, "seconds": seconds, "held_out": held_out}
        sentences.append(Sentence(each, values))
    return [Sentence(about, {}), *sentences]
