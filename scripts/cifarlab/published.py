"""The published table, and what of it may stand beside measured results."""

import pandas as pd

from cifarlab.errors import UserError
from cifarlab.results import read_table

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
]
# These follow from the architecture alone, so they may stand beside results on synthetic images.
DATA_INDEPENDENT_COLUMNS = ["model", "total_params", "total_size_mb", "size_convention"]


def read_published(path):
    """The published table, a DataFrame by model; UserError where it is not what it should be."""
    published = read_table(path, PUBLISHED_COLUMNS).set_index("model")
    if not published.index.is_unique:
        raise UserError(f"{path} has a model twice; keep one row for each")
    return published


def published_beside(published, recipes, is_synthetic):
    """What was published of each model × recipe, where something was.

    published: as `read_published` returns it; recipes: dict from (model, recipe) to the recipe's
    settings, a dict; is_synthetic: whether the images are not the published ones. Returns a
    DataFrame with recipe and same_recipe beside PUBLISHED_COLUMNS. same_recipe: whether the
    published training had the recipe's settings, so that results may be compared.
    """
    rows = []
    for (model, recipe), settings in recipes.items():
        if model in published.index:
            row = published.loc[model]
            same = _is_same_recipe(settings, row)
            rows.append({"model": model, "recipe": recipe, "same_recipe": same, **row})
    table = pd.DataFrame(rows, columns=["model", "recipe", "same_recipe", *PUBLISHED_COLUMNS[1:]])
    if is_synthetic:
        withheld = [name for name in PUBLISHED_COLUMNS if name not in DATA_INDEPENDENT_COLUMNS]
        table = table.assign(**dict.fromkeys(withheld, None))
    return table


def _is_same_recipe(settings, row):
    optimizer = settings["optimizer"]
    measured = (settings["epochs"], settings["batch_size"], settings["loss"], optimizer["name"])
    return bool(
        measured == (row["epochs"], row["batch_size"], row["loss"], row["optimizer"])
        and optimizer["learning_rate"] == row["learning_rate"]
        and not settings["max_steps"]
    )
