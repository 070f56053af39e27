"""The published table, and what of it may be compared with measured results."""

import pandas as pd

from cifarlab.comparison.columns import COLUMNS
from cifarlab.comparison.repeats import agree
from cifarlab.comparison.results import read_table
from engine.errors import UserError

TEXTS = [
    *("model", "family", "architecture", "weights", "size_convention", "loss", "optimizer"),
    *("images_sha256", "source"),
]
# The settings that say what a published model is; a family without one of them leaves it empty.
ARCHITECTURE = ["family", "architecture", "blocks"]
PUBLISHED_COLUMNS = [
    "model",
    *ARCHITECTURE,
    "weights",
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
    "momentum",
    "input_size",
    "images_sha256",
    "n_classes",
    "source",
]
NUMBERS = [n for n in PUBLISHED_COLUMNS if n not in TEXTS]
# These follow from the architecture, its input size and its number of classes alone, so they may be
# compared on any images.
DATA_INDEPENDENT_COLUMNS = [
    "model",
    *ARCHITECTURE,
    "total_params",
    "total_size_mb",
    "size_convention",
    "input_size",
    "images_sha256",
    "n_classes",
    "source",
]
# What the published study does not mention is taken for not used. A key that settings leave out at
# its default has no line here: where it is written, it counts.
NOT_MENTIONED = {
    "max_steps": None,
    "precision": "torch_default",
    "schedule": "constant",
    "validation": 0.0,
    "warm_up": 0.0,
}
NOT_MENTIONED_OF_MODELS = {"head": None, "normalize": "auto"}
# Keys that have no bearing, of a recipe on results and of a model's settings on what it is, with
# the reason. Every other key counts, also one that is not known here.
NO_BEARING = {
    "auxiliary_weight": "of a loss that no published model has",
    "channels_last": "the same numbers in another order in memory",
    "compile": "the same computation, compiled",
    "cuda_graphs": "the same computation, its kernels launched together",
    "deterministic": "the same computation, each sum in a fixed order",
    "micro_batch": "the same gradient, summed over parts of the batch that fit the memory",
}
NO_BEARING_OF_MODELS = {
    "input_size": "compared with the column of its name",
    "interpolate_positions": "does nothing at the input size of the weights, which is compared",
    "size_convention": "a rule of counting, compared where sizes are",
    "weights": "compared by what the training says that it started from",
}


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


def comparable_part(published, images_sha256, n_classes):
    """The part of the published table that may be compared with results on a data set.

    published: as `read_published` returns it; images_sha256: the identity of the data set's images,
    as in its manifest; n_classes: its number. Returns the rows of these images, and of those of
    others with as many classes DATA_INDEPENDENT_COLUMNS, the other columns empty.
    """
    is_same = published["images_sha256"] == images_sha256
    part = published.assign(
        **{
            name: published[name].where(is_same)
            for name in PUBLISHED_COLUMNS
            if name not in DATA_INDEPENDENT_COLUMNS
        }
    )
    return part[is_same | (published["n_classes"] == n_classes)]


def published_beside(published, trainings):
    """What was published of each model × recipe, where something was.

    published: as `comparable_part` returns it; trainings: dict from (model, recipe) to the record
    of one of its trainings, a dict. Returns a DataFrame with recipe and same_training next to
    PUBLISHED_COLUMNS, and no row of a model that only has the name of a published one.
    same_training: whether the published training had the same settings, so that results may be
    compared.
    """
    rows = []
    for (model, recipe), training in trainings.items():
        if model in published.index and _is_same_model(training, row := published.loc[model]):
            same = _is_same_training(training, row)
            rows.append({"model": model, "recipe": recipe, "same_training": same, **row})
    return pd.DataFrame(rows, columns=["model", "recipe", "same_training", *PUBLISHED_COLUMNS[1:]])


def _is_same_model(training, row):
    # The normalisation of the inputs has a bearing on results alone.
    settings = {**training["model"], "normalize": NOT_MENTIONED_OF_MODELS["normalize"]}
    return _without(NO_BEARING_OF_MODELS, settings) == published_model(row)


def _is_same_training(training, row):
    initial = training["initial_weights"]
    return bool(
        _without(NO_BEARING_OF_MODELS, training["model"]) == published_model(row)
        and _without(NO_BEARING, training["recipe"]) == published_recipe(row)
        and row["weights"] == ("none" if initial is None else initial["source"])
        and row["input_size"] == training["inputs"]["size"]
    )


def _without(names, settings):
    return {key: value for key, value in settings.items() if key not in names}


def published_model(row):
    """The settings of a published model, but for NO_BEARING_OF_MODELS, as in training.json.

    row: of the published table.
    """
    return {**NOT_MENTIONED_OF_MODELS, **row[ARCHITECTURE].dropna().to_dict()}


