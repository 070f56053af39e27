"""Every claim of the published text has its measured number, its test and its verdict."""

import csv
import json

import pandas as pd
import pytest
from project import ROOT
from test_comparison import (
    CIFAR100_SHA256,
    COST,
    OTHER_SHA256,
    compared,
    run_compare,
    write_manifest,
    write_run,
)

from cifarlab.comparison.claim_kinds import AboutAsAccurate, Measured, MoreAccurate, more_accurate
from cifarlab.comparison.claims import CLAIM_COLUMNS, CLAIMS, SOURCE, tabulate_claims
from cifarlab.comparison.published import (
    comparable_part,
    published_beside,
    published_model,
    published_recipe,
    read_published,
)
from cifarlab.comparison.results import RunFolder

PUBLISHED = read_published(ROOT / "config/published.csv")
# Layers with as many parameters as the three CNNs have.
LAYERS = {
    "cnn_2": (1248, 12_896, 204_900),
    "cnn_3": (1248, 12_896, 51_392, 102_500),
    "cnn_5": (1248, 12_896, 51_392, 205_184, 819_968, 25_700),
}


def structure_of(model):
    counts = LAYERS[model]
    names = [*(f"block_{n}" for n in range(1, len(counts))), "head"]
    layers = [
        {"name": name, "kind": "Layer", "kernel_size": None, "parameters": count, "children": []}
        for name, count in zip(names, counts, strict=True)
    ]
    return {**COST["structure"], "parameters": sum(counts), "children": layers}


def cost_of(model, recipes, **others):
    cost = {**COST, "total_params": int(PUBLISHED.loc[model, "total_params"])}
    if model in LAYERS:
        cost["structure"] = structure_of(model)
    return {**cost, "memory": dict.fromkeys(recipes, COST["memory"]["r"]), **others}


def write_published_run(folder, model, seed, accuracy, recipe="as_published", **changed):
    """A run as the published table has it. changed: keys of its recipe."""
    row = PUBLISHED.loc[model]
    settings = {**published_model(row), "input_size": int(row["input_size"])}
    weights = None if row["weights"] == "none" else {"source": row["weights"]}
    return write_run(
        folder,
        model,
        seed,
        accuracy,
        recipe,
        settings={**settings, "size_convention": row["size_convention"], "weights": "any"},
        changed_recipe=json.loads(pd.Series(published_recipe(row)).to_json()) | changed,
        initial_weights=weights,
        inputs={"size": int(row["input_size"])},
    )


@pytest.fixture
def claimed(tmp_path):
    """A function from accuracies, of each seed by (model, recipe), to the lines of claims.csv.

    A recipe that is not called as_published has more epochs than the published one. costs: what a
    cost has instead, by model; difference: what there is between any two rows.
    """

    def claimed(
        accuracies,
        images_sha256=CIFAR100_SHA256,
        synthetic=False,
        costs=None,
        difference=(5.0, 4.0, 6.0, 2),
        trial_rows=(),
    ):
        folders = []
        for (model, recipe), values in accuracies.items():
            changed = {} if recipe == "as_published" else {"epochs": 50}
            for seed, accuracy in enumerate(values):
                path = write_published_run(tmp_path, model, seed, accuracy, recipe, **changed)
                folders.append(RunFolder(path))
        recipes = [recipe for _, recipe in accuracies]
        all_costs = {m: cost_of(m, recipes, **(costs or {}).get(m, {})) for m, _ in accuracies}
        published = comparable_part(PUBLISHED, images_sha256, 100)
        trainings = {(run.model, run.recipe): run.training for run in folders}
        beside = published_beside(published, trainings)
        _, comparison = compared(*(run.path for run in folders), costs=all_costs)
        measured = Measured(
            *(published, beside, comparison, all_costs, synthetic),
            lambda *_rows: difference,
            trial_rows,
        )
        table = tabulate_claims(measured)
        assert list(table) == CLAIM_COLUMNS
        return table.astype(object).where(table.notna(), None).to_dict("records")

    return claimed


def one(lines, name, training="published"):
    (line,) = [x for x in lines if (x["claim"], x["training"]) == (name, training)]
    return line


