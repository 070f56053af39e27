"""Reading the results of runs from their folders, as the results contract lays them out."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pandas as pd

from engine.errors import UserError
from engine.files import read_json

# Columns of tables that hold names, which users choose.
NAMES = (
    *(
        "model",
        "recipe",
        "other_model",
        "other_recipe",
        "class",
        "true_class",
        "predicted_class",
        "most_frequent_class",
    ),
    *("true_superclass", "predicted_superclass", "study", "change", "compared_with"),
    *("test_label", "train_label", "given_label", "predicted_label"),
)


@dataclass(frozen=True)
class RunFolder:
    """`…/runs/<model>/<recipe>/seed-<n>`: the files of one run, and its identity in the path."""

    path: Path

    def __post_init__(self):
        if not self.path.name.removeprefix("seed-").isdecimal():
            raise UserError(
                f"expected the folder of a run, runs/<model>/<recipe>/seed-<n>, found {self.path}"
            )

    @property
    def model(self):
        return self.path.parent.parent.name

    @property
    def recipe(self):
        return self.path.parent.name

    @property
    def seed(self):
        return int(self.path.name.removeprefix("seed-"))

    @cached_property
    def training(self):
        """The record of the training, a dict."""
        return read_json(self.path / "training.json")

    @cached_property
    def metrics(self):
        """The metrics on the test split, a dict."""
        return read_json(self.path / "metrics.json")

    @cached_property
    def history(self):
        """Loss and learning rate of every step, a DataFrame."""
        return read_table(self.path / "history.csv", ["step", "loss", "learning_rate"])

    @cached_property
    def epochs(self):
        """What was measured in and after every epoch, a DataFrame.

        images_share: of all images of the training, those that it had seen by the epoch's end.
        """
        columns = ["epoch", "mean_loss", "seconds", "images_per_second", "validation_loss"]
        epochs = read_table(self.path / "epochs.csv", [*columns, "validation_accuracy_percent"])
        seen = (epochs["seconds"] * epochs["images_per_second"]).cumsum()
        return epochs.assign(images_share=seen / seen.iloc[-1])

    @property
    def chosen_recipe(self):
        """The recipe that a sweep chose, or None where the run is of no sweep."""
        return self.training.get("chosen", {}).get("recipe")

    @property
    def validation_accuracy_percent(self):
        """That of the run's weights: after the last epoch, or the best one of early stopping.

        Raises UserError where the recipe held out nothing.
        """
        epochs = self.epochs.set_index("epoch")
        accuracy = epochs["validation_accuracy_percent"].loc[self.training["weights_epoch"]]
        if pd.isna(accuracy):
            raise UserError(
                f"expected a validation accuracy in {self.path / 'epochs.csv'}, found none; "
                "set the recipe's validation"
            )
        return float(accuracy)

    @property
    def seconds_per_step(self):
        """Mean over the training."""
        return self.epochs["seconds"].sum() / len(self.history)


def read_table(path, columns):
    """A CSV file as a DataFrame; UserError where it is missing or lacks one of `columns`."""
    try:
        # A name may look like a number, or like a missing one.
        table = pd.read_csv(
            path, dtype=dict.fromkeys(NAMES, str), keep_default_na=False, na_values=[""]
        )
    except (OSError, ValueError) as error:
        raise UserError(f"cannot read the table {path} ({error})") from error
    missing = [column for column in columns if column not in table]
    if missing:
        raise UserError(f"{path} has no column {', '.join(missing)}; expected {', '.join(columns)}")
    return table


def files_of_runs(folders, *names):
    """Paths of the files with these names in the folders of runs."""
    return [folder / name for folder in folders for name in names]
