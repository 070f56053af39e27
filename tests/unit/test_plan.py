"""Studies and sweeps become recipes and runs; what contradicts itself is one line."""

import copy
import json

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from project import ROOT

from cifarlab.configuration import read_configuration
from cifarlab.plan import plan_of
from cifarlab.sweeps import ConfiguredRecipe, points_of
from engine.errors import UserError
from engine.settings import checked_settings

PLAIN = {
    "epochs": 2,
    "batch_size": 64,
    "optimizer": {"name": "sgd", "learning_rate": 0.1, "momentum": 0.9},
    "validation": 0.1,
}
RATES = {"over": {"optimizer.learning_rate": [0.1, 0.3]}}
STUDY = {
    "models": ["cnn_2"],
    "baseline": "plain",
    "seeds": [0, 1],
    "changes": {"slow": {"optimizer.learning_rate": 0.01}, "focal": {"loss": "focal"}},
}


@pytest.fixture
def values():
    values = yaml.safe_load((ROOT / "config/config.yaml").read_text())
    values["recipes"]["plain"] = copy.deepcopy(PLAIN)
    values["runs"] = []
    return values


def planned(values, sweep=None, study=None):
    """The plan of the values with the recipe `tuned` swept so, and with a study s."""
    if sweep is not None:
        values["recipes"]["tuned"] = {**PLAIN, "sweep": sweep}
        values["runs"] = [{"models": ["cnn_2"], "recipes": ["tuned"], "seeds": [0, 1]}]
    if study is not None:
        values["studies"] = {"s": {**STUDY, **study}}
    return plan_of(read_configuration(values))


def trained(plan):
    return {(run.model, run.recipe, run.seed) for run in plan.trainings}


def rates(plan):
    return [plan.recipes[name].optimizer.learning_rate for name in plan.points["tuned"]]


# --- sweeps


def test_a_sweep_trains_every_combination_and_tests_one_run_a_seed(values):
    over = {"optimizer.learning_rate": [0.01, 0.3], "batch_size": [32, 128]}
    plan = planned(values, {"over": over})
    names = ["tuned-32-0.01", "tuned-32-0.3", "tuned-128-0.01", "tuned-128-0.3"]
    assert plan.points == {"tuned": names}
    assert plan.runs == [("cnn_2", "tuned", 0), ("cnn_2", "tuned", 1)]
    assert trained(plan) == {("cnn_2", name, seed) for name in names for seed in (0, 1)}
    recipe = plan.recipes["tuned-128-0.3"]
    assert (recipe.batch_size, recipe.optimizer.learning_rate) == (128, 0.3)
    # The other keys of the part stay.
    assert recipe.optimizer.momentum == 0.9
    assert "sweep" not in recipe.to_json()


@pytest.mark.parametrize(
    ("ends", "expected"),
    [
        ({"from": 0.1, "to": 0.5, "points": 3}, [0.1, 0.3, 0.5]),
        ({"from": 0.001, "to": 0.1, "points": 3, "scale": "log"}, [0.001, 0.01, 0.1]),
        ({"from": "1e-3", "to": "1e-2", "points": 3, "scale": "log"}, [0.001, 0.003162, 0.01]),
        ({"from": 0.3, "to": 0.1, "points": 2}, [0.3, 0.1]),
        # Four digits would leave the range.
        ({"from": 0.99992, "to": 0.99999, "points": 3}, [0.99992, 0.99996, 0.99999]),
        ({"from": 0.99999, "to": 0.99992, "points": 3}, [0.99999, 0.99996, 0.99992]),
    ],
)
def test_a_range_gives_its_ends_and_what_lies_between_in_equal_steps(values, ends, expected):
    assert rates(planned(values, {"over": {"optimizer.learning_rate": ends}})) == expected


@given(
    start=st.floats(1e-6, 1e3),
    width=st.floats(-7, 3),
    points=st.integers(3, 12),
    scale=st.sampled_from(["linear", "log"]),
)
def test_values_of_a_range_however_narrow_are_different_and_between_its_ends(
    start, width, points, scale
):
    end = start * (1 + 10**width)
    ends = {"from": start, "to": end, "points": points, "scale": scale}
    sweep = {"over": {"optimizer.learning_rate": ends}}
    recipe = checked_settings(ConfiguredRecipe, {**PLAIN, "sweep": sweep})
    found = [point.optimizer.learning_rate for point in points_of("tuned", recipe).values()]
    assert (found[0], found[-1], len(found)) == (start, end, points)
    assert found == sorted({*found})