def test_a_trial_run_judges_no_claim_on_accuracies(claimed):
    rows = {(f"cnn_{n}", recipe): (40.0,) for n in (2, 3) for recipe in ("as_published", "longer")}
    name = "third_block_gains_accuracy"
    lines = claimed(rows, trial_rows=[("cnn_2", "as_published"), ("cnn_3", "longer")])
    assert [x["training"] for x in lines if x["claim"] == name] == ["published"]
    line = one(lines, name)
    assert (line["verdict"], line["missing"]) == ("not_run", "more_than_trials")
    # What follows from the architecture does not depend on a training.
    assert one(lines, "third_block_saves_parameters")["verdict"] == "holds"


CNNS = {(f"cnn_{n}", "as_published"): (40.0, 41.0) for n in (2, 3, 5)}


# --- what is claimed


def test_the_claims_are_of_models_that_the_published_table_has_from_this_text():
    assert {model for claim in CLAIMS.values() for model in claim.models} <= set(PUBLISHED.index)
    assert set(PUBLISHED["source"]) == {SOURCE}


def test_the_claimed_numbers_are_those_of_the_published_table():
    params, accuracy = PUBLISHED["total_params"], PUBLISHED["test_accuracy_percent"]
    assert params["cnn_2"] - params["cnn_3"] == CLAIMS["third_block_saves_parameters"].claimed
    ratio = params["cnn_5"] / params["cnn_3"]
    assert round(ratio, 2) == CLAIMS["five_blocks_multiply_parameters"].claimed
    gained = accuracy["cnn_3"] - accuracy["cnn_2"]
    assert round(gained, 2) == CLAIMS["third_block_gains_accuracy"].claimed
    for claim in CLAIMS.values():
        if isinstance(claim, AboutAsAccurate):
            first, second = (accuracy[model] for model in claim.models)
            assert abs(second - first) < claim.margin


def test_the_published_numbers_agree_with_every_claim_on_accuracy():
    accuracy = PUBLISHED["test_accuracy_percent"]
    for claim in CLAIMS.values():
        if claim.unit == "points":
            first, second = (accuracy[model] for model in claim.models)
            difference = round(second - first, 2)
            assert claim.verdict(difference, difference) == "holds"


# --- verdicts


def test_claims_on_parameters_are_judged_by_the_counts(claimed):
    lines = claimed(CNNS)
    saved = one(lines, "third_block_saves_parameters")
    assert (saved["measured"], saved["claimed"], saved["verdict"]) == (51_008, 51_008, "holds")
    assert saved["evidence"] == "cost/cnn_2.json; cost/cnn_3.json"
    ratio = one(lines, "five_blocks_multiply_parameters")
    assert ratio["measured"] == pytest.approx(1_116_388 / 168_036)
    assert ratio["verdict"] == "holds"


def test_parameters_saved_elsewhere_or_in_another_number_are_not_those_claimed():
    claim = CLAIMS["third_block_saves_parameters"]
    before, after = cost_of("cnn_2", []), cost_of("cnn_3", [])
    assert claim.judge(before, after)["verdict"] == "holds"
    assert claim.judge(before, {**after, "total_params": 168_037})["verdict"] == "fails"
    # The block that goes has more parameters than the head loses.
    longer = structure_of("cnn_2")
    longer["children"].insert(0, {**longer["children"][0], "name": "stem", "parameters": 150_000})
    longer["parameters"] += 150_000
    assert claim.judge({**before, "structure": longer}, after)["verdict"] == "fails"


def test_a_ratio_is_compared_to_two_digits_and_fewer_is_fewer():
    ratio, fewer = (
        CLAIMS[name].judge
        for name in ("five_blocks_multiply_parameters", "resnet101_fewer_parameters_than_vgg19")
    )
    small, large = {"total_params": 100_000}, {"total_params": 664_400}
    assert ratio(small, large)["verdict"] == "holds"
    assert ratio(small, {"total_params": 665_000})["verdict"] == "fails"
    assert [fewer(large, small)["verdict"], fewer(small, large)["verdict"]] == ["holds", "fails"]
    assert fewer(small, small)["verdict"] == "fails"
    assert fewer(large, small)["measured"] == -564_400


def test_an_amount_is_held_in_direction_alone_where_the_interval_leaves_it_out():
    claim = MoreAccurate(("a", "b"), 4.39)
    assert claim.verdict(3, 5) == "holds"
    assert claim.verdict(1, 4) == "holds_in_direction"
    assert claim.verdict(5, 6) == "holds_in_direction"
    assert claim.verdict(-1, 5) == "open"
    assert claim.verdict(0, 5) == "open"
    assert claim.verdict(-5, -1) == "fails"
    assert MoreAccurate(("a", "b")).verdict(1, 4) == "holds"


