"""The sentences of the analysis follow the numbers, and claim no more than these support."""

import re
from itertools import repeat
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_comparison import COST
from test_report import content_of, language, rendered, write_results

from cifarlab.comparison.columns import COLUMNS, columns_from
from cifarlab.comparison.correctness import Correctness
from cifarlab.comparison.pairs import tabulate_pairs
from cifarlab.comparison.tables import compare
from reporting.content import Content
from reporting.messages import Cell
from reporting.numbers import number
from reporting.page_text import PageText
from reporting.pairs import pairs_of
from reporting.rows import Row
from reporting.sections.analysis import (
    accuracy_sentences,
    analyse,
    class_sentences,
    published_sentences,
    seed_sentences,
)
from reporting.sections.cost_sentences import cost_sentences, parameter_sentences
from reporting.sections.overfitting_sentences import baseline_sentences, overfitting_sentences
from reporting.sections.training_sentences import training_sentences

CNN = {"family": "cnn", "blocks": 2}
VIT = {"family": "torchvision", "architecture": "vit_b_32"}


def structure(counts):
    """A structure of layers with these parameters by name; a list: of as many layers in one."""
    layers = [
        child(name, count)
        if isinstance(count, int)
        else {
            **child(name, sum(count)),
            "children": [child(str(n), c) for n, c in enumerate(count)],
        }
        for name, count in counts.items()
    ]
    total = sum(layer["parameters"] for layer in layers)
    return {**COST["structure"], "children": layers, "parameters": total}


def run_of(model, accuracy, epochs=None):
    """What the analysis asks of a run. epochs: with a validation split, what was measured there."""
    training = {"model": model.get("settings", CNN), "device_name": model.get("device", "a CPU")}
    training["threads"] = model.get("threads", 2)
    training["steps"] = model.get("steps", 3910)
    training["train_seconds"] = model.get("train_seconds", 60.0)
    training["recipe"] = {"validation": 0.1 if epochs is not None else 0.0}
    return SimpleNamespace(
        training=training,
        folder=SimpleNamespace(epochs=epochs, chosen_recipe=model.get("chosen_recipe")),
        is_resumed=model.get("is_resumed", False),
        measured={"test_accuracy_percent": accuracy},
    )


def correctness_of(accuracies, n_images, place):
    """As many images right as the accuracies in percent say, at random."""
    random = np.random.default_rng(place)
    right = [random.permutation(n_images) < round(a / 100 * n_images) for a in accuracies]
    return Correctness([*range(len(accuracies))], np.stack(right))


def content(models, n_images=10_000, classes=None, verdicts=()):
    """A Content of models: dicts with accuracies, one a seed, and what their cost has instead.

    trial in one: why it is a trial run.
    classes: accuracies in percent of the classes of the first model, each of 100 images.
    """
    measured_runs, costs = [], {}
    keys = [
        (model.get("name", f"m{n}"), model.get("recipe", "r")) for n, model in enumerate(models)
    ]
    for place, model in enumerate(models):
        model = {"name": f"m{place}", "recipe": "r", "train_seconds": 60.0, **model}
        memory = {recipe: COST["memory"]["r"] for _, recipe in keys}
        costs[model["name"]] = {**COST, "memory": memory, **model.get("cost", {})}
        for seed, accuracy in enumerate(model["accuracies"]):
            sources = ("metrics", "robustness", "training")
            row = dict.fromkeys([name for source in sources for name in columns_from(source)], 1.0)
            row |= {"model": model["name"], "recipe": model["recipe"], "seed": seed}
            row |= {"input_size": 32, "held_out_percent": 0.0, "chosen_recipe": None}
            row |= {"test_images": n_images, "initial_weights": None}
            row |= {"test_accuracy_percent": accuracy, "train_seconds": model["train_seconds"]}
            row |= {name: model[name] for name in ("steps", "held_out_percent") if name in model}
            measured_runs.append(row)
    correctness = {
        key: correctness_of(model["accuracies"], n_images, place)
        for place, (key, model) in enumerate(zip(keys, models, strict=True))
    }
    trial_rows = {
        key: model["trial"] for key, model in zip(keys, models, strict=True) if "trial" in model
    }
    pairs = tabulate_pairs({key: correctness[key] for key in keys if key not in trial_rows})
    table = compare(pd.DataFrame(measured_runs), costs, correctness, pairs, trial_rows)
    assert [*table] == [*COLUMNS]
    rows = [
        Row(
            number=number,
            model=measured["model"],
            recipe=measured["recipe"],
            title=measured["model"],
            measured=measured,
            runs=[
                *map(run_of, repeat(model), model["accuracies"], model.get("epochs", repeat(None)))
            ],
            cost=costs[measured["model"]],
            classes=classes or [],
            class_images=[100] * len(classes or []),
            confusions=[],
        )
        for number, (model, measured) in enumerate(
            zip(models, table.to_dict("records"), strict=True)
        )
    ]
    names = [f"class {label}" for label in range(len(classes or []))]
    manifest = {"fine_names": names, "source": {"synthetic": False}}
    found = pairs_of(rows, pairs.to_dict("records"))
    return Content("x", manifest, rows, "", list(verdicts), {}, [], found)


