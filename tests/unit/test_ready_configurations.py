"""The configurations that lie ready in config/ are valid, and ask for what they say."""

import pytest
import yaml
from project import ROOT
from snakemake.utils import update_config

from cifarlab.configuration import read_configuration, run_table

N_RUNS = {"demo": 10, "real-size": 7, "scratch": 9, "today": 12}


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
