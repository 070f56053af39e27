"""Studies: what each of several changes to a recipe gains or costs."""

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from cifarlab.changes import Key, changed, check_apart
from cifarlab.names import NAME_LENGTH, Name, Names
from engine.errors import UserError
from engine.settings import PlainValue, Seed, Settings

# What the recipe with all changes of `drop` is called; no label of a change.
COMBINED = "combined"


class StudySettings(Settings):
    """A recipe, and others that each differ from it in one named change, with the same seeds."""

    models: Names
    """Names defined under `models`."""

    baseline: Name
    """The recipe, a name defined under `recipes`, that every change is compared with. It holds out
    images (`validation`): the runs of a study are compared on them, and are not evaluated on the
    test split unless `runs` has them too."""

    seeds: Annotated[list[Seed], Field(min_length=1)]
    """Seeds of every run of the study, so that runs with the same seed make a pair."""

    changes: Annotated[
        dict[Name, Annotated[dict[Key, PlainValue], Field(min_length=1)]], Field(min_length=1)
    ]
    """What is changed, by a label of the user's choice: values for keys of the baseline's recipe. A
    key with dots (`optimizer.learning_rate`) leads into a part, whose other keys stay; one without
    (`optimizer`) replaces the whole part."""

    drop: list[Name] = Field(default_factory=list)
    """Labels of changes that also make one recipe together, which is compared with the same recipe
    without each of them in turn."""


@dataclass(frozen=True)
class Change:
    """A recipe of a study.

    label: of the change, or of all, with + between them, where they make one recipe together; kind:
    change, combined, or without, where the change is left out of the combined recipe; recipe,
    compared_with: names of recipes; settings: what the recipe sets, values by key of the baseline's
    recipe.
    """

    label: str
    kind: str
    recipe: str
    compared_with: str
    settings: dict


@dataclass(frozen=True)
class Study:
    """A study with the names of its recipes. models, seeds: lists; changes: list of Change."""

    name: str
    models: list[str]
    baseline: str
    seeds: list[int]
    changes: list[Change]

    @property
    def recipes(self):
        """Names of all its recipes, each once, the baseline first."""
        return list(dict.fromkeys([self.baseline, *(change.recipe for change in self.changes)]))


def study_of(name, settings, recipes, name_of):
    """The Study that settings ask for.

    name, settings: of the configuration; recipes: its ConfiguredRecipes by name, with the baseline;
    name_of: a function from a name and a Recipe to the name under which that recipe is trained.
    Raises UserError where the baseline cannot be one, or a change is none.
    """
    at, baseline = f"studies.{name}", recipes[settings.baseline]
    _check_baseline(settings.baseline, baseline, f"{at}.baseline")
    for kind in ("models", "seeds", "drop"):
        values = getattr(settings, kind)
        if twice := [value for value in values if values.count(value) > 1]:
            raise UserError(f"{at}.{kind}: {twice[0]} is there twice; keep one")
    found = []

    def add(label, kind, recipe_name, changes, against, place):
        made = _made(baseline, changes, place)
        full = f"{name}-{recipe_name}"
        if len(full) > NAME_LENGTH:
            raise UserError(
                f"{place}: its recipe would be called {full}, which is longer than {NAME_LENGTH} "
                "characters; shorten the label or the name of the study"
            )
        found.append(Change(label, kind, name_of(full, made, place), against, changes))
        return found[-1].recipe

    for label, changes in settings.changes.items():
        add(label, "change", label, changes, settings.baseline, f"{at}.changes.{label}")
    _check_different(found, f"{at}.changes")
    if settings.drop:
        every = _to_drop(settings, at)
        together = _together(every)
        labels = " + ".join(every)
        combined = add(labels, "combined", COMBINED, together, settings.baseline, f"{at}.drop")
        for label in every:
            rest = _together({other: every[other] for other in every if other != label})
            add(label, "without", f"without-{label}", rest, combined, f"{at}.drop")
    return Study(name, settings.models, settings.baseline, settings.seeds, found)


def _check_baseline(name, recipe, at):
    if recipe.sweep:
        raise UserError(
            f"{at}: {name} is a sweep, and a study needs one recipe; define one with the values "
            "that the sweep chose"
        )
    if not recipe.validation:
        raise UserError(
            f"{at}: a study is compared on the validation split, and {name} holds out nothing; "
            f"set recipes.{name}.validation, for example to 0.1"
        )


def _check_different(changes, at):
    """Raise UserError where two of a list of Change make the same recipe."""
    labels = {}
    for change in changes:
        if (other := labels.setdefault(change.recipe, change.label)) != change.label:
            raise UserError(
                f"{at}.{change.label}: makes the same recipe as {other}; take one of them out"
            )


def _made(baseline, changes, at):
    """The Recipe with some changes; UserError where they are none."""
    if "validation" in changes:
        raise UserError(
            f"{at}.validation: runs of a study are compared on the same images; take it out"
        )
    check_apart([*changes], at)
    made = changed(baseline, changes, at)
    if made.to_json() == baseline.to_json():
        raise UserError(
            f"{at}: {', '.join(changes)} as in the baseline; change something, or take it out"
        )
    return made


def _to_drop(settings, at):
    """The changes of the labels to drop, by label."""
    if len(settings.drop) < 2:
        raise UserError(f"{at}.drop: expected at least two labels, found {settings.drop}")
    for label in settings.drop:
        if label not in settings.changes:
            raise UserError(
                f"{at}.drop: {label!r} is no label of a change; "
                f"changes has: {', '.join(settings.changes)}"
            )
    every = {label: settings.changes[label] for label in settings.drop}
    check_apart([key for changes in every.values() for key in changes], f"{at}.drop")
    return every


def _together(changes):
    return {key: value for own in changes.values() for key, value in own.items()}