def said(sentences):
    """Sentences as the Markdown has them, without the links of their numbers, all spaces plain."""
    say = PageText(language(), is_html=False)
    texts = [say(sentence.message, **sentence.values) for sentence in sentences]
    return [
        re.sub(r"\[([^\]]*)\]\(#[^)]*\)", r"\1", plain(text)).replace("\\<", "<") for text in texts
    ]


def plain(text):
    return text.replace("\u00a0", " ")


# --- amount of training


def test_what_was_not_trained_equally_much_says_its_steps_its_seconds_and_what_was_held_out():
    whole = {"accuracies": [40], "steps": 3910, "train_seconds": 73.06}
    part = {"accuracies": [45], "steps": 3520, "train_seconds": 65.0, "held_out_percent": 10.0}
    assert said(training_sentences(content([whole, part]))) == [
        "The models were not all trained equally much, so that a difference is also one of the "
        "training.",
        "m0 was trained in 3,910 steps and 73.1 s, with 0.0 % of the training images held out.",
        "m1 was trained in 3,520 steps and 65.0 s, with 10.0 % of the training images held out.",
    ]
    assert training_sentences(content([whole, whole])) == []
    for change in ({"steps": 7820}, {"held_out_percent": 10.0}):
        assert len(training_sentences(content([whole, {**whole, **change}]))) == 3
    # Of many, those that differ come first.
    sentences = said(training_sentences(content([whole] * 9 + [part])))
    assert [text.split()[0] for text in sentences[1:]] == ["m0", "m9", "m1", "m2", "m3", "m4"]


# --- overfitting


def epochs_of(validation_losses, losses, accuracies=None):
    table = {"epoch": range(1, len(losses) + 1), "mean_loss": losses}
    table["validation_loss"] = validation_losses
    table["validation_accuracy_percent"] = accuracies or [40.0] * len(losses)
    return pd.DataFrame(table)


FALLING = epochs_of([4.0, 3.0, 2.0], [4.0, 3.0, 2.0])
RISING = epochs_of([3.0, 2.0, 2.25, 2.5], [4.0, 3.0, 2.0, 1.5], [30.0, 40.0, 42.0, 41.0])


def test_a_validation_loss_that_rises_while_the_training_loss_falls_is_overfitting():
    losses = [4.0, 3.0, 2.0, 1.5, 1.0]
    later = epochs_of([3.0, 2.5, 2.25, 2.0, 2.25], losses, [30.0, 40.0, 42.0, 42.0, 41.0])
    models = [{"accuracies": [40, 41, 42], "epochs": [RISING, FALLING, later]}]
    assert said(overfitting_sentences(content(models))) == [
        "m0 overfits in 2 of 3 seeds: after about epoch 3 the validation loss rose by 0.375 while "
        "the training loss fell by 1.000; the validation accuracy rose by 0.00 points."
    ]


@pytest.mark.parametrize(
    "epochs",
    [
        FALLING,
        # Both losses rise: that is no overfitting.
        epochs_of([3.0, 2.0, 2.5], [3.0, 2.0, 2.5]),
        epochs_of([3.0, 2.0, 2.5], [3.0, 2.0, 2.0]),
    ],
)
def test_where_losses_fall_or_rise_together_no_overfitting_is_claimed(epochs):
    models = [{"accuracies": [40, 41], "epochs": [epochs, FALLING]}]
    assert said(overfitting_sentences(content(models))) == [
        "m0 shows no overfitting: in none of its seeds (2) did the validation loss rise again "
        "while the training loss fell."
    ]