def test_a_range_between_whole_numbers_has_whole_numbers(values):
    plan = planned(values, {"over": {"batch_size": {"from": 32, "to": 128, "points": 4}}})
    assert [plan.recipes[name].batch_size for name in plan.points["tuned"]] == [32, 64, 96, 128]
    plan = planned(
        copy.deepcopy(values), {"over": {"max_steps": {"from": 12344, "to": 12346, "points": 3}}}
    )
    assert [plan.recipes[name].max_steps for name in plan.points["tuned"]] == [12344, 12345, 12346]


def test_random_points_lie_in_their_ranges_and_more_of_them_begin_with_the_same(values):
    ends = {"from": 0.001, "to": 1.0, "scale": "log"}
    over = {"optimizer.learning_rate": ends, "batch_size": [32, 64]}
    few, many = (
        planned(copy.deepcopy(values), {"over": over, "random": {"points": n, "seed": 3}})
        for n in (4, 9)
    )
    other = planned(copy.deepcopy(values), {"over": over, "random": {"points": 4, "seed": 4}})
    assert len(few.points["tuned"]) == 4
    assert many.points["tuned"][:4] == few.points["tuned"]
    assert set(other.points["tuned"]).isdisjoint(few.points["tuned"])
    assert all(0.001 <= rate <= 1 for rate in rates(many))
    # On a log scale half of them lie below the geometric mean.
    below = sum(rate < 0.0316 for rate in rates(many))
    assert 1 <= below <= 8


def test_another_value_or_the_order_of_keys_renames_no_point(values):
    over = {"optimizer.learning_rate": [0.1, 0.3], "loss": ["cross_entropy", "focal"]}
    before = planned(copy.deepcopy(values), {"over": over})
    over = dict(reversed({**over, "optimizer.learning_rate": [0.03, 0.1, 0.3]}.items()))
    after = planned(copy.deepcopy(values), {"over": over})
    for name in before.points["tuned"]:
        assert after.recipes[name].to_json() == before.recipes[name].to_json()


def test_values_that_are_no_name_are_named_by_their_digest(values):
    losses = [{"name": "focal", "focus": focus} for focus in (1.0, 3.0)]
    plan = planned(values, {"over": {"loss": losses}})
    assert [plan.recipes[name].loss.focus for name in plan.points["tuned"]] == [1.0, 3.0]
    assert all(name.startswith("tuned-") and len(name) == 14 for name in plan.points["tuned"])


# --- studies


def test_a_study_trains_every_change_with_the_seeds_of_its_baseline_and_tests_nothing(values):
    plan = planned(values, study={"models": ["cnn_2", "cnn_3"]})
    assert plan.runs == []
    names = ("plain", "s-slow", "s-focal")
    assert trained(plan) == {
        (model, name, seed) for model in ("cnn_2", "cnn_3") for name in names for seed in (0, 1)
    }
    assert plan.recipes["s-focal"].loss.name == "focal"
    assert plan.recipes["s-slow"].optimizer.momentum == 0.9


def test_the_combined_recipe_has_all_changes_to_drop_and_each_is_left_out_in_turn(values):
    changes = {**STUDY["changes"], "long": {"epochs": 4}}
    plan = planned(values, study={"changes": changes, "drop": ["slow", "focal", "long"]})
    (study,) = plan.studies
    combined = next(change for change in study.changes if change.kind == "combined")
    recipe = plan.recipes[combined.recipe]
    assert (recipe.optimizer.learning_rate, recipe.loss.name, recipe.epochs) == (0.01, "focal", 4)
    assert (combined.label, combined.compared_with) == ("slow + focal + long", "plain")
    without = {change.label: change for change in study.changes if change.kind == "without"}
    assert list(without) == ["slow", "focal", "long"]
    assert {change.compared_with for change in without.values()} == {combined.recipe}
    recipe = plan.recipes[without["focal"].recipe]
    assert (recipe.optimizer.learning_rate, recipe.loss.name, recipe.epochs) == (
        *(0.01, "cross_entropy", 4),
    )


def test_the_same_recipe_is_trained_once(values):
    values["recipes"]["known"] = {**PLAIN, "loss": "focal"}
    values["runs"] = [{"models": ["cnn_2"], "recipes": ["plain"], "seeds": [0]}]
    plan = planned(values, study={"drop": ["slow", "focal"]})
    # The focal change is `known`; of two changes, each without the other is the change alone.
    (study,) = plan.studies
    assert study.recipes == ["plain", "s-slow", "known", "s-combined"]
    assert len(plan.trainings) == len(trained(plan)) == 4 * 2


