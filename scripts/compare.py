"""Put all runs side by side, in tables: runs, means over seeds, pairs, classes, the published."""

import argparse
from pathlib import Path

from cifarlab.comparison.claim_kinds import Measured
from cifarlab.comparison.claims import tabulate_claims
from cifarlab.comparison.correctness import read_correctness
from cifarlab.comparison.images import doubtful_labels, tabulate_images
from cifarlab.comparison.pairs import differences_between, tabulate_pairs
from cifarlab.comparison.published import (
    comparable_part,
    published_beside,
    read_published,
    verdicts,
)
from cifarlab.comparison.results import RunFolder, files_of_runs
from cifarlab.comparison.robustness import (
    corrupted_accuracies,
    read_robustness,
    tabulate_robustness,
)
from cifarlab.comparison.tables import (
    compare,
    tabulate_classes,
    tabulate_confusions,
    tabulate_runs,
    tabulate_superclasses,
)
from cifarlab.comparison.trials import trials
from engine.command import run_command
from engine.files import new_files, read_json

# CSV files to write, by argument.
TABLES = {
    "runs_csv": "a row per run",
    "comparison": "a row per model × recipe",
    "pairwise": "a row per pair of these rows, but for trial runs",
    "published_beside": "what of the published numbers each row can be compared with",
    "verdicts": "a row per published cell",
    "claims": "a row per published claim",
    "classes": "accuracy and precision of every class",
    "confusions": "the most confused pairs of classes",
    "superclasses": "how often superclasses are confused",
    "images": "a row per test image",
    "doubtful_labels": "test images whose label no run believes",
    "robustness": "accuracy on corrupted images",
}


def argument_parser():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--runs", type=Path, nargs="*", required=True, help="folders runs/<model>/<recipe>/seed-<n>"
    )
    parser.add_argument(
        "--costs", type=Path, nargs="*", required=True, help="cost/<model>.json of every model"
    )
    parser.add_argument(
        "--corrupted", type=Path, nargs="*", default=[], help="robustness.csv of every run"
    )
    parser.add_argument("--dataset", type=Path, required=True, help="manifest.json of the data set")
    parser.add_argument("--published", type=Path, required=True, help="CSV of published numbers")
    for name, content in TABLES.items():
        words = f"--{name.replace('_', '-')}"
        parser.add_argument(words, type=Path, required=True, help=f"CSV to write: {content}")
    return parser


def main(arguments):
    folders = [RunFolder(path) for path in arguments.runs]
    robustness = read_robustness(arguments.corrupted)
    runs = tabulate_runs(folders, corrupted_accuracies(robustness))
    rows = read_correctness(folders)
    trial_rows = trials(folders, rows)
    pairs = tabulate_pairs({row: rows[row] for row in rows if row not in trial_rows})
    costs = {path.stem: read_json(path) for path in arguments.costs}
    comparison = compare(runs, costs, rows, pairs, trial_rows)
    manifest = read_json(arguments.dataset)
    class_names = manifest["fine_names"]
    images = manifest["images_sha256"]
    published = comparable_part(read_published(arguments.published), images, len(class_names))
    is_synthetic = manifest["source"]["synthetic"]
    trainings = {(run.model, run.recipe): run.training for run in folders}
    beside = published_beside(published, trainings)
    difference = differences_between(rows)
    measured = Measured(published, beside, comparison, costs, is_synthetic, difference, trial_rows)
    # Trial runs are wrong about nearly everything, and would hide what the others agree on.
    judges = [run for run in folders if (run.model, run.recipe) not in trial_rows]
    test_images = tabulate_images(judges or folders, class_names)
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
        arguments.images: test_images,
        arguments.doubtful_labels: doubtful_labels(test_images if judges else test_images.head(0)),
        arguments.robustness: tabulate_robustness(robustness),
        arguments.comparison: comparison,
        arguments.pairwise: pairs,
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
            *(*a.costs, *a.corrupted, a.dataset, a.published),
        ],
        outputs=list(TABLES),
    )