def test_about_as_accurate_is_what_lies_within_a_point():
    claim = AboutAsAccurate(("a", "b"))
    assert claim.verdict(-0.9, 0.9) == "holds"
    assert claim.verdict(-0.9, 1.1) == "open"
    assert claim.verdict(-3, 3) == "open"
    assert claim.verdict(1.1, 3) == "fails"
    assert claim.verdict(-3, -1.1) == "fails"


def test_of_another_training_it_is_told_which_is_more_accurate():
    assert [more_accurate(*ends) for ends in ((0.1, 2), (-2, -0.1), (-1, 1), (0, 1))] == [
        *("more_accurate", "less_accurate", "open", "open")
    ]


# --- which rows there are


def test_a_claim_is_judged_under_the_published_recipe_and_told_of_under_others(claimed):
    others = {(model, "longer"): values for (model, _), values in CNNS.items()}
    lines = [x for x in claimed(CNNS | others) if x["claim"] == "third_block_gains_accuracy"]
    judged, other = lines
    assert (judged["training"], judged["recipe"]) == ("published", "as_published")
    assert (judged["claimed"], judged["verdict"]) == (4.39, "holds")
    assert (judged["measured"], judged["low"], judged["high"]) == (5, 4, 6)
    assert (judged["seeds"], judged["missing"]) == (2, None)
    files = [f"runs/cnn_{n}/as_published/seed-*/predictions.npz" for n in (2, 3)]
    assert judged["evidence"] == "; ".join(files)
    assert (other["training"], other["recipe"], other["verdict"]) == (
        *("another", "longer", "more_accurate"),
    )
    assert (other["claimed"], other["margin"], other["test"]) == (None, None, "interval")


def test_of_one_seed_others_are_missing(claimed):
    line = one(claimed(CNNS, difference=(5.0, 4.0, 6.0, 1)), "third_block_gains_accuracy")
    assert (line["verdict"], line["seeds"], line["missing"]) == ("holds", 1, "seeds")


def test_rows_without_a_seed_in_common_cannot_be_compared(claimed):
    line = one(claimed({**CNNS}, difference=None), "third_block_gains_accuracy")
    assert (line["measured"], line["verdict"]) == (None, "not_run")
    assert (line["missing"], line["missing_of"]) == ("shared_seeds", "cnn_2; cnn_3")


def test_what_was_not_run_is_said_with_the_models_that_are_missing(claimed):
    lines = claimed({("cnn_2", "as_published"): (40.0,)})
    assert {line["verdict"] for line in lines} == {"not_run"}
    assert {line["claim"] for line in lines} == set(CLAIMS)
    assert one(lines, "third_block_saves_parameters")["missing_of"] == "cnn_3"
    assert one(lines, "five_blocks_gain_almost_nothing")["missing_of"] == "cnn_3; cnn_5"
    assert one(lines, "memory_of_swin_training")["missing"] == "runs"


def test_with_another_training_alone_a_claim_is_not_run_and_the_difference_told(claimed):
    lines = claimed({("cnn_2", "longer"): (40.0,), ("cnn_3", "longer"): (44.0,)})
    line = one(lines, "third_block_gains_accuracy")
    assert (line["verdict"], line["missing_of"]) == ("not_run", "cnn_2; cnn_3")
    assert one(lines, "third_block_gains_accuracy", "another")["verdict"] == "more_accurate"
    # Parameters are those of the architecture.
    assert one(lines, "third_block_saves_parameters")["verdict"] == "holds"


def test_a_recipe_of_one_of_the_models_is_none_of_the_pair(claimed):
    lines = claimed({("cnn_2", "as_published"): (40.0,), ("cnn_3", "longer"): (44.0,)})
    lines = [line for line in lines if line["claim"] == "third_block_gains_accuracy"]
    assert [(line["verdict"], line["missing_of"]) for line in lines] == [("not_run", "cnn_3")]


def test_on_other_images_no_published_accuracy_is_claimed(claimed):
    lines = claimed(CNNS, images_sha256=OTHER_SHA256)
    judged = {line["claim"] for line in lines if line["training"] == "published"}
    assert judged == {
        name for name, claim in CLAIMS.items() if claim.unit in ("parameters", "times")
    }
    # Which of the models is more accurate there is told as of any other training.
    assert {line["claim"] for line in lines if line["training"] == "another"} == {
        *("third_block_gains_accuracy", "five_blocks_gain_almost_nothing")
    }