def test_a_recipe_written_out_with_the_name_that_a_study_or_a_sweep_gives_it_is_the_same(values):
    over = {"optimizer.learning_rate": [0.01, 0.1]}
    for made in ("s-slow", "s-combined", "tuned-0.01"):
        asked = copy.deepcopy(values)
        study, sweep = (
            ({"drop": ["slow", "focal"]}, None) if made[0] == "s" else (None, {"over": over})
        )
        before = planned(copy.deepcopy(asked), sweep, study)
        written = json.loads(before.recipes[made].to_json())
        asked["recipes"][made] = written
        after = planned(asked, sweep, study)
        assert trained(after) == trained(before)


def test_a_dotted_key_leads_into_a_part_that_is_written_as_a_word_or_not_at_all(values):
    changes = {"smooth": {"loss.label_smoothing": 0.1}}
    plan = planned(copy.deepcopy(values), study={"changes": changes})
    assert plan.recipes["s-smooth"].loss.label_smoothing == 0.1
    values["recipes"]["plain"]["loss"] = "cross_entropy"
    again = planned(values, study={"changes": changes})
    assert again.recipes["s-smooth"] == plan.recipes["s-smooth"]


def test_a_recipe_without_a_sweep_is_the_same_text_as_before(values):
    plan = plan_of(read_configuration({**values, "studies": {"s": STUDY}}))
    assert "sweep" not in plan.recipes["plain"].to_json()


# --- refusals, each one line


SWEEPS = [
    ({"over": {"optimizer.learning_rat": [1, 2]}}, "unknown key (found 1)"),
    ({"over": {"epoch": [1, 2]}}, "recipes.tuned.sweep.over.epoch: unknown key"),
    ({"over": {"batch_size": []}}, "over.batch_size: expected at least one value"),
    ({"over": {}}, "recipes.tuned.sweep.over: Dictionary should have at least 1 item"),
    ({"over": {"batch_size": 3}}, "over.batch_size: expected a list of values or a range"),
    ({"over": {"batch_size": {"from": 1, "points": 2}}}, "over.batch_size.to: missing"),
    ({"over": {"batch_size": {"from": 1, "to": 9}}}, "over.batch_size.points: missing"),
    ({"over": {"batch_size": {"from": 1, "to": 9, "points": 1}}}, "greater than or equal to 2"),
    ({"over": {"batch_size": {"from": 1, "to": 3, "points": 9}}}, "ask for fewer points"),
    ({"over": {"batch_size": {"from": 3, "to": 3, "points": 2}}}, "two different ends"),
    ({"over": {"batch_size": {"from": 1, "to": 9, "point": 2}}}, "did you mean points?"),
    (
        {"over": {"optimizer.learning_rate": {"from": 0, "to": 1, "points": 2, "scale": "log"}}},
        "a log scale needs ends above 0",
    ),
    ({"over": {"batch_size": [64]}}, "expected at least two points"),
    ({"over": {"batch_size": [32, 32]}}, "are the same recipe"),
    ({"over": {"validation": [0.1, 0.2]}}, "compared on the same images"),
    ({"over": {"warm_up.x": [1, 2]}}, "over.warm_up.x: warm_up has no keys below it"),
    (
        {"over": {"optimizer": [{"name": "adam"}], "optimizer.learning_rate": [1, 2]}},
        "one would undo the other",
    ),
    ({**RATES, "random": {"points": 1}}, "sweep.random.points"),
    (
        {"over": {"batch_size": {"from": 1, "to": 9, "points": 3}}, "random": {"points": 3}},
        "random.points says how many",
    ),
    ({"over": {"a b": [1]}}, "should be a key of a recipe"),
]


@pytest.mark.parametrize(("sweep", "words"), SWEEPS)
def test_a_sweep_that_cannot_be_is_one_line(values, sweep, words):
    with pytest.raises(UserError) as error:
        planned(values, sweep)
    assert words in _fault(error)


