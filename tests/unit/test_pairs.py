"""Tests of pairs of rows, their correction, and the ranks that follow."""

import json
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from test_uncertainty import rows

from cifarlab.comparison.correctness import Correctness
from cifarlab.comparison.paired_tests import (
    combined_p_value,
    disagreements,
    holm,
    mcnemar_p_values,
    seeds_p_value,
)
from cifarlab.comparison.pairs import (
    PAIR_COLUMNS,
    differences_between,
    rank_intervals,
    seeds_answer,
    tabulate_pairs,
)

# --- McNemar


def test_disagreements_are_the_images_that_only_one_has_right():
    first = np.array([[1, 1, 1, 0, 0], [0, 0, 1, 1, 1]], dtype=bool)
    second = np.array([[1, 0, 0, 1, 0], [0, 1, 1, 1, 1]], dtype=bool)
    assert disagreements(first, second).tolist() == [[2, 1], [0, 1]]


@pytest.mark.parametrize(("b", "c"), [(121, 59), (5, 5), (0, 0), (0, 9), (3, 10)])
def test_mcnemars_test_is_the_two_sided_binomial_one(b, c):
    (p_value,) = mcnemar_p_values(np.array([[b, c]]))
    expected = stats.binomtest(b, b + c).pvalue if b + c else 1.0
    assert p_value == pytest.approx(expected)


def test_mcnemars_test_of_a_worked_example():
    # Agresti 2013, "Categorical data analysis", chapter 11: 86 changed one way, 150 the other.
    (p_value,) = mcnemar_p_values(np.array([[86, 150]]))
    assert p_value == pytest.approx(3.7e-5, rel=0.05)


def test_p_values_of_seeds_are_combined_as_twice_their_mean():
    assert combined_p_value([0.03]) == 0.03
    assert combined_p_value([0.01, 0.03]) == pytest.approx(0.04)
    assert combined_p_value([0.9, 0.8]) == 1


# --- seeds


def test_six_seeds_of_one_sign_have_the_smallest_p_value():
    assert seeds_p_value([0.1, 0.2, 0.3, 0.1, 0.2, 0.3]) == 2 / 64
    assert seeds_p_value([0.1, 0.2, 0.3, 0.1, 0.2]) is None


def test_the_sign_flip_test_counts_every_flip():
    differences = [0.4, 0.1, -0.2, 0.3, 0.5, 0.2, -0.1]
    flips = np.array(np.meshgrid(*[[-1, 1]] * 7)).reshape(7, -1).T
    means = np.abs(flips @ differences)
    expected = np.mean(means >= abs(sum(differences)) - 1e-12)
    assert seeds_p_value(differences) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("p_value", "n_seeds", "n_tests", "answer"),
    [
        (None, 5, 1, "too few seeds"),
        (0.031, 6, 1, "different"),
        (0.2, 6, 1, "open"),
        # Three tests need a seventh seed.
        (0.094, 6, 3, "too few seeds"),
        (0.047, 7, 3, "different"),
    ],
)
def test_too_few_seeds_are_no_answer(p_value, n_seeds, n_tests, answer):
    assert seeds_answer(p_value, n_seeds, n_tests) == answer


# --- Holm


def test_holms_correction_of_a_worked_example():
    # Holm 1979: the smallest times n, the next times n − 1, and never below one before it.
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])


def test_a_missing_p_value_stays_missing_and_does_not_count():
    assert holm([0.02, None, 0.04]) == [pytest.approx(0.04), None, pytest.approx(0.04)]
    assert holm([None]) == [None]
    assert holm([]) == []


# --- the table


def three_rows(n_seeds, gaps=(0.0, 0.3, 0.3)):
    random = np.random.default_rng(0)
    image = 1.7 * random.standard_normal(5000)
    return {
        (f"m{place}", "r"): Correctness(
            [*range(n_seeds)], gap + image + random.standard_normal((n_seeds, 5000)) > 0
        )
        for place, gap in enumerate(gaps)
    }


