"""The published table, and what of it may stand beside measured results."""

import pandas as pd

from cifarlab.comparison.columns import COLUMNS
from cifarlab.comparison.results import read_table
from engine.errors import UserError

TEXTS = ["model", "size_convention", "loss", "optimizer", "pretrained"]
PUBLISHED_COLUMNS = [
    "model",
    "total_params",
    "total_size_mb",
    "size_convention",
    "min_loss",
    "final_loss",
    "test_accuracy_percent",
    "train_seconds",
    "epochs",
    "batch_size",
    "loss",
    "optimizer",
    "learning_rate",
    "pretrained",
    "input_size",
]
NUMBERS = [n for n in PUBLISHED_COLUMNS if n not in TEXTS]
# These follow from the architecture alone, so they may stand beside results on synthetic images.
DATA_INDEPENDENT_COLUMNS = [
    "model",
    "total_params",
    "total_size_mb",
    "size_convention",
    "input_size",
]


def read_published(path):
    """The published table, a DataFrame by model; UserError where it is not what it should be."""
    published = read_table(path, PUBLISHED_COLUMNS).set_index("model")
    if not published.index.is_unique:
        raise UserError(f"{path} has a model twice; keep one row for each")
    for name in NUMBERS:
        if not pd.api.types.is_numeric_dtype(published[name]):
            wrong = next(v for v in published[name] if pd.isna(pd.to_numeric(v, errors="coerce")))
            raise UserError(
                f"{path}: expected numbers in the column {name}, or nothing where none was "
                f"published, found {wrong!r}"
            )
    return published


def published_beside(published, trainings, is_synthetic):
    """What was published of each model × recipe, where something was.

    published: as `read_published` returns it; trainings: dict from (model, recipe) to the record of
    one of its trainings, a dict; is_synthetic: whether the images are not the published ones.
    Returns a DataFrame with recipe and same_training beside PUBLISHED_COLUMNS. same_training:
    whether the published one had the same settings, so that results may be compared.
    """
    rows = []
    for (model, recipe), training in trainings.items():
        if model in published.index:
            row = published.loc[model]
            same = _is_same_training(training, row)
            rows.append({"model": model, "recipe": recipe, "same_training": same, **row})
    table = pd.DataFrame(rows, columns=["model", "recipe", "same_training", *PUBLISHED_COLUMNS[1:]])
    if is_synthetic:
        withheld = [name for name in PUBLISHED_COLUMNS if name not in DATA_INDEPENDENT_COLUMNS]
        table = table.assign(**dict.fromkeys(withheld, None))
    return table


# What is compared with the published table.
QUANTITIES = [
    "total_params",
    "total_size_mb",
    "min_loss",
    "final_loss",
    "test_accuracy_percent",
    "train_seconds",
]
VERDICT_COLUMNS = ["model", "recipe", "quantity", "published", "measured", "low", "high", "verdict"]


def verdicts(published, beside, runs, comparison, is_synthetic):
    """A verdict on every published cell, a DataFrame with VERDICT_COLUMNS.

    published, beside, is_synthetic: as for `published_beside` and what it returns; runs,
    comparison: the tables of the comparison. verdict: exact, as far as digits were published;
    within: the interval from low to high holds the published value; better or worse: measured,
    beside published; not_run: the model was not run here, or only with another training, at another
    input size or by another rule of the size; not_published: the cell is empty. The interval of the
    accuracy is that of the test split, of other results the range over seeds.
    """
    rows, shown = [], [n for n in QUANTITIES if not is_synthetic or n in DATA_INDEPENDENT_COLUMNS]
    measured = comparison.set_index(["model", "recipe"])
    groups = runs.groupby(["model", "recipe"])
    for row in beside.to_dict("records"):
        entry = (row["model"], row["recipe"])
        for name in shown:
            value, low, high = measured.loc[entry, name], None, None
            if name == "test_accuracy_percent":
                low, high = measured.loc[
                    entry, ["test_accuracy_low_percent", "test_accuracy_high_percent"]
                ]
            elif name in runs and measured.loc[entry, "seeds"] > 1:
                values = groups.get_group(entry)[name]
                low, high = values.min(), values.max()
            verdict = _verdict(name, row[name], value, low, high)
            is_comparable = row["same_training"]
            if name in DATA_INDEPENDENT_COLUMNS:
                # At another input size a model needs more or less, but for what is exact anyway.
                is_same_size = measured.loc[entry, "input_size"] == row["input_size"]
                is_comparable = verdict == "exact" or is_same_size
            if name == "total_size_mb":
                # The rules of counting it cannot be compared.
                is_comparable &= measured.loc[entry, "size_convention"] == row["size_convention"]
            if not is_comparable:
                value, low, high, verdict = None, None, None, "not_run"
            rows.append((*entry, name, row[name], value, low, high, verdict))
    for model in published.index.difference(comparison["model"], sort=False):
        rows += [
            (model, None, name, published.loc[model, name], None, None, None, "not_run")
            for name in shown
        ]
    return pd.DataFrame(rows, columns=VERDICT_COLUMNS)


def _verdict(name, published, measured, low, high):
    if pd.isna(published):
        return "not_published"
    # Losses, accuracies and times are not repeated to the last digit: there an interval decides.
    if name in DATA_INDEPENDENT_COLUMNS and round(float(measured), 2) == round(float(published), 2):
        return "exact"
    if low is not None and low <= published <= high:
        return "within"
    if measured == published:
        return "exact"
    is_better = (measured > published) == (COLUMNS[name].better == "higher")
    return "better" if is_better else "worse"


def _is_same_training(training, row):
    recipe, optimizer = training["recipe"], training["recipe"]["optimizer"]
    measured = (recipe["epochs"], recipe["batch_size"], recipe["loss"], optimizer["name"])
    return bool(
        measured == (row["epochs"], row["batch_size"], row["loss"], row["optimizer"])
        and optimizer["learning_rate"] == row["learning_rate"]
        and not optimizer["weight_decay"]
        and bool(training["initial_weights"]) == (row["pretrained"] == "yes")
        and training["inputs"]["size"] == row["input_size"]
        # The published trainings knew no schedule, and saw the whole training split.
        and (recipe["schedule"], recipe["precision"]) == ("constant", "fp32")
        and not (recipe["warm_up"] or recipe["max_steps"] or recipe["validation"])
    )