def test_on_synthetic_images_nothing_is_said_of_accuracies(claimed):
    lines = claimed(CNNS, images_sha256=OTHER_SHA256, synthetic=True)
    assert {line["unit"] for line in lines} == {"parameters", "times"}
    assert one(lines, "third_block_saves_parameters")["verdict"] == "holds"


def test_a_published_table_of_ones_own_has_none_of_these_claims():
    table = PUBLISHED.assign(source="My own measurements")
    empty = published_beside(table, {})
    assert tabulate_claims(Measured(table, empty, None, {}, False, None)).empty


def test_without_runs_all_claims_are_not_run():
    table = comparable_part(PUBLISHED, CIFAR100_SHA256, 100)
    measured = Measured(table, published_beside(table, {}), compared(costs={})[1], {}, False, None)
    lines = tabulate_claims(measured)
    assert lines["claim"].tolist() == [*CLAIMS]
    assert set(lines["verdict"]) == {"not_run"}


def test_layers_that_could_not_be_followed_leave_the_reason_of_a_number_open(claimed):
    line = one(claimed(CNNS, costs={"cnn_2": {"structure": None}}), "third_block_saves_parameters")
    assert (line["verdict"], line["missing"]) == ("not_measured", "measurement")


# --- memory

SWIN = {("swin_b", "as_published"): (83.0,)}
ON_A_GPU = {"device": "cuda", "device_name": "A GPU"}


def memory(**measured):
    return {"as_published": {**COST["memory"]["r"], **measured}}


@pytest.mark.parametrize(
    ("peak", "verdict"),
    [
        (15_000.0, "holds"),
        (17_900.0, "holds"),
        (12_100.0, "holds"),
        (18_100.0, "fails"),
        (9_000.0, "fails"),
    ],
)
def test_a_memory_on_a_gpu_is_about_what_is_claimed_within_a_fifth(claimed, peak, verdict):
    cost = {**ON_A_GPU, "memory": memory(train_step_peak_mb=peak)}
    line = one(claimed(SWIN, costs={"swin_b": cost}), "memory_of_swin_training")
    assert (line["measured"], line["verdict"]) == (peak / 1000, verdict)
    assert line["evidence"] == "cost/swin_b.json"


@pytest.mark.parametrize(
    ("cost", "missing"),
    [
        ({}, "gpu"),
        ({**ON_A_GPU, "memory": memory(train_step_peak_mb=None)}, "measurement"),
        ({**ON_A_GPU, "memory": memory(micro_batch=32)}, "whole_batch"),
    ],
)
def test_a_memory_that_was_measured_otherwise_is_missing(claimed, cost, missing):
    line = one(claimed(SWIN, costs={"swin_b": cost}), "memory_of_swin_training")
    assert (line["measured"], line["verdict"]) == (None, "not_measured")
    assert (line["missing"], line["missing_of"]) == (missing, "swin_b")


# --- the command


def test_the_command_writes_them_from_the_predictions_of_the_runs(tmp_path, run_command):
    accuracies = {"cnn_2": (40.0, 40.2), "cnn_3": (44.4, 44.6)}
    runs, costs = [], []
    for model, values in accuracies.items():
        for seed, accuracy in enumerate(values):
            runs.append(write_published_run(tmp_path, model, seed, accuracy))
        costs.append(tmp_path / f"{model}.json")
        costs[-1].write_text(json.dumps(cost_of(model, ["as_published"])))
    write_manifest(tmp_path / "manifest.json", ["x"] * 100)
    result, tables = run_compare(run_command, tmp_path, runs, costs, tmp_path / "manifest.json")
    assert (result.returncode, result.stderr) == (0, "")
    lines = [*csv.DictReader(tables["claims"].open(encoding="utf-8"))]
    line = one(lines, "third_block_gains_accuracy")
    assert float(line["measured"]) == pytest.approx(4.4)
    assert 0 < float(line["low"]) < 4.39 < float(line["high"])
    assert (line["seeds"], line["verdict"]) == ("2", "holds")
    assert one(lines, "third_block_saves_parameters")["measured"] == "51008"
    assert {line["verdict"] for line in lines} == {"holds", "not_run"}
