"""All runs side by side, their means over seeds, and how sure these are."""

import numpy as np
import pandas as pd

from cifarlab.comparison.columns import COLUMNS, columns_from
from cifarlab.comparison.pairs import rank_intervals
from cifarlab.comparison.uncertainty import accuracy_interval

# Where a training ran, which has no mean.
PLACE_OF_TRAINING = ("device", "device_name", "threads")
# Of one row, the most frequent.
MOST_CONFUSIONS = 10


def tabulate_runs(runs, corrupted=None):
    """One row per run, in the order given.

    runs: list of RunFolder; corrupted: accuracy on corrupted images in percent by a run's folder,
    where it was measured. Returns a DataFrame: model, recipe, seed, metrics, record of training. A
    metric that the data set does not have is empty.
    """
    corrupted = corrupted or {}
    metrics, training = columns_from("metrics"), columns_from("training")
    robustness = columns_from("robustness")
    table = pd.DataFrame(
        [
            {
                "model": run.model,
                "recipe": run.recipe,
                "seed": run.seed,
                "input_size": run.training["inputs"]["size"],
                "initial_weights": (run.training["initial_weights"] or {}).get("source"),
                "chosen_recipe": run.chosen_recipe,
                "held_out_percent": 100 * run.training["recipe"]["validation"],
                "test_images": run.metrics["test_images"],
                **{column: run.metrics[column] for column in metrics},
                **{column: corrupted.get(run.path) for column in robustness},
                **{column: run.training[column] for column in (*training, *PLACE_OF_TRAINING)},
            }
            for run in runs
        ],
        columns=None
        if runs
        else ["model", "recipe", "seed", *metrics, *robustness, *training, *PLACE_OF_TRAINING],
    )
    # A column of nothing is one of numbers too.
    numbers = (*metrics, *robustness)
    return table.assign(**{column: pd.to_numeric(table[column]) for column in numbers})


def compare(runs, costs, rows, pairs, trial_rows=()):
    """One row per model × recipe, the mean over its seeds, in order of first appearance.

    runs: as `tabulate_runs` returns them; costs: dict from model to its cost, a dict; rows: dict
    from (model, recipe) to Correctness, of the same runs; pairs: as `tabulate_pairs` returns them,
    without trial runs; trial_rows: as `trials` returns them.
    Returns a DataFrame with COLUMNS. `seeds` counts them; `test_accuracy_std` is the
    sample standard deviation over seeds (n − 1) and empty where there is one seed. Low and high
    are the 95 % interval of the mean accuracy; interval_covers: images and seeds, or images alone
    where there is one seed. The ranks reach from rank_low to rank_high; a trial run has none, and
    trial says why it is one. A cost that could not be measured is empty.
    """
    if runs.empty:
        return pd.DataFrame(columns=[*COLUMNS])
    groups = runs.groupby(["model", "recipe"], sort=False)
    comparison = groups.mean(numeric_only=True)
    comparison["seeds"] = groups.size()
    comparison["test_accuracy_std"] = groups["test_accuracy_percent"].std(ddof=1)
    comparison = comparison.reset_index()
    for column in ("input_size", "test_images", "steps"):
        comparison[column] = comparison[column].round().astype(int)
    names = [(row.model, row.recipe) for row in comparison.itertuples()]
    intervals = 100 * np.array([accuracy_interval(rows[name].correct) for name in names])
    comparison["test_accuracy_low_percent"], comparison["test_accuracy_high_percent"] = intervals.T
    comparison["interval_covers"] = np.where(comparison["seeds"] > 1, "images and seeds", "images")
    comparison = comparison.assign(**ranks_of(names, pairs, dict(trial_rows)))
    comparison["initial_weights"] = groups["initial_weights"].first().to_numpy()
    of_models = [costs[model] for model in comparison["model"]]
    chosen = groups["chosen_recipe"].first().to_numpy()
    memories = [
        # Where a sweep's points take different steps, each was measured.
        costs[row.model]["memory"].get(point) or costs[row.model]["memory"][row.recipe]
        for row, point in zip(comparison.itertuples(), chosen, strict=True)
    ]
    for source, values in {"cost": of_models, "memory": memories}.items():
        for column in columns_from(source):
            # An integer stays one beside what could not be measured, None.
            comparison[column] = pd.Series([each[column] for each in values], dtype=object)
    return comparison[[*COLUMNS]]


