"""The campaign of faults trains with every part that a recipe may choose, and with all its keys."""

import pytest
from choices import KINDS
from faults.kits import IMAGES, KITS, N_STEPS, WITH_MUON

from cifarlab.datasets.synthetic import N_FINE
from cifarlab.models.families import ModelSettings
from cifarlab.training.batches import slices_of_batches
from cifarlab.training.recipes import Recipe
from engine.settings import checked_settings


@pytest.mark.parametrize("kind", KINDS)
def test_every_part_is_in_a_recipe_of_the_campaign(kind):
    recipes = [checked_settings(Recipe, recipe) for _, recipe in KITS.values()]
    chosen = [getattr(recipe, kind) for recipe in recipes]
    parts = [p for one in chosen for p in (one if isinstance(one, list) else [one]) if p]
    assert {part.name for part in parts} == set(KINDS[kind])
    # With all of its keys in one of them.
    for name, module in KINDS[kind].items():
        keys = {frozenset(part.model_fields_set) for part in parts if part.name == name}
        assert set(module.Settings.model_fields) in keys


def test_early_stopping_clipping_and_validation_are_in_them():
    recipes = [checked_settings(Recipe, recipe) for _, recipe in KITS.values()]
    stopping = [recipe.early_stopping for recipe in recipes if recipe.early_stopping]
    assert stopping
    assert all(one.restore_best for one in stopping)
    assert any(recipe.clip_norm and recipe.validation for recipe in recipes)
    assert any(recipe.warm_up for recipe in recipes)
    assert KITS[WITH_MUON][1]["optimizer"]["name"] == "muon"


@pytest.mark.parametrize("kit", KITS)
def test_every_training_of_the_campaign_takes_the_same_number_of_steps(kit):
    model, recipe = KITS[kit]
    checked_settings(ModelSettings, model)
    recipe = checked_settings(Recipe, recipe)
    per_class = IMAGES["train_per_class"]
    n_images = N_FINE * (per_class - round(recipe.validation * per_class))
    assert recipe.epochs * len(slices_of_batches(n_images, recipe.batch_size)) == N_STEPS