def test_without_validation_or_a_second_epoch_nothing_is_said_of_overfitting():
    models = [{"accuracies": [40]}, {"accuracies": [40], "epochs": [FALLING.head(1)]}]
    assert overfitting_sentences(content(models)) == []


def test_of_the_baseline_of_a_study_the_same_is_said_and_of_nothing_else():
    def run(recipe, epochs, ended_by="epochs"):
        folder = SimpleNamespace(epochs=epochs, training={"ended_by": ended_by})
        return SimpleNamespace(model="m", recipe=recipe, folder=folder)

    rising = RISING.assign(validation_accuracy_percent=[30.0, 42.0, 42.0, 40.5])
    trained = [run("plain", rising), run("plain", FALLING), run("plain", FALLING.head(1))]
    trained += [run("plain", RISING, "max_steps"), run("s-focal", RISING), run("all", RISING)]
    lines = [
        {"kind": "change", "model": "m", "compared_with": "plain"},
        {"kind": "change", "model": "failed", "compared_with": "plain"},
        {"kind": "without", "model": "m", "compared_with": "all"},
    ]
    of_studies = SimpleNamespace(studies=lines, runs=trained[:1], untested=trained[1:])
    assert said(baseline_sentences(of_studies)) == [
        "m · plain overfits in 1 of 2 seeds: after about epoch 2 the validation loss rose by 0.500 "
        "while the training loss fell by 1.500; the validation accuracy fell by 1.50 points."
    ]


# --- accuracy


def test_a_certain_difference_makes_a_model_more_accurate():
    measured = content([{"accuracies": [40]}, {"accuracies": [45]}])
    (sentence,) = said(accuracy_sentences(measured))
    _, low, high = measured.pairs[0].seen_from(measured.rows[1])
    assert 0 < low < 5 < high
    assert sentence == (
        "m1 is more accurate than m0: 45.00 % against 40.00 %, a paired difference of 5.00 points "
        f"({low:.2f} to {high:.2f}), corrected p < 0.001."
    )


def test_what_cannot_be_told_apart_is_no_measurable_difference():
    (sentence,) = said(accuracy_sentences(content([{"accuracies": [44.5]}, {"accuracies": [45]}])))
    assert sentence.startswith(
        "No measurable difference between m1 and m0, 45.00 % and 44.50 %: 0.50 points (−"
    )
    assert re.search(r"would have found \d\.\d\d points in four of five cases\.$", sentence)
    # The same two as above on fewer images.
    (sentence,) = said(
        accuracy_sentences(content([{"accuracies": [40]}, {"accuracies": [45]}], n_images=100))
    )
    assert "No measurable difference" in sentence


def test_seeds_that_lie_apart_leave_it_open_which_is_more_accurate():
    models = [{"accuracies": [41, 45]}, {"accuracies": [30, 50]}]
    assert "No measurable difference" in said(accuracy_sentences(content(models)))[0]
    models = [{"accuracies": [43, 43.1, 42.9]}, {"accuracies": [39.9, 40, 40.1]}]
    assert "m0 is more accurate than m1" in said(accuracy_sentences(content(models)))[0]


def test_no_detectable_difference_of_more_than_all_points_is_told():
    models = [{"accuracies": [40, 55]}, {"accuracies": [73, 56]}]
    table = content(models)
    assert table.pairs[0].line["detectable_points"] > 100
    (sentence,) = said(accuracy_sentences(table))
    assert sentence.endswith("This comparison finds no difference reliably, however large.")
    assert "four of five" not in sentence


def test_a_difference_of_recipes_is_said_first():
    one = [{"accuracies": [40]}, {"accuracies": [45]}]
    assert "recipe" not in said(accuracy_sentences(content(one)))[0]
    first = (
        "The models were not all trained with the same recipe, so that a difference is one of "
        "model and recipe together."
    )
    # A sweep may choose another point for each of them.
    for points, is_said in ((("a", "b"), True), (("a", "a"), False)):
        swept = [
            {**model, "chosen_recipe": point} for model, point in zip(one, points, strict=True)
        ]
        assert (said(accuracy_sentences(content(swept)))[0] == first) == is_said
    one[1]["recipe"] = "other"
    assert said(accuracy_sentences(content(one)))[0] == first


