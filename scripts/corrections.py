"""Check a list of corrected test labels against the data, before anything is measured by it."""

import argparse
from pathlib import Path

from cifarlab.datasets.corrections import describe_corrections, load_corrections
from engine.command import run_command
from engine.files import new_files, to_json


def argument_parser():
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("--list", type=Path, required=True, help="CSV: test_index, given_label, corrected_label")
    add("--dataset", type=Path, required=True, help="test.json of the data set")
    add("--classes", type=Path, required=True, help="classes.json of the data set")
    add("--corrections", type=Path, required=True, help="JSON to write: counts, and all labels")
    return parser


def main(arguments):
    corrected, labels = load_corrections(arguments.list, arguments.dataset, arguments.classes)
    with new_files(arguments.corrections) as (path,):
        path.write_text(to_json(describe_corrections(corrected, labels)), encoding="utf-8")


if __name__ == "__main__":
    run_command(
        argument_parser(),
        main,
        inputs=["list", "dataset", "classes"],
        outputs=["corrections"],
    )
