"""Find test images that are nearly the same as training images, by their pixels."""

import argparse
import csv
from pathlib import Path

from cifarlab.datasets.duplicates import duplicate_rows, find_duplicates, summary
from cifarlab.datasets.store import load_description, load_split
from engine.command import run_command
from engine.files import new_files, to_json

COLUMNS = ("test_index", "train_index", "distance", "ratio", "kind", "test_label", "train_label")


def argument_parser():
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("--train", type=Path, required=True, help="train.json of the data set")
    add("--test", type=Path, required=True, help="test.json of the data set")
    add("--classes", type=Path, required=True, help="classes.json of the data set")
    add("--duplicates", type=Path, required=True, help="CSV to write, a row per pair")
    add("--summary", type=Path, required=True, help="JSON to write: how many at which distance")
    return parser


def main(arguments):
    train, test = load_split(arguments.train), load_split(arguments.test)
    names = load_description(arguments.classes)["fine_names"]
    pairs = find_duplicates(train.images, test.images)
    with new_files(arguments.duplicates, arguments.summary) as (table_path, summary_path):
        write_rows(table_path, duplicate_rows(pairs, train, test, names))
        summary_path.write_text(to_json(summary(pairs, train, test)), encoding="utf-8")


def write_rows(path, rows):
    """A CSV file of `rows`, of which there may be none."""
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


if __name__ == "__main__":
    run_command(
        argument_parser(),
        main,
        inputs=["train", "test", "classes"],
        outputs=["duplicates", "summary"],
    )
