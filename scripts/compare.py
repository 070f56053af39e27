"""Put all runs side by side: a row per run, and a row per model × recipe with means over seeds."""

import argparse
from pathlib import Path

from cifarlab.command import run_command
from cifarlab.comparison import compare, tabulate_runs
from cifarlab.files import new_files, read_json
from cifarlab.results import RunFolder, files_of_runs


def argument_parser():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--runs", type=Path, nargs="+", required=True, help="folders runs/<model>/<recipe>/seed-<n>"
    )
    parser.add_argument(
        "--costs", type=Path, nargs="+", required=True, help="cost/<model>.json of every model"
    )
    parser.add_argument("--runs-csv", type=Path, required=True, help="CSV to write, a row per run")
    parser.add_argument(
        "--comparison", type=Path, required=True, help="CSV to write, a row per model × recipe"
    )
    return parser


def main(arguments):
    runs = tabulate_runs([RunFolder(path) for path in arguments.runs])
    comparison = compare(runs, {path.stem: read_json(path) for path in arguments.costs})
    with new_files(arguments.runs_csv, arguments.comparison) as (runs_path, comparison_path):
        runs.to_csv(runs_path, index=False, lineterminator="\n")
        comparison.to_csv(comparison_path, index=False, lineterminator="\n")


if __name__ == "__main__":
    run_command(
        argument_parser(),
        main,
        settings=["runs"],
        inputs=lambda a: [*files_of_runs(a.runs, "metrics.json", "training.json"), *a.costs],
        outputs=["runs_csv", "comparison"],
    )
