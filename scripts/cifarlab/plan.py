"""All that a configuration asks for: recipes, with those that follow from others, and runs."""

from dataclasses import dataclass
from itertools import product

from cifarlab.configuration import Run, check_capitals, check_defined, run_table
from cifarlab.studies import Study, study_of
from cifarlab.sweeps import points_of
from cifarlab.training.recipes import Recipe
from engine.errors import UserError


@dataclass(frozen=True)
class Plan:
    """What to train, and what of it to test.

    recipes: Recipes by name, with those of sweeps and studies; runs: of the comparison, which meet
    the test split, list of Run; trainings: all that are trained, list of Run; points: names of the
    recipes among which each sweep chooses, by the sweep's name; studies: list of Study.
    """

    recipes: dict[str, Recipe]
    runs: list[Run]
    trainings: list[Run]
    points: dict[str, list[str]]
    studies: list[Study]


class _Recipes:
    """Recipes by name, each text once where its name was made here."""

    def __init__(self, configured):
        self.by_name = dict(configured)
        self.names = {}
        for name, recipe in configured.items():
            if not recipe.sweep:
                self.names.setdefault(recipe.to_json(), name)

    def name_of(self, name, recipe, at):
        """The name of a recipe that was made: `name`, or that of the same recipe."""
        text = recipe.to_json()
        known = self.names.setdefault(text, name)
        if known == name and self.by_name.setdefault(name, recipe).to_json() != text:
            raise UserError(
                f"{at}: its recipe would be called {name}, which is the name of another one; "
                "rename one of them"
            )
        return known


def plan_of(configuration):
    """The Plan that a Configuration asks for. Raises UserError where parts of it contradict."""
    runs, recipes = run_table(configuration), _Recipes(configuration.recipes)
    points = {
        name: [
            recipes.name_of(point, made, f"recipes.{name}.sweep")
            for point, made in points_of(name, recipe).items()
        ]
        for name, recipe in configuration.recipes.items()
        if recipe.sweep
    }
    studies = []
    for name, settings in configuration.studies.items():
        for model in settings.models:
            check_defined(model, configuration.models, "models", f"studies.{name}.models")
        at = f"studies.{name}.baseline"
        check_defined(settings.baseline, configuration.recipes, "recipes", at)
        studies.append(study_of(name, settings, configuration.recipes, recipes.name_of))
    check_capitals("studies", configuration.studies)
    trainings = dict.fromkeys(
        run._replace(recipe=recipe)
        for run in runs
        for recipe in points.get(run.recipe, [run.recipe])
    )
    for study in studies:
        trainings |= dict.fromkeys(
            map(Run._make, product(study.models, study.recipes, study.seeds))
        )
    trained = dict.fromkeys(run.recipe for run in trainings)
    _check_batches(
        configuration.dataset.train_per_class, {name: recipes.by_name[name] for name in trained}
    )
    used = [*runs, *trainings]
    check_capitals("models", dict.fromkeys(run.model for run in used))
    check_capitals("recipes", dict.fromkeys(run.recipe for run in used))
    return Plan(recipes.by_name, runs, list(trainings), points, studies)


def _check_batches(train_per_class, recipes):
    """Raise UserError where a batch of a recipe is larger than what there is to train on.

    train_per_class: training images of each class, or None where that is not known: then the
    rehearsal finds it. recipes: by name.
    """
    for name, recipe in recipes.items() if train_per_class else ():
        n_images = sum(n - round(recipe.validation * n) for n in train_per_class)
        if recipe.batch_size > n_images:
            raise UserError(
                f"recipes.{name}.batch_size: expected at most {n_images:,}, the images to train "
                f"on, found {recipe.batch_size:,}; lower it"
            )