STUDIES = [
    ({"changes": {"same": {"batch_size": 64}}}, "studies.s.changes.same: batch_size as in the bas"),
    ({"changes": {"same": {"loss": {"name": "cross_entropy"}}}}, "changes.same: loss as in the b"),
    ({"changes": {"more": {"validation": 0.2}}}, "changes.more.validation: runs of a study are"),
    ({"changes": {"typo": {"optimizer.moment": 0.2}}}, "s.changes.typo.optimizer.moment: unknown"),
    ({"changes": {"swept": {"sweep": RATES}}}, "studies.s.changes.swept.sweep: unknown key"),
    (
        {"changes": {"one": {"epochs": 3}, "a": {"epochs": 4}, "two": {"epochs": 3}}},
        "studies.s.changes.two: makes the same recipe as one; take one of them out",
    ),
    ({"changes": {}}, "studies.s.changes: Dictionary should have at least 1 item"),
    ({"changes": {"none": {}}}, "studies.s.changes.none: Dictionary should have at least 1 item"),
    ({"baseline": "absent"}, "studies.s.baseline: 'absent' is not defined; recipes has"),
    ({"models": ["cnn_9"]}, "studies.s.models: 'cnn_9' is not defined; models has"),
    ({"baseline": "published_scratch"}, "published_scratch holds out nothing; set recipes.publis"),
    ({"baseline": "tuned"}, "studies.s.baseline: tuned is a sweep"),
    ({"seeds": [1, 1]}, "studies.s.seeds: 1 is there twice"),
    ({"seeds": [0, 0]}, "studies.s.seeds: 0 is there twice"),
    ({"drop": ["slow", "fast"]}, "studies.s.drop: 'fast' is no label of a change; changes has"),
    ({"drop": ["slow"]}, "studies.s.drop: expected at least two labels"),
    (
        {"changes": {"a": {"epochs": 3}, "b": {"epochs": 4}}, "drop": ["a", "b"]},
        "studies.s.drop: epochs and epochs would both be changed",
    ),
    ({"changes": {"l" * 63: {"epochs": 3}}}, "longer than 64 characters"),
    ({"changes": {"combined": {"epochs": 3}}, "drop": []}, None),
    (
        {"changes": {"combined": {"epochs": 3}, **STUDY["changes"]}, "drop": ["slow", "focal"]},
        "name of another one",
    ),
]


@pytest.mark.parametrize(("study", "words"), STUDIES)
def test_a_study_that_cannot_be_is_one_line(values, study, words):
    if words is None:
        planned(values, study=study)
        return
    values["recipes"]["tuned"] = {**PLAIN, "sweep": RATES}
    with pytest.raises(UserError) as error:
        planned(values, study=study)
    assert words in _fault(error)


def test_a_sweep_without_images_to_choose_on_is_one_line(values):
    values["recipes"]["tuned"] = {**PLAIN, "validation": 0.0, "sweep": RATES}
    with pytest.raises(UserError, match=r"this recipe holds out nothing; set recipes.tuned.valid"):
        planned(values, study={})


def test_a_recipe_of_a_study_that_has_the_name_of_another_one_is_one_line(values):
    values["recipes"]["s-slow"] = {**PLAIN, "epochs": 9}
    with pytest.raises(UserError) as error:
        planned(values, study={})
    assert "studies.s.changes.slow: its recipe would be called s-slow" in _fault(error)


@pytest.mark.parametrize(
    ("dataset", "validation", "most"),
    [
        ({}, 0.0, 50_000),
        ({}, 0.1, 45_000),
        ({"synthetic": {"train_per_class": 5}}, 0.0, 500),
        # Of each class, the share is rounded to whole images.
        ({"synthetic": {"train_per_class": 5}}, 0.3, 300),
    ],
)
def test_a_batch_larger_than_what_there_is_to_train_on_is_one_line(
    values, dataset, validation, most
):
    if dataset:
        values["dataset"] = {"name": "synthetic", "source": "synthetic", **dataset}
    values["runs"] = [{"models": ["cnn_2"], "recipes": ["plain"], "seeds": [0]}]
    for batch_size in (most, most + 1):
        values["recipes"]["plain"] |= {"batch_size": batch_size, "validation": validation}
        if batch_size == most:
            planned(values)
            continue
        with pytest.raises(UserError) as error:
            planned(values)
        assert _fault(error) == (
            f"recipes.plain.batch_size: expected at most {most:,}, the images to train on, found "
            f"{batch_size:,}; lower it"
        )


def test_a_point_of_a_sweep_and_a_change_may_have_no_larger_batch_either(values):
    most = r"\.batch_size: expected at most 45,000, the images to train on"
    with pytest.raises(UserError, match=rf"recipes\.tuned-45001{most}"):
        planned(copy.deepcopy(values), {"over": {"batch_size": [64, 45_001]}})
    with pytest.raises(UserError, match=rf"recipes\.s-huge{most}"):
        planned(values, study={"changes": {"huge": {"batch_size": 60_000}}})


def test_labels_that_differ_only_in_capitals_are_refused(values):
    changes = {"a": {"epochs": 3}, "A": {"epochs": 4}}
    with pytest.raises(UserError, match=r"recipes: 's-a' and 's-A' differ only in capitals"):
        planned(values, study={"changes": changes})


def test_neither_runs_nor_studies_is_one_line(values):
    with pytest.raises(UserError, match="runs: expected at least 1 entry, or studies, found ne"):
        planned(values)


def _fault(error):
    """The one line of a fault, without what stands above all faults of settings."""
    *before, line = str(error.value).splitlines()
    assert before in ([], ["the settings are not valid:"])
    return line
