"""What the changes of a study gain or cost, on the validation split, with the same seeds."""

import json
from statistics import fmean

import pandas as pd

from cifarlab.comparison.paired_tests import holm
from cifarlab.comparison.pairs import answer
from cifarlab.comparison.range_tests import is_range_test
from cifarlab.comparison.repeats import agree
from cifarlab.comparison.statistics import mean_interval, mean_p_value
from cifarlab.comparison.trials import CUT_SHORT, is_cut_short

STUDY_COLUMNS = [
    *("study", "model", "change", "kind", "settings", "recipe", "compared_with"),
    *("seeds", "missing_seeds", "not_tested"),
    *("difference_points", "low_points", "high_points", "p_value", "p_value_holm", "answer"),
    *("seed_differences_points", "validation_accuracy_percent", "compared_accuracy_percent"),
    *("held_out_percent", "steps", "compared_steps"),
    *("train_seconds", "compared_train_seconds", "seconds_ratio"),
]

# Why a change is not tested, as studies.csv says it.
NO_PAIR, ONE_SEED, CHOSEN_EPOCH = "no_pair", "one_seed", "chosen_epoch"


def tabulate_studies(studies, runs):
    """A row per study × model × change, a DataFrame with STUDY_COLUMNS.

    studies: list of dicts: name, models, seeds, baseline and changes, each with label, kind,
    recipe, compared_with and settings; runs: list of RunFolder, in which those that failed are
    missing. A change is compared on the seeds that both have: difference_points is the mean over
    them of validation accuracies, those of change minus those of what it is compared with; low and
    high are its 95 % interval, paired; p_value is of the same difference, and p_value_holm
    corrected for the number of rows that are tested; answer: better or worse is the change, by
    p_value_holm, or open. seed_differences_points is a JSON object by seed, settings one by key of
    the recipe. missing_seeds: how many seeds of the study lack a run of the two. seconds_ratio is
    empty where times cannot be compared.

    not_tested: why a row has no interval, p-values and answer. no_pair, and so no numbers at all;
    max_steps stopped a run; chosen_epoch: one side alone has the weights of an epoch that was
    chosen on the validation split; one_seed. Range tests of the learning rate have no row: what
    the highest rate leaves of a model is compared with nothing.
    """
    by_name = {(run.model, run.recipe, run.seed): run for run in runs}
    rows = [
        _row(study, model, change, pairs)
        for study in studies
        for model in study["models"]
        for change in study["changes"]
        for pairs in [_pairs(study, model, change, by_name)]
        if not any(is_range_test(r.training["recipe"]) for pair in pairs.values() for r in pair)
    ]
    corrected = holm([row.get("p_value") for row in rows])
    for row, p_value in zip(rows, corrected, strict=True):
        row["p_value_holm"] = p_value
        if p_value is not None:
            row["answer"] = answer(p_value, row["difference_points"])
    return pd.DataFrame(rows, columns=STUDY_COLUMNS)


def _pairs(study, model, change, runs):
    """The runs of a change and of what it is compared with, by the seeds that both have."""
    pairs = {
        seed: [runs.get((model, change[key], seed)) for key in ("recipe", "compared_with")]
        for seed in study["seeds"]
    }
    return {seed: pair for seed, pair in pairs.items() if all(pair)}


def _row(study, model, change, pairs):
    row = {"study": study["name"], "model": model, "change": change["label"]}
    row |= {key: change[key] for key in ("kind", "recipe", "compared_with")}
    row |= {"settings": json.dumps(change["settings"]), "seeds": len(pairs)}
    row |= {"missing_seeds": len(study["seeds"]) - len(pairs), "not_tested": why_not_tested(pairs)}
    if not pairs:
        return row
    ours, others = zip(*pairs.values(), strict=True)
    accuracies, compared = (
        [run.validation_accuracy_percent for run in side] for side in (ours, others)
    )
    differences = [a - b for a, b in zip(accuracies, compared, strict=True)]
    if not row["not_tested"]:
        one_image = 100 / ours[0].training["validation_images"]
        row["low_points"], row["high_points"] = mean_interval(differences, one_image)
        row["p_value"] = mean_p_value(differences, one_image)
    (steps, seconds), (compared_steps, compared_seconds) = (
        [fmean(run.training[key] for run in side) for key in ("steps", "train_seconds")]
        for side in (ours, others)
    )
    return row | {
        "difference_points": fmean(differences),
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


def why_not_tested(pairs):
    """The reason, as `tabulate_studies` has it, or None. pairs: lists of two runs, by seed."""
    if not pairs:
        return NO_PAIR
    if any(is_cut_short(run) for pair in pairs.values() for run in pair):
        return CUT_SHORT
    if any(restores_best(own) != restores_best(other) for own, other in pairs.values()):
        return CHOSEN_EPOCH
    return ONE_SEED if len(pairs) == 1 else None


def restores_best(run):
    """Whether the weights of a run are those of its best epoch on the validation split."""
    early_stopping = run.training["recipe"].get("early_stopping")
    return bool(early_stopping and early_stopping["restore_best"])


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
