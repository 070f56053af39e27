"""Sweeps: one recipe with several values for some of its keys, of which the best is chosen."""

import hashlib
import random
import re
from itertools import product
from typing import Annotated, Literal

from pydantic import ConfigDict, Field, WithJsonSchema

from cifarlab.changes import Key, changed, check_apart
from cifarlab.names import NAME_LENGTH, NAME_PATTERN
from cifarlab.training.parts import left_out_at
from cifarlab.training.recipes import Recipe
from engine.errors import UserError
from engine.settings import (
    Number,
    PlainValue,
    Seed,
    Settings,
    canonical_json,
    checked_settings,
)

# Of the values of a range; with the most, no two numbers are written alike.
FEWEST_DIGITS, MOST_DIGITS = 4, 17

Points = Annotated[int, Field(ge=2)]


class Range(Settings):
    """Values from one number to another; whole ones where both ends are written as such."""

    model_config = ConfigDict(serialize_by_alias=True)

    # `from` is a word of Python's own.
    start: int | Number = Field(alias="from", description="The first value.")

    to: int | Number
    """The last value."""

    points: Points | None = None
    """How many values; not given where they are drawn at random."""

    scale: Literal["linear", "log"] = "linear"
    """Equal differences, or equal factors."""

    def at(self, share, digits=FEWEST_DIGITS):
        """The value at a share of the way; the ends as they are written.

        digits: how many it has, or as many more as it needs to lie between the ends.
        """
        if share in (0, 1):
            return self.to if share else self.start
        if self.scale == "log":
            value = self.start * (self.to / self.start) ** share
        else:
            value = self.start + (self.to - self.start) * share
        if self.is_whole:
            return round(value)
        low, high = sorted((self.start, self.to))
        rounded = (float(f"{value:.{n}g}") for n in range(digits, MOST_DIGITS + 1))
        return next((short for short in rounded if low < short < high), value)

    @property
    def is_whole(self):
        return isinstance(self.start, int) and isinstance(self.to, int)


VALUES_SCHEMA = {
    "anyOf": [
        {"type": "array", "minItems": 1},
        {
            "type": "object",
            "properties": {
                "from": {"type": "number"},
                "to": {"type": "number"},
                "points": {"type": "integer", "minimum": 2},
                "scale": {"enum": ["linear", "log"]},
            },
            "required": ["from", "to"],
            "additionalProperties": False,
        },
    ]
}


class RandomSettings(Settings):
    """Points drawn at random."""

    points: Points
    """How many are drawn; one that is drawn twice counts once."""

    seed: Seed = 0
    """Of the draws. More points with the same seed begin with the same ones."""


class SweepSettings(Settings):
    """Several values for some keys of a recipe."""

    over: Annotated[
        dict[Key, Annotated[PlainValue, WithJsonSchema(VALUES_SCHEMA)]], Field(min_length=1)
    ]
    """For each key of the recipe, a list of values, or a range `{from, to, points, scale}`. Keys
    with dots lead into a part, as in `optimizer.learning_rate`. Every value of one key is combined
    with every value of the others."""

    random: RandomSettings | None = None
    """Draw points instead: of each list a value, of each range a number between its ends."""


class ConfiguredRecipe(Recipe):
    """How a model is trained, and the values among which that is chosen."""

    sweep: Annotated[SweepSettings | None, left_out_at(None)] = None
    """Train with each of several values, and test the one that is best on the validation split."""


def points_of(name, recipe):
    """The points of a recipe's sweep, a dict from their names to Recipes.

    name, recipe: of the configuration, a ConfiguredRecipe with a sweep. Raises UserError where one
    is no recipe, there are fewer than two, or nothing is held out to choose on.
    """
    at = f"recipes.{name}.sweep"
    if not recipe.validation:
        raise UserError(
            f"{at}: the best is chosen on the validation split, and this recipe holds out nothing; "
            f"set recipes.{name}.validation, for example to 0.1"
        )
    over = {
        key: _values(recipe.sweep, key, f"{at}.over.{key}") for key in sorted(recipe.sweep.over)
    }
    check_apart(over, at)
    if "validation" in over:
        raise UserError(
            f"{at}.over.validation: all points are compared on the same images; take it out"
        )
    is_random = recipe.sweep.random is not None
    drawn = _drawn(over, recipe.sweep.random) if is_random else product(*over.values())
    points, texts = {}, {}
    for values in drawn:
        changes = dict(zip(over, values, strict=True))
        made = changed(recipe, changes, f"{at}.over")
        point, other = _name(name, changes), texts.setdefault(made.to_json(), changes)
        if other is not changes and is_random:
            continue
        if other is not changes:
            raise UserError(f"{at}: {other} and {changes} are the same recipe; keep one of them")
        if point in points:
            raise UserError(f"{at}: two points would be called {point}; write one in another way")
        points[point] = made
    if len(points) < 2:
        raise UserError(f"{at}: expected at least two points to choose from, found {len(points)}")
    return points


def _values(sweep, key, at):
    """The values of a key: a list, or a Range where they are drawn."""
    values = sweep.over[key]
    if isinstance(values, list):
        if not values:
            raise UserError(f"{at}: expected at least one value, found an empty list")
        return values
    if not isinstance(values, dict):
        raise UserError(
            f"{at}: expected a list of values or a range {{from, to, points}}, found {values!r}"
        )
    values = checked_settings(Range, values, at=at)
    if values.scale == "log" and min(values.start, values.to) <= 0:
        raise UserError(f"{at}: a log scale needs ends above 0, found {values.start}, {values.to}")
    if values.start == values.to:
        raise UserError(f"{at}: expected two different ends, found {values.to} twice")
    if (values.points is None) is (sweep.random is None):
        raise UserError(
            f"{at}.points: missing; it says how many values there are"
            if sweep.random is None
            else f"{at}.points: random.points says how many are drawn; leave it out here"
        )
    if sweep.random:
        return values
    shares = [place / (values.points - 1) for place in range(values.points)]
    for digits in range(FEWEST_DIGITS, MOST_DIGITS + 1):
        numbers = [values.at(share, digits) for share in shares]
        if len({*numbers}) == len(numbers):
            return numbers
    raise UserError(
        f"{at}: there are no {values.points} different {'whole ' * values.is_whole}numbers from "
        f"{values.start} to {values.to}; ask for fewer points"
    )


def _drawn(over, settings):
    """Points drawn at random, each a list of a value for every key."""
    # Of Python's generators, random() alone gives the same numbers in every version.
    generator = random.Random(settings.seed)
    for _ in range(settings.points):
        shares = [generator.random() for _ in over]
        yield [
            values.at(share) if isinstance(values, Range) else values[int(share * len(values))]
            for values, share in zip(over.values(), shares, strict=True)
        ]


def _name(recipe, changes):
    """The name of a point: that of its recipe and its values, or a digest where they do not fit.

    It follows from the point alone, so that another value for a key renames no point.
    """
    values = ["-".join(_word(value) for value in changes.values())]
    name = "-".join([recipe, *values])
    if len(name) <= NAME_LENGTH and re.fullmatch(NAME_PATTERN, name):
        return name
    digest = hashlib.sha256(canonical_json(changes).encode()).hexdigest()[:8]
    return f"{recipe[: NAME_LENGTH - 9]}-{digest}"


def _word(value):
    if isinstance(value, bool) or value is None:
        return canonical_json(value)
    short = f"{value:g}" if isinstance(value, float) else str(value)
    return short if not isinstance(value, float) or float(short) == value else repr(value)