def test_the_best_for_its_cost_is_one_that_cannot_be_told_from_the_best():
    # Each cannot be told from the next, and the best can be told from the third.
    accuracies = [84.0, 83.2, 81.3, 80.3, 78.4]
    chain = content(
        [
            {"accuracies": [accuracy], "cost": {"multiply_adds": 10 ** (9 - number)}}
            for number, accuracy in enumerate(accuracies)
        ]
    )
    assert [row.title for row in chain.as_good] == ["m0", "m1"]
    assert chain.best_for_cost.title == "m1"
    assert said(cost_sentences(chain))[0] == (
        "Of the models that no other is measurably better than, m1 needs the fewest "
        "multiply-adds, 100 M an image; m0 needs the most, 1 G."
    )
    assert [(row.measured["rank_low"], row.measured["rank_high"]) for row in chain.rows][:2] == [
        (1, 2),
        (1, 2),
    ]


def test_where_the_pairs_say_otherwise_than_the_means_both_are_told():
    first, *_, between = said(
        accuracy_sentences(content([{"accuracies": [40, 60, 60]}, {"accuracies": [50]}]))
    )
    assert first.startswith("Not all models were trained with the same seeds")
    assert between.startswith("m1 is more accurate than m0 in the runs that could be paired, by 10")
    assert between.endswith("over all runs the means are 50.00 % and 53.33 %.")


def test_a_model_alone_is_compared_with_none():
    alone = content([{"accuracies": [40]}])
    assert accuracy_sentences(alone) == []
    assert cost_sentences(alone) == []


CLAIMS = {
    r"(\w+) is more accurate than (\w+)(?::| in the runs)": (1, 2),
    r"(\w+) needs at least as many multiply-adds as (\w+) .* is less accurate": (2, 1),
}
ACCURACIES = st.lists(st.integers(0, 100), min_size=1, max_size=3)
COSTS = st.integers(1, 5)


@settings(max_examples=50)
@given(
    st.lists(st.tuples(ACCURACIES, COSTS), min_size=2, max_size=5),
    st.sampled_from([10, 100, 1000]),
)
def test_no_sentence_claims_a_difference_that_the_paired_test_does_not_support(models, n_images):
    models = [{"accuracies": a, "cost": {"multiply_adds": m * 10**6}} for a, m in models]
    measured = content(models, n_images)
    rows = {row.model: row for row in measured.rows}
    for sentence in said([*accuracy_sentences(measured), *cost_sentences(measured)]):
        for pattern, (more, less) in CLAIMS.items():
            if match := re.match(pattern, sentence):
                better, worse = rows[match[more]], rows[match[less]]
                pair = measured.pair(better, worse)
                assert pair.line["p_value_holm"] < 0.05
                assert pair.seen_from(better)[0] > 0
        if match := re.match(r"No measurable difference between (\w+) and (\w+),", sentence):
            assert measured.pair(rows[match[1]], rows[match[2]]).better is None
        if match := re.match(r"(\w+), more accurate than all others, needs", sentence):
            best = rows[match[1]]
            others = [row for row in measured.rows if row is not best]
            assert all(measured.beats(best, other) for other in others)


# --- cost


def cheap_and_dear(accuracy_of_dear):
    cheap = {"accuracies": [45], "cost": {"multiply_adds": 4_700_000}, "train_seconds": 70.0}
    dear = {"accuracies": [accuracy_of_dear], "cost": {"multiply_adds": 9_400_000}}
    return said(cost_sentences(content([cheap, dear])))


def test_who_pays_more_for_less_is_named():
    first, dominated, times = cheap_and_dear(40)
    assert first == ("m0, more accurate than all others, needs 4.7 M multiply-adds an image.")
    assert dominated == (
        "m1 needs at least as many multiply-adds as m0 (9.4 M against 4.7 M) and is less accurate, "
        "by their paired test."
    )
    assert (
        times == "The training of m1 took the least time, 60.0 s, and that of m0 the most, 70.0 s."
    )


