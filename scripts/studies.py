"""Compare every change of a study with its baseline, seed by seed, on the validation split."""

import argparse
import json
from pathlib import Path

from cifarlab.comparison.results import RunFolder, files_of_runs
from cifarlab.comparison.studies import tabulate_studies
from engine.command import run_command
from engine.files import new_files


def argument_parser():
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add(
        "--studies",
        required=True,
        help="JSON list: name, models, seeds, baseline, and changes with label, kind, recipe, "
        "compared_with",
    )
    add("--runs", type=Path, nargs="*", default=[], help="folders runs/<model>/<recipe>/seed-<n>")
    add("--table", type=Path, required=True, help="CSV to write, a row per study, model and change")
    return parser


def main(arguments):
    folders = [RunFolder(path) for path in arguments.runs]
    table = tabulate_studies(json.loads(arguments.studies), folders)
    with new_files(arguments.table) as (path,):
        table.to_csv(path, index=False, lineterminator="\n")


if __name__ == "__main__":
    run_command(
        argument_parser(),
        main,
        inputs=lambda a: files_of_runs(a.runs, "training.json", "epochs.csv"),
        outputs=["table"],
    )
