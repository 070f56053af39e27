"""Which rows are trial runs, whose accuracies mean nothing: they are in no pair and no rank."""

import numpy as np

from cifarlab.comparison.uncertainty import accuracy_interval

# Why a row is one, as comparison.csv says it.
CUT_SHORT, AS_GUESSING = "max_steps", "guessing"


def trials(runs, rows):
    """The rows that are trial runs: a dict from (model, recipe) to the reason.

    runs: list of RunFolder; rows: dict from (model, recipe) to Correctness, of the same runs.
    max_steps: it ended a training before the last epoch. guessing: of the others no row is
    measurably better than always naming the most frequent class, as the 95 % interval of each
    accuracy says.
    """
    found = {(run.model, run.recipe): CUT_SHORT for run in runs if is_cut_short(run)}
    whole = [row for row in rows if row not in found]
    lowest = [accuracy_interval(rows[row].correct)[0] for row in whole]
    if whole and max(lowest) <= share_of_guessing(runs[0]):
        found |= dict.fromkeys(whole, AS_GUESSING)
    return {row: found[row] for row in rows if row in found}


def is_cut_short(run):
    """Whether `max_steps` ended the training of a run, a RunFolder."""
    return run.training.get("ended_by") == CUT_SHORT


def share_of_guessing(run):
    """The accuracy, a share, of always naming the most frequent class. run: RunFolder."""
    images = np.sum(run.metrics["confusion"], axis=1)
    return float(images.max() / images.sum())