def test_a_model_is_not_said_to_pay_as_much_as_itself_with_another_recipe():
    models = [
        {"name": "m", "recipe": recipe, "accuracies": [accuracy], "train_seconds": 60.0}
        for recipe, accuracy in (("a", 45), ("b", 40))
    ]
    assert said(cost_sentences(content(models))) == [
        f"m, more accurate than all others, needs {COST['multiply_adds'] / 1e6:.1f} M "
        "multiply-adds an image."
    ]


def test_who_pays_more_for_more_or_for_as_much_is_not():
    first, _ = cheap_and_dear(50)
    assert first == ("m1, more accurate than all others, needs 9.4 M multiply-adds an image.")
    first, _ = cheap_and_dear(44.5)
    assert first == (
        "Of the models that no other is measurably better than, m0 needs the fewest "
        "multiply-adds, 4.7 M an image; m1 needs the most, 9.4 M."
    )


@pytest.mark.parametrize(
    "other",
    [
        {"device": "a GPU"},
        {"threads": 4},
        {"is_resumed": True},
        {"steps": 3},
        {"train_seconds": 60.04},
    ],
)
def test_times_are_compared_where_they_can_be(other):
    models = [{"accuracies": [45]}, {"accuracies": [40], "train_seconds": 70.0}]
    assert "The training of m0 took the least time" in said(cost_sentences(content(models)))[-1]
    models[1] |= other
    assert not any("took" in text for text in said(cost_sentences(content(models))))


def models_of(accuracies, millions):
    """Models of these accuracies and multiply-adds, None where these could not be counted."""
    return [
        {"accuracies": [accuracy], "cost": {"multiply_adds": count and count * 10**6}}
        for accuracy, count in zip(accuracies, millions, strict=True)
    ]


LEFT_OUT = "Not compared by multiply-adds, which could not be counted: "


@pytest.mark.parametrize(
    ("accuracies", "millions", "cheapest", "said_of_cost"),
    [
        # All as good: the others are compared.
        (
            (45, 44.9, 44.8),
            (None, 5, 3),
            "m2",
            [
                LEFT_OUT + "m0.",
                "Of the models that no other is measurably better than, m2 needs the fewest "
                "multiply-adds, 3 M an image; m1 needs the most, 5 M.",
            ],
        ),
        ((45, 44.9), (None, 5), "m1", [LEFT_OUT + "m0."]),
        # The best one alone, and dominated by nobody.
        ((45, 40), (None, 5), None, [LEFT_OUT + "m0."]),
        ((45, 44.9), (None, None), None, [LEFT_OUT + "m0, m1."]),
        (
            (45, 40, 30),
            (4, None, 9),
            "m0",
            [
                LEFT_OUT + "m1.",
                "m0, more accurate than all others, needs 4 M multiply-adds an image.",
                "m2 needs at least as many multiply-adds as m0 (9 M against 4 M) and is less "
                "accurate, by their paired test.",
            ],
        ),
    ],
)
def test_models_without_counted_multiply_adds_are_left_out_and_named(
    accuracies, millions, cheapest, said_of_cost
):
    measured = content(models_of(accuracies, millions))
    assert said(cost_sentences(measured)) == said_of_cost
    best = measured.best_for_cost
    assert (best and best.title) == cheapest
    assert set(measured.pareto("multiply_adds")) <= {
        row.number for row in measured.rows if millions[row.number]
    }


def test_models_of_one_cost_have_neither_a_cheapest_nor_a_fastest():
    seconds = [60.0, 60.04]
    models = [{"accuracies": [45], "train_seconds": s} for s in seconds]
    assert cost_sentences(content(models)) == []


# --- parameters


def two_sizes(before, now, **settings):
    models = [
        {
            "accuracies": [40],
            "cost": {"total_params": tree["parameters"], "structure": tree},
        }
        for tree in map(structure, (before, now))
    ]
    models[1] |= settings
    return said(parameter_sentences(content(models)))