def test_every_pair_has_a_line_with_its_difference_and_its_tests():
    table = tabulate_pairs(three_rows(3))
    assert [*table] == PAIR_COLUMNS
    key = ["model", "other_model"]
    assert table[key].to_numpy().tolist() == [["m0", "m1"], ["m0", "m2"], ["m1", "m2"]]
    measured = {row: 100 * of.correct.mean() for row, of in three_rows(3).items()}
    line = table.iloc[0]
    assert line["difference_points"] == pytest.approx(measured["m0", "r"] - measured["m1", "r"])
    assert line["low_points"] < line["difference_points"] < line["high_points"] < 0
    assert table["answer"].tolist() == ["worse", "worse", "open"]
    assert table["seeds_answer"].tolist() == ["too few seeds"] * 3
    of_seeds = json.loads(line["mcnemar_p_values_of_seeds"])
    assert [*of_seeds] == ["0", "1", "2"]
    assert line["mcnemar_p_value"] == pytest.approx(2 * np.mean([*of_seeds.values()]))
    assert table["p_value_holm"].tolist() == pytest.approx(holm(table["p_value"].tolist()))


def test_one_row_has_no_pair():
    table = tabulate_pairs({("m", "r"): Correctness([0], rows(1, 10)[0])})
    assert [*table] == PAIR_COLUMNS
    assert table.empty
    assert [ranks.tolist() for ranks in rank_intervals([("m", "r")], table)] == [[1], [1]]


def test_a_pair_does_not_depend_on_other_rows_but_for_its_correction():
    three = three_rows(1)
    two = dict([*three.items()][:2])
    few, many = tabulate_pairs(two).iloc[0], tabulate_pairs(three).iloc[0]
    for name in ("difference_points", "low_points", "high_points", "p_value", "mcnemar_p_value"):
        assert few[name] == many[name]
    assert few["p_value_holm"] < many["p_value_holm"]
    assert few["detectable_points"] < many["detectable_points"]


# --- ranks


def ranks_of(n, *better):
    """Rank intervals of n rows; better: pairs of numbers (better, worse)."""
    names = [(f"m{i}", "r") for i in range(n)]
    lines = []
    for i in range(n):
        for j in range(i + 1, n):
            found = {(i, j): "better", (j, i): "worse"}
            answers = [word for pair, word in found.items() if pair in better]
            lines.append((*names[i], *names[j], answers[0] if answers else "open"))
    columns = ["model", "recipe", "other_model", "other_recipe", "answer"]
    low, high = rank_intervals(names, pd.DataFrame(lines, columns=columns))
    return [*zip(low.tolist(), high.tolist(), strict=True)]


def test_ranks_reach_from_those_that_are_better_to_those_that_are_worse():
    assert ranks_of(3) == [(1, 3)] * 3
    assert ranks_of(3, (0, 1), (0, 2), (1, 2)) == [(1, 1), (2, 2), (3, 3)]
    assert ranks_of(3, (2, 0), (1, 0)) == [(3, 3), (1, 2), (1, 2)]


def test_no_chain_of_overlaps_merges_rows():
    # Only the ends of the chain can be told apart.
    assert ranks_of(3, (0, 2)) == [(1, 2), (1, 3), (2, 3)]


@given(st.integers(2, 8), st.randoms())
def test_a_rank_interval_holds_every_order_that_the_pairs_allow(n, random):
    order = list(range(n))
    random.shuffle(order)
    told = [
        (order[i], order[j]) for i in range(n) for j in range(i + 1, n) if random.random() < 0.4
    ]
    for place, row in enumerate(order):
        low, high = ranks_of(n, *told)[row]
        assert low <= place + 1 <= high


def test_the_smallest_p_value_of_two_seeds_is_no_number():
    assert not math.isnan(tabulate_pairs(three_rows(2)).iloc[0]["p_value"])
    assert seeds_p_value([0.1, 0.1]) is None


def test_a_difference_is_that_of_the_table_from_whichever_side_it_is_asked_for():
    random = np.random.default_rng(3)
    rows = {
        (name, "r"): Correctness([0, 1, 2], random.random((3, 500)) < share)
        for name, share in (("a", 0.4), ("b", 0.5))
    }
    (line,) = tabulate_pairs(rows).to_dict("records")
    difference = differences_between(rows)
    told = [line[f"{name}_points"] for name in ("difference", "low", "high")]
    assert difference(("b", "r"), ("a", "r")) == (*told, 3)
    mean, low, high, _ = difference(("a", "r"), ("b", "r"))
    assert [mean, high, low] == [-value for value in told]
    assert difference(("a", "r"), ("c", "r")) is None
