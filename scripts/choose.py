"""Choose the best recipe of a sweep on the validation split; its run becomes that of the sweep."""

import argparse
import shutil
from pathlib import Path

from cifarlab.comparison.choice import choose
from cifarlab.comparison.results import RunFolder, files_of_runs
from engine.command import run_command
from engine.errors import UserError
from engine.files import new_files, to_json


def argument_parser():
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("--runs", type=Path, nargs="+", required=True, help="runs/<model>/<recipe>/seed-<n> of all")
    add("--seed", type=int, required=True, help="of the run to copy")
    add("--weights", type=Path, required=True, help="weights.safetensors to write")
    add("--history", type=Path, required=True, help="CSV to write, a row per step")
    add("--epochs", type=Path, required=True, help="CSV to write, a row per epoch")
    add("--training", type=Path, required=True, help="JSON record to write")
    return parser


def with_seed(arguments):
    """The folders of the runs that may be copied."""
    return [path for path in arguments.runs if RunFolder(path).seed == arguments.seed]


def main(arguments):
    name, points = choose([RunFolder(path) for path in arguments.runs])
    winner = next((path for path in with_seed(arguments) if RunFolder(path).recipe == name), None)
    if winner is None:
        raise UserError(f"expected a run of {name} with seed {arguments.seed}, found none; name it")
    record = {**RunFolder(winner).training, "chosen": {"recipe": name, "from": points}}
    copied = {
        arguments.weights: "weights.safetensors",
        arguments.history: "history.csv",
        arguments.epochs: "epochs.csv",
    }
    with new_files(*copied, arguments.training) as (*paths, training_path):
        for path, file in zip(paths, copied.values(), strict=True):
            shutil.copyfile(winner / file, path)
        training_path.write_text(to_json(record), encoding="utf-8")


if __name__ == "__main__":
    run_command(
        argument_parser(),
        main,
        inputs=lambda a: [
            *files_of_runs(a.runs, "training.json", "epochs.csv"),
            *files_of_runs(with_seed(a), "weights.safetensors", "history.csv"),
        ],
        outputs=["weights", "history", "epochs", "training"],
    )
