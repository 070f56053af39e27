"""Metrics of one run, from its predictions alone."""

import argparse
from pathlib import Path

from cifarlab.datasets.store import load_description
from cifarlab.evaluation.logits import load_logits_with_flips, load_predictions, load_validation
from cifarlab.evaluation.metrics import metrics_of
from cifarlab.evaluation.subsets import read_duplicates, subset_metrics
from engine.command import run_command
from engine.files import new_files, read_json, to_json


def argument_parser():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--predictions", type=Path, required=True, help="NPZ file to read")
    parser.add_argument("--dataset", type=Path, required=True, help="classes.json of the data set")
    parser.add_argument(
        "--duplicates",
        type=Path,
        help="duplicates.csv of the data set; one accuracy is without them",
    )
    parser.add_argument(
        "--corrections",
        type=Path,
        nargs="?",
        help="corrected_labels.json of the data set; one accuracy is by these labels",
    )
    parser.add_argument("--metrics", type=Path, required=True, help="JSON file to write")
    return parser


def main(arguments):
    logits, labels = load_predictions(arguments.predictions)
    # Classes may be without superclasses.
    superclass_of = load_description(arguments.dataset).get("coarse_of_fine") or None
    flipped = load_logits_with_flips(arguments.predictions)
    validation = load_validation(arguments.predictions)
    duplicates = read_duplicates(arguments.duplicates) if arguments.duplicates else None
    corrected = read_json(arguments.corrections)["labels"] if arguments.corrections else None
    metrics = metrics_of(logits, labels, superclass_of, flipped, validation)
    metrics |= subset_metrics(logits, labels, duplicates, corrected)
    with new_files(arguments.metrics) as (path,):
        path.write_text(to_json(metrics), encoding="utf-8")


if __name__ == "__main__":
    run_command(
        argument_parser(),
        main,
        inputs=["dataset", "predictions", "duplicates", "corrections"],
        outputs=["metrics"],
    )
