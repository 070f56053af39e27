"""Metrics of one run, from its predictions alone."""

import argparse
from pathlib import Path

from cifarlab.datasets.store import load_description
from cifarlab.evaluation.logits import load_logits_with_flips, load_predictions, load_validation
from cifarlab.evaluation.metrics import metrics_of
from engine.command import run_command
from engine.files import new_files, to_json


def argument_parser():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--predictions", type=Path, required=True, help="NPZ file to read")
    parser.add_argument("--dataset", type=Path, required=True, help="classes.json of the data set")
    parser.add_argument("--metrics", type=Path, required=True, help="JSON file to write")
    return parser


def main(arguments):
    logits, labels = load_predictions(arguments.predictions)
    # Classes may be without superclasses.
    superclass_of = load_description(arguments.dataset).get("coarse_of_fine") or None
    flipped = load_logits_with_flips(arguments.predictions)
    validation = load_validation(arguments.predictions)
    metrics = metrics_of(logits, labels, superclass_of, flipped, validation)
    with new_files(arguments.metrics) as (path,):
        path.write_text(to_json(metrics), encoding="utf-8")


if __name__ == "__main__":
    run_command(argument_parser(), main, inputs=["dataset", "predictions"], outputs=["metrics"])
