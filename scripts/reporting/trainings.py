"""What the report shows of trainings, compared or not, beside the rows of the comparison."""

import json
from dataclasses import dataclass


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