def ranks_of(names, pairs, trial_rows):
    """The columns rank_low, rank_high and trial of these rows, a dict. Others: as for `compare`."""
    ranked = [name for name in names if name not in trial_rows]
    columns = {"trial": [trial_rows.get(name) for name in names]}
    for column, ranks in zip(("rank_low", "rank_high"), rank_intervals(ranked, pairs), strict=True):
        rank = dict(zip(ranked, ranks, strict=True))
        columns[column] = pd.array([rank.get(name) for name in names], dtype="Int64")
    return columns


def tabulate_classes(runs, class_names):
    """Accuracy and precision of every class, a row per model × recipe × class.

    runs: list of RunFolder; class_names: by label. Returns a DataFrame: model, recipe, class,
    test_images; test_accuracy_percent: of these, the mean over seeds, which is the recall of the
    class; precision_percent: of the images that any seed took for the class, those that are of it.
    Both are empty where there are no such images.
    """
    rows = []
    for (model, recipe), confusion in confusions_by_row(runs).items():
        # Every seed has the same test images, so the share of the sum is the mean of the shares.
        n_images, n_predicted = confusion.sum(axis=1), confusion.sum(axis=0)
        n_seeds = sum((run.model, run.recipe) == (model, recipe) for run in runs)
        for label, name in enumerate(class_names):
            right, n, taken = confusion[label, label], n_images[label], n_predicted[label]
            rows.append(
                {
                    "model": model,
                    "recipe": recipe,
                    "class": name,
                    "test_images": n // n_seeds,
                    "test_accuracy_percent": 100 * right / n if n else None,
                    "precision_percent": 100 * right / taken if taken else None,
                }
            )
    columns = ["model", "recipe", "class", "test_images", "test_accuracy_percent"]
    return pd.DataFrame(rows, columns=[*columns, "precision_percent"])


def tabulate_confusions(runs, class_names):
    """The pairs of classes that are confused most, up to ten of each model × recipe.

    runs: list of RunFolder; class_names: by label. Returns a DataFrame: model, recipe, true_class,
    predicted_class, images: how often, over all seeds; share_percent: of the true class's images.
    """
    columns = ["model", "recipe", "true_class", "predicted_class", "images", "share_percent"]
    rows = []
    for (model, recipe), confusion in confusions_by_row(runs).items():
        wrong = confusion * (1 - np.eye(len(confusion), dtype=int))
        # Stable, so that pairs which are as frequent stand in the order of their labels.
        places = np.argsort(-wrong, axis=None, kind="stable")[:MOST_CONFUSIONS]
        for true, predicted in zip(*np.unravel_index(places, wrong.shape), strict=True):
            if images := int(wrong[true, predicted]):
                share = 100 * images / confusion[true].sum()
                names = (class_names[true], class_names[predicted])
                rows.append((model, recipe, *names, images, share))
    return pd.DataFrame(rows, columns=columns)


def tabulate_superclasses(runs, superclass_names, superclass_of):
    """How often images of each superclass were taken for each, a row per model × recipe × pair.

    runs: list of RunFolder; superclass_names: by number, or None for classes without superclasses;
    superclass_of: int [n_classes], the superclass of each class. Returns a DataFrame, without rows
    where there are no superclasses: model, recipe, true_superclass, predicted_superclass, images:
    over all seeds; share_percent: of the true superclass's images, empty where there are none.
    """
    columns = ["model", "recipe", "true_superclass", "predicted_superclass"]
    rows = []
    if superclass_names is not None:
        is_in = np.eye(len(superclass_names), dtype=int)[np.asarray(superclass_of)]
        for key, confusion in confusions_by_row(runs).items():
            counts = is_in.T @ confusion @ is_in
            for true, n in enumerate(counts.sum(axis=1)):
                for predicted, images in enumerate(counts[true]):
                    names = (superclass_names[true], superclass_names[predicted])
                    rows.append((*key, *names, images, 100 * images / n if n else None))
    return pd.DataFrame(rows, columns=[*columns, "images", "share_percent"])


def confusions_by_row(runs):
    """Confusion counts summed over seeds, int64 [n_classes, n_classes], by (model, recipe)."""
    sums = {}
    for run in runs:
        confusion = np.array(run.metrics["confusion"])
        sums[run.model, run.recipe] = sums.get((run.model, run.recipe), 0) + confusion
    return sums
