"""Put all runs side by side, in tables: runs, means, classes, images, and what was published."""

import argparse
from pathlib import Path

from cifarlab.comparison.claim_kinds import Measured
from cifarlab.comparison.claims import tabulate_claims
from cifarlab.comparison.images import tabulate_images
from cifarlab.comparison.published import (
    comparable_part,
    published_beside,
    read_published,
    verdicts,
)
from cifarlab.comparison.results import RunFolder, files_of_runs
from cifarlab.comparison.row_difference import differences_between
from cifarlab.comparison.tables import (
    compare,
    tabulate_classes,
    tabulate_confusions,
    tabulate_runs,
    tabulate_superclasses,
)
from cifarlab.datasets.store import dataset_of
from engine.command import run_command
from engine.files import new_files, read_json

OF_CLASSES = ("classes", "confusions", "superclasses", "images")


def argument_parser():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--runs", type=Path, nargs="*", required=True, help="folders runs/<model>/<recipe>/seed-<n>"
    )
    parser.add_argument(
        "--costs", type=Path, nargs="*", required=True, help="cost/<model>.json of every model"
    )
    parser.add_argument("--dataset", type=Path, required=True, help="manifest.json of the data set")
    parser.add_argument("--published", type=Path, required=True, help="CSV of published numbers")
    parser.add_argument("--runs-csv", type=Path, required=True, help="CSV to write, a row per run")
    parser.add_argument(
        "--comparison", type=Path, required=True, help="CSV to write, a row per model × recipe"
    )
    parser.add_argument(
        "--published-beside",
        type=Path,
        required=True,
        help="CSV to write: what of the published numbers each row can be compared with",
    )
    parser.add_argument(
        "--verdicts", type=Path, required=True, help="CSV to write, a row per published cell"
    )
    parser.add_argument(
        "--claims", type=Path, required=True, help="CSV to write, a row per published claim"
    )
    parser.add_argument(
        "--classes", type=Path, required=True, help="CSV to write: accuracy and precision"
    )
    parser.add_argument(
        "--confusions", type=Path, required=True, help="CSV to write: the most confused pairs"
    )
    parser.add_argument("--superclasses", type=Path, required=True, help="CSV: how often confused")
    parser.add_argument("--images", type=Path, required=True, help="CSV: a row per test image")
    return parser


def main(arguments):
    folders = [RunFolder(path) for path in arguments.runs]
    runs = tabulate_runs(folders)
    costs = {path.stem: read_json(path) for path in arguments.costs}
    comparison = compare(runs, costs)
    manifest = read_json(arguments.dataset)
    images = {"dataset": dataset_of(manifest), **manifest["source"]}
    is_synthetic = images.pop("synthetic")
    class_names = manifest["fine_names"]
    published = comparable_part(read_published(arguments.published), images, len(class_names))
    trainings = {(run.model, run.recipe): run.training for run in folders}
    beside = published_beside(published, trainings)
    difference = differences_between(folders)
    measured = Measured(published, beside, comparison, costs, is_synthetic, difference)
    tables = {
        arguments.runs_csv: runs,
        arguments.published_beside: beside,
        arguments.verdicts: verdicts(published, beside, runs, comparison, images),
        arguments.claims: tabulate_claims(measured),
        arguments.classes: tabulate_classes(folders, class_names),
        arguments.confusions: tabulate_confusions(folders, class_names),
        arguments.superclasses: tabulate_superclasses(
            folders, manifest.get("coarse_names"), manifest.get("coarse_of_fine")
        ),
        arguments.images: tabulate_images(folders, class_names),
        arguments.comparison: comparison,
    }
    with new_files(*tables) as paths:
        for path, table in zip(paths, tables.values(), strict=True):
            table.to_csv(path, index=False, lineterminator="\n")


if __name__ == "__main__":
    run_command(
        argument_parser(),
        main,
        inputs=lambda a: [
            *files_of_runs(a.runs, "metrics.json", "predictions.npz", "training.json"),
            *(*a.costs, a.dataset, a.published),
        ],
        outputs=["runs_csv", "published_beside", "verdicts", "claims", "comparison", *OF_CLASSES],
    )
