"""The answer that the report begins with follows the numbers, and ranks no trial run."""

import re

import pandas
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_analysis import ACCURACIES, COSTS, content, said

from reporting.figures.accuracy import caption
from reporting.sections.answer import answer, caveats, trial_runs
from reporting.sections.cost_sentences import cost_sentences
from reporting.tradeoff import ranked_first

ONE_SEED = "All have one seed: this is of these trained models; other seeds may differ."
AHEAD = "All others are measurably less accurate."


def answered(models, **options):
    """The answer without the intervals, which are those of the comparison."""
    measured = content(models, **options)
    texts = said([*answer(measured), *caveats(measured)])
    return [re.sub(r" \(\d[\d.]* to \d[\d.]*\)", "", text) for text in texts]


def model(accuracies, millions=4, **others):
    cost = {"multiply_adds": millions and millions * 10**6, "latency_median_ms": 0.236}
    return {"accuracies": accuracies, "cost": {**cost, "weights_mb": 0.67}, **others}


COST = "4 M multiply-adds, 0.24 ms an image, 0.67 MB, 60 s of training."


@pytest.mark.parametrize(
    ("models", "texts"),
    [
        ([model([40])], [f"m0: 40.0 %, {COST}", ONE_SEED]),
        ([model([40]), model([45])], [f"Use m1: 45.0 %, {COST}", AHEAD, ONE_SEED]),
        # The cheapest of those that are tied, and how much more the other one needs.
        (
            [model([44.5]), model([45], 7)],
            [
                f"Use m0: 44.5 %, {COST}",
                "m1 is not measurably better and needs 1.8 times the compute.",
                ONE_SEED,
            ],
        ),
        (
            [model([44.5]), model([45])],
            [
                f"Use m1: 45.0 %, {COST}",
                "m0 is not measurably better and needs as much compute.",
                ONE_SEED,
            ],
        ),
        # The same model computes as much anyway.
        (
            [model([44.5], name="m", recipe="a"), model([45], name="m", recipe="b")],
            [f"Use m: 45.0 %, {COST}", "m is not measurably better.", ONE_SEED],
        ),
        (
            [model([45, 45.1, 44.9]), model([40])],
            [
                f"Use m0: 45.0 %, {COST}",
                AHEAD,
                *["With one seed, and so of one trained model each: m1."],
            ],
        ),
        ([model([45, 45.1, 44.9]), model([40, 40.1, 39.9])], [f"Use m0: 45.0 %, {COST}", AHEAD]),
        # What could not be counted is not said.
        (
            [model([45], None), model([40])],
            [
                "Use m0: 45.0 %, 0.24 ms an image, 0.67 MB, 60 s of training.",
                AHEAD,
                ONE_SEED,
            ],
        ),
        (
            [model([45], None), model([44.9])],
            [f"Use m1: 44.9 %, {COST}", "m0 is not measurably better.", ONE_SEED],
        ),
    ],
)
def test_the_answer_names_the_cheapest_of_those_that_are_tied_with_the_best(models, texts):
    assert answered(models) == texts


def test_its_interval_is_that_of_the_comparison():
    measured = content([model([44.5]), model([45], 7)])
    low, high = measured.rows[0].interval
    assert f"44.5 % ({low:.1f} to {high:.1f})" in said(answer(measured))[0]


@pytest.mark.parametrize(
    ("n_tied", "last"),
    [
        (4, "Not measurably better either: m3, m4."),
        (6, "4 more are not measurably better either."),
    ],
)
def test_of_many_that_are_tied_two_are_told_of(n_tied, last):
    tied = [model([45 - number / 100], 4 + number) for number in range(n_tied + 1)]
    texts = answered(tied)
    assert texts[0].startswith("Use m0: ")
    assert [text.split()[0] for text in texts[1:3]] == ["m1", "m2"]
    assert texts[3] == last


