"""What the report shows of trainings, compared or not, beside the rows of the comparison."""

import json
from dataclasses import dataclass

RANGE_TEST = "rate_range_test"


@dataclass(frozen=True)
class Augmented:
    """augmentations: as a recipe has them, a list; recipes: names of all that have the same."""

    augmentations: list
    recipes: list[str]


def augmented(recipes):
    """The augmentations of recipes: Augmented by the name of the first recipe that has them.

    recipes: their settings by name, dicts as a training's record has them.
    """
    found = {}
    for name, recipe in recipes.items():
        if augmentations := recipe.get("augmentations"):
            text = json.dumps(augmentations, sort_keys=True)
            found.setdefault(text, Augmented(augmentations, [])).recipes.append(name)
    return {one.recipes[0]: one for one in found.values()}


def is_range_test(recipe):
    """Whether a recipe's schedule is a learning-rate range test. recipe: as in `augmented`."""
    schedule = recipe["schedule"]
    # A part with defaults alone is written as a word.
    return (schedule if isinstance(schedule, str) else schedule["name"]) == RANGE_TEST
