"""Runs whose loss was no longer finite: what is kept of them instead of results."""

from dataclasses import dataclass
from pathlib import Path

from cifarlab.comparison.results import RunFolder
from engine.files import read_json


@dataclass(frozen=True)
class Failure:
    """One failed run. facts: step, learning_rate, loss and last_finite_loss, which may be None."""

    model: str
    recipe: str
    seed: int
    facts: dict


def read_failure(path):
    """The Failure in …/failures/<model>/<recipe>/seed-<n>.json."""
    run = RunFolder(Path(path).with_suffix(""))
    return Failure(run.model, run.recipe, run.seed, read_json(path)["diverged"])
