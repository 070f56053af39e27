"""Which of several recipes is best, on images held out of their trainings."""

from statistics import fmean

from engine.errors import UserError


def choose(runs):
    """The recipe with the highest mean validation accuracy, and what it was chosen from.

    runs: list of RunFolder, of one model and with the same seeds for every recipe. Of equal ones it
    is the first. Returns (name, list of dicts: recipe, validation_accuracy_percent, the mean, and
    seeds, that of each). Raises UserError where seeds differ or nothing was held out.
    """
    accuracies = {}
    for run in runs:
        accuracies.setdefault(run.recipe, {})[run.seed] = run.validation_accuracy_percent
    points = [
        {
            "recipe": recipe,
            "validation_accuracy_percent": fmean(of_seeds.values()),
            "seeds": {str(seed): accuracy for seed, accuracy in of_seeds.items()},
        }
        for recipe, of_seeds in accuracies.items()
    ]
    if len({tuple(sorted(of_seeds)) for of_seeds in accuracies.values()}) != 1:
        raise UserError(
            "expected the same seeds for every recipe, so that none is judged on others, found: "
            + "; ".join(f"{name}: {sorted(seeds)}" for name, seeds in accuracies.items())
        )
    return max(points, key=lambda point: point["validation_accuracy_percent"])["recipe"], points