@settings(max_examples=50)
@given(
    st.lists(st.tuples(ACCURACIES, COSTS), min_size=2, max_size=5),
    st.sampled_from([10, 100, 1000]),
)
def test_the_chosen_model_is_beaten_by_none_and_none_that_is_as_good_is_cheaper(models, n_images):
    measured = content([model(a, m) for a, m in models], n_images)
    texts = said(answer(measured))
    rows = {row.title: row for row in measured.rows}
    chosen = rows[re.match(r"Use (\w+):", texts[0])[1]]
    others = [row for row in measured.rows if row is not chosen]
    everyone_is_beaten = all(
        any(measured.beats(other, row) for other in measured.rows if other is not row)
        for row in measured.rows
    )
    assert everyone_is_beaten or not any(measured.beats(row, chosen) for row in others)
    tied = [row for row in measured.as_good if row is not chosen]
    assert all(row.measured["multiply_adds"] >= chosen.measured["multiply_adds"] for row in tied)
    named = {match[1] for text in texts if (match := re.match(r"(\w+) is not measurably", text))}
    assert named <= {row.title for row in tied}
    assert (AHEAD in texts) == all(
        measured.beats(measured.best, row) for row in measured.ranked[1:]
    )


def test_a_model_that_is_beaten_in_pairs_is_not_chosen_for_its_mean():
    # By the one seed that both have, the second is ahead.
    measured = content([model([40, 60, 60]), model([50])])
    assert said(answer(measured))[0].startswith("Use m1: 50.0 %")
    assert [row.title for row in measured.as_good] == ["m1"]


# --- trial runs


def test_a_trial_run_is_neither_chosen_nor_ranked_and_the_answer_says_why():
    short = {"trial": "max_steps"}
    models = [model([38]), model([9], **short), model([99], **short), model([40])]
    measured = content(models)
    texts = said([*answer(measured), *caveats(measured)])
    assert texts[0].startswith("Use m3: 40.0 %")
    assert texts[1] == "All others but trial runs are measurably less accurate."
    assert said(cost_sentences(measured))[0] == (
        "m3, more accurate than all others but trial runs, needs 4 M multiply-adds an image."
    )
    assert texts[-1] == "Trial runs, whose accuracies mean nothing: m1, m2 (stopped by max_steps)."
    # Trial runs are not even put in order.
    assert [row.title for row in measured.by_accuracy] == ["m3", "m0", "m1", "m2"]
    assert [row.measured["rank_low"] for row in measured.rows if not row.is_trial] == [2, 1]
    assert not measured.rows[1].has("rank_low")
    assert measured.pareto("total_params") == [3]


@pytest.mark.parametrize(
    ("trials", "text"),
    [
        ([None, None], "Top-1 accuracy on the test split, the most accurate model first."),
        ([None, "max_steps"], "the most accurate model first, trial runs last and pale."),
        (["guessing", "max_steps"], "Top-1 accuracy of trial runs on the test split, which ranks"),
    ],
)
def test_the_chart_says_in_which_order_its_rows_are(trials, text):
    measured = content([model([40], trial=trial) for trial in trials])
    assert text in " ".join(said(caption(measured, None)))


def test_charts_have_the_rows_in_the_order_of_the_table():
    accuracies, trials = [38.0, 9.0, 99.0, 40.0], [None, "max_steps", "max_steps", None]
    comparison = pandas.DataFrame({"test_accuracy_percent": accuracies, "trial": trials})
    assert [*ranked_first(comparison)["number"]] == [3, 0, 1, 2]
    assert [*ranked_first(comparison[1:3])["is_trial"]] == [True, True]


def test_where_all_are_trial_runs_there_is_no_answer():
    measured = content([model([1.0], trial="guessing"), model([99], trial="max_steps")])
    assert answer(measured) == caveats(measured) == []
    assert measured.best is None
    assert said(trial_runs(measured)) == [
        "The accuracies mean nothing, and no model is ranked.",
        "m0: no better than guessing.",
        "m1: stopped by max_steps.",
    ]