def published_recipe(row):
    """The recipe of a published training, but for NO_BEARING, in the form of training.json.

    row: of the published table. A cell without a value is not equal to anything, but for the
    momentum: an optimizer without one has no such key.
    """
    optimizer = {
        "name": row["optimizer"],
        "learning_rate": row["learning_rate"],
        "weight_decay": 0.0,
    }
    if pd.notna(row["momentum"]):
        optimizer["momentum"] = row["momentum"]
    known = {name: row[name] for name in ("epochs", "batch_size", "loss")}
    return {**NOT_MENTIONED, **known, "optimizer": optimizer}


# What is compared with the published table.
QUANTITIES = [
    "total_params",
    "total_size_mb",
    "min_loss",
    "final_loss",
    "test_accuracy_percent",
    "train_seconds",
]
# Whether the lowest loss is that of a batch, of some steps or of an epoch is not in the text.
NOT_DEFINED = ["min_loss"]
VERDICT_COLUMNS = [
    *("model", "recipe", "quantity", "published", "measured", "low", "high", "verdict", "source"),
]


def verdicts(published, beside, runs, comparison, images_sha256):
    """A verdict on every published cell, a DataFrame with VERDICT_COLUMNS.

    published, images_sha256: as `comparable_part` returns and takes them; beside: as
    `published_beside` returns it; runs, comparison: the tables of the comparison. verdict: exact,
    to the digits that were published; within: the interval from low to high holds the published
    value; better or worse: measured, compared with published; not_run: the model was not run here,
    or only with another training, at another input size or by another size convention;
    not_measured: it was, and this could not be measured; not_published: the cell is empty.
    not_repeated, not_steady: a time of one seed, or of seeds whose times do not agree, says little
    of the work; not_defined: the text does not say what the number is; trial: an accuracy of a
    trial run. The interval of the accuracy is that of the comparison, of other results the range
    over seeds.
    """
    rows = []
    measured = comparison.set_index(["model", "recipe"])
    groups = runs.groupby(["model", "recipe"])
    for row in beside.to_dict("records"):
        entry = (row["model"], row["recipe"])
        for name in _quantities(row, images_sha256):
            result = _measured(name, measured.loc[entry], groups.get_group(entry))
            verdict = _verdict(name, row[name], *result, groups.get_group(entry))
            if name == "test_accuracy_percent" and pd.notna(measured.loc[entry, "trial"]):
                verdict = "trial"
            if not _is_comparable(name, row, measured.loc[entry], verdict):
                result, verdict = (None, None, None), "not_run"
            rows.append((*entry, name, row[name], *result, verdict, row["source"]))
    for model in published.index.difference(beside["model"], sort=False):
        row = published.loc[model]
        rows += [
            (model, None, name, row[name], None, None, None, "not_run", row["source"])
            for name in _quantities(row, images_sha256)
        ]
    return pd.DataFrame(rows, columns=VERDICT_COLUMNS)


def _quantities(row, images_sha256):
    is_same = row["images_sha256"] == images_sha256
    return [name for name in QUANTITIES if is_same or name in DATA_INDEPENDENT_COLUMNS]


def _measured(name, row, runs):
    """(value, low, high) of one quantity; low and high are None where there is no interval."""
    if name == "test_accuracy_percent":
        return row[name], row["test_accuracy_low_percent"], row["test_accuracy_high_percent"]
    if name in runs and row["seeds"] > 1:
        return row[name], runs[name].min(), runs[name].max()
    return row[name], None, None


def _is_comparable(name, published, measured, verdict):
    if name not in DATA_INDEPENDENT_COLUMNS:
        return published["same_training"]
    # At another input size a model needs more or less, but for what is exact anyway.
    is_same_size = verdict == "exact" or measured["input_size"] == published["input_size"]
    # The rules of counting the total size cannot be compared.
    is_same_rule = measured["size_convention"] == published["size_convention"]
    return is_same_size and (name != "total_size_mb" or is_same_rule)


def _verdict(name, published, measured, low, high, runs):
    if pd.isna(published):
        return "not_published"
    if pd.isna(measured):
        return "not_measured"
    if name in NOT_DEFINED:
        return "not_defined"
    if name == "train_seconds" and len(runs) < 2:
        return "not_repeated"
    if name == "train_seconds" and not agree(runs[name]):
        return "not_steady"
    # Losses, accuracies and times are not repeated to the last digit: there an interval decides.
    if name in DATA_INDEPENDENT_COLUMNS and round(float(measured), 2) == round(float(published), 2):
        return "exact"
    if low is not None and low <= published <= high:
        return "within"
    if measured == published:
        return "exact"
    is_better = (measured > published) == (COLUMNS[name].better == "higher")
    return "better" if is_better else "worse"
