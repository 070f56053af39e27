"""Reading the results of runs from their folders, as the results contract lays them out."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from cifarlab.errors import UserError
from cifarlab.files import read_json


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


def files_of_runs(folders, *names):
    """Paths of the files with these names in the folders of runs."""
    return [folder / name for folder in folders for name in names]