def test_the_layer_that_makes_the_parameters_fall_or_rise_is_named():
    assert two_sizes(
        {"block": 1000, "head": 200_000}, {"block": 1000, "more": 3000, "head": 160_000}
    ) == [
        "m1 has fewer parameters than m0, 164,000 against 201,000, above all in the layer head: "
        "160,000 instead of 200,000."
    ]
    assert two_sizes({"block": [1000], "head": 2000}, {"block": [1000] * 90, "head": 1000}) == [
        "m1 has more parameters than m0, 91,000 against 3,000, above all in the layer block: "
        "90,000 instead of 1,000."
    ]


def test_a_layer_that_comes_or_goes_is_said_to():
    assert two_sizes({"a": 10, "head": 7}, {"a": 10, "new": 5000, "head": 7}) == [
        "m1 has more parameters than m0, 5,017 against 17; of these, 5,000 are in the layer new, "
        "which m0 does not have."
    ]
    assert two_sizes({"a": 10, "b": 99, "head": 7}, {"a": 10, "head": 7}) == [
        "m1 has fewer parameters than m0, 17 against 116; of the latter, 99 are in the layer b, "
        "which m1 does not have."
    ]
    # One that is there and empty is another thing.
    assert (
        "in the layer b: 0 instead of 99."
        in two_sizes({"a": 1, "c": 2, "b": 99}, {"a": 1, "c": 2, "b": 0})[0]
    )


def test_nothing_is_said_of_models_of_which_none_contains_the_other():
    assert two_sizes({"encoder": 900, "head": 7}, {"encoder": 30, "features": 80, "head": 7}) == []
    assert two_sizes({"a": 10, "b": 5, "head": 7}, {"a": 11, "b": 500, "head": 7}) == []


def test_nothing_is_said_of_as_many_parameters_or_of_models_of_two_chapters():
    assert two_sizes({"a": 10, "b": 20}, {"a": 10, "b": 20}) == []
    assert two_sizes({"a": 10, "b": 20}, {"a": 10, "b": 30}, settings=VIT) == []


@pytest.mark.parametrize("place", [0, 1])
def test_nothing_is_said_of_layers_that_could_not_be_followed(place):
    models = [{"accuracies": [40], "cost": {"total_params": n}} for n in (10, 20)]
    models[place]["cost"]["structure"] = None
    assert parameter_sentences(content(models)) == []


# --- seeds, classes


def test_the_deviation_over_seeds_is_set_beside_the_interval_that_covers_them():
    measured = content([{"accuracies": [38, 42]}, {"accuracies": [40]}])
    low, high = measured.rows[0].interval
    assert said(seed_sentences(measured)) == [
        "With one seed, an interval and a test are of this trained model: other test images are "
        "covered, other seeds are not. One seed: m1.",
        "Over 2 seeds the accuracy of m0 has a standard deviation of 2.83 points; its 95 % "
        f"interval, {low:.2f} to {high:.2f} %, is one of other seeds and other test images.",
    ]
    # Student's with one degree of freedom: 12.7 × 2.83 / √2.
    assert high - low > 40


def test_the_easiest_and_the_hardest_class_are_named_where_they_can_be_told_apart():
    assert said(class_sentences(content([{"accuracies": [40]}], classes=[40, 80.0, 10, 60]))) == [
        "From class to class the accuracy of m0 reaches from 10.0 % (class 2) to 80.0 % (class 1): "
        "their 95 % intervals, widened for the number of classes, do not overlap."
    ]
    nan = float("nan")
    # Between 40 and 65 of 100 two classes differ; picked among a hundred, they need not.
    two, hundred = [40, 65], [40, 65, *[50] * 98]
    assert class_sentences(content([{"accuracies": [40]}], classes=two)) != []
    for classes in (hundred, [40, 50], [40, 40], [40, nan], [nan, nan]):
        assert class_sentences(content([{"accuracies": [40]}], classes=classes)) == []


# --- published


@pytest.mark.parametrize(
    ("verdict", "sentence"),
    [
        (
            "within",
            "The published accuracy of m0, 39.75 %, lies within the interval of the measured one, "
            "40.00 %.",
        ),
        (
            "better",
            "The accuracy of m0, 40.00 %, is above the published 39.75 %, which lies outside of "
            "its interval.",
        ),
        (
            "worse",
            "The accuracy of m0, 40.00 %, is below the published 39.75 %, which lies outside of "
            "its interval.",
        ),
        ("not_run", None),
        ("not_published", None),
    ],
)
def test_the_published_accuracy_is_within_above_or_below_as_its_verdict_says(verdict, sentence):
    row = {"model": "m0", "recipe": "r", "published": 39.75, "verdict": verdict}
    rows = [{**row, "quantity": name} for name in ("train_seconds", "test_accuracy_percent")]
    rows.append({**rows[1], "model": "elsewhere", "recipe": None})
    measured = content([{"accuracies": [40]}], verdicts=rows)
    assert said(published_sentences(measured)) == ([sentence] if sentence else [])


