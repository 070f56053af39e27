"""The configurations that lie ready in config/ are valid, and ask for what they say."""

import re
import textwrap

import pytest
import yaml
from project import ROOT
from snakemake.utils import update_config

from cifarlab.configuration import read_configuration, run_table
from cifarlab.plan import plan_of

N_RUNS = {
    "demo": 13,
    "real-size": 7,
    "scratch": 9,
    "scratch-recipes": 54,
    "today": 12,
}


def configuration(name):
    """config.yaml with another file laid on top, as Snakemake does it."""
    values = yaml.safe_load((ROOT / "config/config.yaml").read_text())
    update_config(values, yaml.safe_load((ROOT / f"config/{name}.yaml").read_text()))
    return read_configuration(values)


def test_every_ready_configuration_is_known_here():
    assert {path.stem for path in ROOT.glob("config/*.yaml")} == {"config", *N_RUNS}


@pytest.mark.parametrize("name", N_RUNS)
def test_a_ready_configuration_opens_with_its_command_and_gives_its_runs(name):
    text = (ROOT / f"config/{name}.yaml").read_text()
    opening = text.partition("\n\n")[0]
    assert f"--configfile config/{name}.yaml" in opening
    assert all(line.startswith("#") for line in opening.splitlines())
    assert len(run_table(configuration(name))) == N_RUNS[name]


def test_today_trains_the_published_large_models_in_todays_way_with_three_seeds():
    today = configuration("today")
    published = read_configuration(yaml.safe_load((ROOT / "config/config.yaml").read_text()))
    large = {run.model for run in run_table(published) if run.recipe == "published_finetune"}
    runs = {tuple(run) for run in run_table(today)}
    assert runs == {(model, "finetune", seed) for model in large for seed in (0, 1, 2)}
    assert all(today.models[name] == published.models[name] for name in large)
    recipe = today.recipes["finetune"]
    assert (recipe.optimizer.name, recipe.schedule.name, recipe.precision) == (
        "adamw",
        "cosine",
        "bf16",
    )
    assert (recipe.epochs, recipe.batch_size, recipe.micro_batch) == (5, 64, "auto")
    assert recipe.warm_up > 0


def examples():
    """The YAML texts that config/README.md gives as examples."""
    blocks = re.findall(
        r"(?:^ {4}.*\n|^\n(?= {4}))+", (ROOT / "config/README.md").read_text(), re.M
    )
    texts = [textwrap.dedent(block) for block in blocks]
    return [text for text in texts if isinstance(yaml.safe_load(text), dict)]


@pytest.mark.parametrize("text", examples())
def test_an_example_of_the_manual_is_a_configuration(text):
    values = yaml.safe_load((ROOT / "config/config.yaml").read_text())
    update_config(values, yaml.safe_load(text))
    plan_of(read_configuration(values))


def test_the_manual_has_examples_of_runs_studies_and_sweeps():
    keys = {key for text in examples() for key in yaml.safe_load(text)}
    assert keys == {"device", "runs", "studies", "recipes"}
    assert sum("sweep" in text for text in examples()) == 2


def test_what_pays_trains_every_change_with_six_seeds_and_tests_nothing():
    text = (ROOT / "config/studies/what-pays.yaml").read_text().replace("\n# ", " ")
    assert "--configfile config/studies/what-pays.yaml" in text.partition("\n\n")[0]
    plan = plan_of(configuration("studies/what-pays"))
    assert plan.runs == []
    for study in plan.studies:
        assert (study.models, study.seeds) == (["cnn_5"], [0, 1, 2, 3, 4, 5])
        assert study.baseline == "published_scratch_validated"
    published = plan.recipes["published_scratch"].model_dump()
    baseline = plan.recipes["published_scratch_validated"].model_dump()
    assert baseline == {**published, "validation": 0.1}
    alone = [c for study in plan.studies for c in study.changes if c.kind == "change"]
    assert f"{len(plan.studies)} studies" in text
    assert f"{len(alone)} changes" in text
    # No change stands in two studies: the report would count and show it twice.
    recipes = [plan.recipes[run.recipe].model_dump_json() for run in plan.trainings]
    together = 1 + sum(len(study.changes) for study in plan.studies)
    assert len(recipes) == 6 * len(set(recipes)) == 6 * together == 228
    assert "228 trainings" in text


def test_finetuning_at_96_pixels_changes_the_recipe_finetune_for_one_epoch():
    text = (ROOT / "config/studies/finetuning-96px.yaml").read_text()
    assert "--configfile config/studies/finetuning-96px.yaml" in text.partition("\n\n")[0]
    plan = plan_of(configuration("studies/finetuning-96px"))
    (study,) = plan.studies
    assert f"{len(study.changes)} changes" in text
    assert f"{len(study.seeds) * len(study.recipes)} trainings" in text
    assert {run.recipe for run in plan.runs} == {study.baseline}
    (model,) = study.models
    assert configuration("studies/finetuning-96px").models[model].input_size == 96
    finetune = plan.recipes["finetune"].model_dump()
    baseline = plan.recipes[study.baseline].model_dump()
    changed = {key for key, value in baseline.items() if value != finetune[key]}
    assert changed == {"epochs", "validation", "optimizer", "micro_batch", "precision"}
    rates = [recipe["optimizer"]["learning_rate"] for recipe in (baseline, finetune)]
    assert rates[0] == pytest.approx(10 * rates[1])


def test_learning_rates_has_range_tests_alone_and_tests_nothing():
    text = (ROOT / "config/studies/learning-rates.yaml").read_text()
    assert "--configfile config/studies/learning-rates.yaml" in text.partition("\n\n")[0]
    plan = plan_of(configuration("studies/learning-rates"))
    assert plan.runs == []
    recipes = [plan.recipes[run.recipe] for run in plan.trainings]
    assert [recipe.schedule.name for recipe in recipes] == ["rate_range_test"] * 4
    assert len({recipe.optimizer.name for recipe in recipes}) == 4
