"""Recipes that differ from another one in some keys."""

from itertools import permutations

from cifarlab.training.recipes import Recipe
from engine.errors import UserError
from engine.settings import checked_settings, text_like

Key = text_like(
    r"[a-z0-9_]+(\.[a-z0-9_]+)*",
    "should be a key of a recipe, such as batch_size or optimizer.learning_rate",
)


def changed(recipe, changes, at):
    """A Recipe as another one is written, but for some keys.

    changes: values by key. A key with dots leads into a part (optimizer.learning_rate), whose other
    keys stay; one without replaces all that stands there (optimizer). A key that neither of them
    has keeps its default. at: the key of the configuration in which they stand, for errors. Raises
    UserError where that is no recipe.
    """
    values, everything = recipe.model_dump(exclude_unset=True), recipe.model_dump()
    # The recipes of a configuration may have it, those that are trained do not.
    values.pop("sweep", None)
    for key, value in changes.items():
        place = values
        *parts, last = key.split(".")
        for part in parts:
            inner = place.get(part, everything.get(part, {}))
            # A word is short for a mapping with this name.
            inner = {"name": inner} if isinstance(inner, str) else inner
            if not isinstance(inner, dict):
                raise UserError(
                    f"{at}.{key}: {part} has no keys below it, it is {inner!r}; name it alone"
                )
            place[part] = place = dict(inner)
        place[last] = value
    return checked_settings(Recipe, values, at=at)


def check_apart(changes, at):
    """Raise UserError where one of the keys to change is, or contains, another one of them.

    changes: list of keys; at: as for `changed`.
    """
    for key, other in permutations(changes, 2):
        if key == other or other.startswith(f"{key}."):
            raise UserError(
                f"{at}: {key} and {other} would both be changed, and one would undo the other; "
                "keep one of them"
            )