# --- the cells


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """Three models of which every kind of sentence can be said."""
    structures = {
        name: {"structure": tree, "total_params": tree["parameters"]}
        for name, tree in [
            ("cnn_2", structure({"block": [14_144], "head": 204_900})),
            ("cnn_3", structure({"block": [14_144, 51_392], "head": 102_500})),
            ("cnn_5", structure({"block": [14_144, 51_392, 1_025_152], "head": 25_700})),
        ]
    }
    structures["cnn_2"]["multiply_adds"] = 9_900_000
    folder = tmp_path_factory.mktemp("results") / "cifar100"
    accuracies = {
        ("cnn_2", "r"): (39.5, 39.75, 40.0),
        ("cnn_3", "r"): (45.25, 45.5, 45.75),
        ("cnn_5", "r"): (45.7,),
    }
    return write_results(
        folder, accuracies=accuracies, cost=structures, confusion=confusion_of_two_kinds()
    )


def child(name, parameters):
    return {**COST["structure"], "name": name, "kind": "Linear", "parameters": parameters}


def confusion_of_two_kinds():
    """100 classes of 100 images, the first one easy and the last one hard."""
    right = [90, *[45] * 98, 5]
    return [
        [n if k == label else 100 - n if k == (label + 1) % 100 else 0 for k in range(100)]
        for label, n in enumerate(right)
    ]


def test_every_number_of_a_sentence_leads_to_a_cell_that_shows_it(results):
    html, _ = rendered(results)
    parts = analyse(content_of(results))
    assert len(parts) == 6, "every kind of sentence is there"
    cells = [
        value
        for _, sentences in parts
        for sentence in sentences
        for value in sentence.values.values()
        if isinstance(value, Cell)
    ]
    assert {cell.anchor.partition("-")[0] for cell in cells} == {
        *("cell", "class", "pair", "structure", "verdict")
    }
    for cell in cells:
        assert f"{PageText(language(), is_html=True).value(cell)}" in html
        if cell.digits is None:
            # A large count has another unit in the table; the browser's test compares them.
            continue
        shown_number = number(cell.value, cell.digits).replace("-", "−")
        # A cell of a table, or what follows the heading of a structure.
        (shown,) = re.findall(
            rf'id="{cell.anchor}"[^>]*>(.*?)(?:</td>|</details>)', html, flags=re.DOTALL
        )
        numbers = re.findall(r"−?[\d,.]+", re.sub(r"<[^>]*>", " ", shown))
        assert shown_number in numbers, cell
        if cell.anchor.startswith(("cell", "class")):
            assert numbers[0] == shown_number


def test_no_sentence_has_a_number_that_leads_nowhere(results):
    for _, sentences in analyse(content_of(results)):
        for sentence in sentences:
            # Names may be a list.
            assert all(isinstance(value, Cell | str | list) for value in sentence.values.values())
            assert not re.search(r"\d", re.sub(r"%%|95 %%", "", sentence.message))
            assert set(re.findall(r"%\((\w+)\)s", sentence.message)) == set(sentence.values)


def test_another_accuracy_gives_another_sentence_on_the_page(results, tmp_path):
    def analysis(folder):
        html, _ = rendered(folder)
        return plain(
            re.sub(r"<[^>]*>", "", html[html.index('id="analysis"') : html.index('id="published"')])
        )

    assert "cnn_3 is more accurate than cnn_2: 45.50 % against 39.75 %" in analysis(results)
    same = write_results(
        tmp_path / "cifar100", accuracies={("cnn_2", "r"): (45.5,), ("cnn_3", "r"): (45.0,)}
    )
    text = analysis(same)
    assert "No measurable difference between cnn_2 and cnn_3, 45.50 % and 45.00 %: " in text
    assert "more accurate" not in text
