"""Metrics of one run, from its predictions alone."""

import argparse
from pathlib import Path

from cifarlab.datasets.store import load_description
from cifarlab.evaluation.logits import load_predictions
from cifarlab.evaluation.metrics import (
    class_accuracies,
    confusion,
    mean_cross_entropy,
    superclass_accuracy,
    top_k_accuracy,
)
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
    coarse_of_fine = load_description(arguments.dataset).get("coarse_of_fine")
    superclass_percent = None  # where the data set has no superclasses
    if coarse_of_fine is not None:
        superclass_percent = 100 * superclass_accuracy(logits, labels, coarse_of_fine)
    metrics = {
        "test_images": len(labels),
        "test_accuracy_percent": 100 * top_k_accuracy(logits, labels, 1),
        "top5_accuracy_percent": 100 * top_k_accuracy(logits, labels, 5),
        "superclass_accuracy_percent": superclass_percent,
        "test_loss": mean_cross_entropy(logits, labels),
        "confusion": confusion(logits, labels).tolist(),
        "class_accuracy_percent": (100 * class_accuracies(logits, labels)).tolist(),
    }
    with new_files(arguments.metrics) as (path,):
        path.write_text(to_json(metrics), encoding="utf-8")


if __name__ == "__main__":
    run_command(argument_parser(), main, inputs=["dataset", "predictions"], outputs=["metrics"])
