"""What the changes of a study gain or cost, on the validation split, with the same seeds."""

import json
from statistics import fmean

import pandas as pd

from cifarlab.comparison.repeats import agree
from cifarlab.comparison.statistics import mean_interval
from cifarlab.comparison.trials import is_cut_short

STUDY_COLUMNS = [
    *("study", "model", "change", "kind", "settings", "recipe", "compared_with", "seeds"),
    *("difference_points", "low_points", "high_points", "seed_differences_points"),
    *("validation_accuracy_percent", "compared_accuracy_percent", "held_out_percent"),
    *("steps", "compared_steps", "train_seconds", "compared_train_seconds", "seconds_ratio"),
    "trial",
]


def tabulate_studies(studies, runs):
    """A row per study × model × change, a DataFrame with STUDY_COLUMNS.

    studies: list of dicts: name, models, seeds, baseline and changes, each with label, kind,
    recipe, compared_with and settings; runs: list of RunFolder, in which those that failed are
    missing. A change is compared on the seeds that both have: difference_points is the mean over
    them of validation accuracies, those of change minus those of what it is compared with; low and
    high are its 95 % interval, paired and empty with one seed; seed_differences_points is a JSON
    object by seed, settings one by key of the recipe. seconds_ratio is empty where times cannot be
    compared; without a pair all numbers are. trial: whether `max_steps` stopped a run of a pair.
    """
    by_name = {(run.model, run.recipe, run.seed): run for run in runs}
    rows = [
        _row(study, model, change, by_name)
        for study in studies
        for model in study["models"]
        for change in study["changes"]
    ]
    return pd.DataFrame(rows, columns=STUDY_COLUMNS)


def _row(study, model, change, runs):
    pairs = {
        seed: pair
        for seed in study["seeds"]
        if all(
            pair := [runs.get((model, change[key], seed)) for key in ("recipe", "compared_with")]
        )
    }
    row = {"study": study["name"], "model": model, "change": change["label"]}
    row |= {key: change[key] for key in ("kind", "recipe", "compared_with")}
    row |= {"settings": json.dumps(change["settings"]), "seeds": len(pairs)}
    row["trial"] = any(is_cut_short(run) for pair in pairs.values() for run in pair)
    if not pairs:
        return row
    ours, others = zip(*pairs.values(), strict=True)
    accuracies, compared = (
        [run.validation_accuracy_percent for run in side] for side in (ours, others)
    )
    differences = [a - b for a, b in zip(accuracies, compared, strict=True)]
    one_image = 100 / ours[0].training["validation_images"]
    low, high = (None, None) if len(pairs) < 2 else mean_interval(differences, one_image)
    (steps, seconds), (compared_steps, compared_seconds) = (
        [fmean(run.training[key] for run in side) for key in ("steps", "train_seconds")]
        for side in (ours, others)
    )
    return row | {
        "difference_points": fmean(differences),
        "low_points": low,
        "high_points": high,
        "seed_differences_points": json.dumps(dict(zip(pairs, differences, strict=True))),
        "validation_accuracy_percent": fmean(accuracies),
        "compared_accuracy_percent": fmean(compared),
        "held_out_percent": 100 * ours[0].training["recipe"]["validation"],
        "steps": steps,
        "compared_steps": compared_steps,
        "train_seconds": seconds,
        "compared_train_seconds": compared_seconds,
        "seconds_ratio": seconds / compared_seconds if times_compare(ours, others) else None,
    }


def times_compare(*sides):
    """Whether the training times of two lists of runs are of the same kind of machine, without
    interruptions, and a step takes the runs of a list the same time."""
    trainings = [[run.training for run in side] for side in sides]
    both = [training for side in trainings for training in side]
    return (
        len({(training["device_name"], training["threads"]) for training in both}) == 1
        and all(len(training["parts"]) == 1 for training in both)
        and all(agree([one["train_seconds"] / one["steps"] for one in side]) for side in trainings)
    )
