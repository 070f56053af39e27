"""Sentences on overfitting: whether the validation loss rose again while the training loss fell."""

from functools import partial
from statistics import mean

from cifarlab.comparison.trials import is_cut_short
from reporting.messages import N_, Cell, Sentence
from reporting.numbers import number
from reporting.sections.cost_sentences import MOST_PAIRS


def overfitting_sentences(content):
    """What the validation split says of every row that has one, and more than one epoch."""
    rows = [
        row
        for row in content.compared
        if row.is_validated and all(len(run.folder.epochs) > 1 for run in row.runs)
    ]
    return [
        sentence_of(row.title, row.runs, partial(Cell, row.anchor)) for row in rows[:MOST_PAIRS]
    ]


def baseline_sentences(content):
    """The same of what the changes of studies are compared with."""
    lines = [line for line in content.studies if line["kind"] == "change"]
    runs = {(line["model"], line["compared_with"]): [] for line in lines}
    for run in (*content.runs, *content.untested):
        own = runs.get((run.model, run.recipe))
        if own is not None and len(run.folder.epochs) > 1 and not is_cut_short(run.folder):
            own.append(run)
    return [
        sentence_of(f"{model} · {recipe}", own, number)
        for (model, recipe), own in runs.items()
        if own
    ]


def sentence_of(title, runs, shown):
    """What runs of one model and recipe show. shown: a function from a number and its digits."""
    changes = [change_after_lowest(run.folder.epochs) for run in runs]
    overfitted = [c for c in changes if c["validation_loss"] > 0 > c["mean_loss"]]
    values = {"a": title, "n": len(changes), "k": len(overfitted)}
    if not overfitted:
        message = N_(
            "%(a)s shows no overfitting: in none of its seeds (%(n)s) did the validation loss rise "
            "again while the training loss fell."
        )
        return Sentence(message, values)
    average = {name: mean(change[name] for change in overfitted) for name in overfitted[0]}
    message = N_(
        "%(a)s overfits in %(k)s of %(n)s seeds: after about epoch %(epoch)s the validation loss "
        "rose by %(rise)s while the training loss fell by %(fall)s; the validation accuracy fell "
        "by %(points)s points."
    )
    if average["validation_accuracy_percent"] >= 0:
        message = N_(
            "%(a)s overfits in %(k)s of %(n)s seeds: after about epoch %(epoch)s the validation "
            "loss rose by %(rise)s while the training loss fell by %(fall)s; the validation "
            "accuracy rose by %(points)s points."
        )
    values |= {
        "epoch": shown(average["epoch"], 0),
        "rise": shown(average["validation_loss"], 3),
        "fall": shown(-average["mean_loss"], 3),
        "points": shown(abs(average["validation_accuracy_percent"]), 2),
    }
    return Sentence(message, values)


def change_after_lowest(epochs):
    """The epoch of the lowest validation loss, and what changed from there to the last epoch.

    epochs: as RunFolder has them. Returns a dict: epoch, from 1, and the changes by column.
    """
    lowest, last = epochs.loc[epochs["validation_loss"].idxmin()], epochs.iloc[-1]
    columns = ("validation_loss", "mean_loss", "validation_accuracy_percent")
    return {"epoch": lowest["epoch"], **{name: last[name] - lowest[name] for name in columns}}
