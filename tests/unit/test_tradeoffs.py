"""The Pareto line: those that no other beats in accuracy and cost."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cifarlab.comparison.tradeoffs import pareto


@pytest.mark.parametrize(
    ("costs", "accuracies", "places"),
    [
        ([], [], []),
        ([5], [40], [0]),
        ([5, 6], [40, 41], [0, 1]),
        ([6, 5], [41, 40], [1, 0]),
        ([5, 6], [41, 40], [0]),
        # As accurate for less, and more accurate for as much.
        ([5, 6], [40, 40], [0]),
        ([5, 5], [40, 41], [1]),
        # Of equal ones the first.
        ([5, 5], [40, 40], [0]),
    ],
)
def test_the_line_joins_those_that_none_beats(costs, accuracies, places):
    assert pareto(costs, accuracies) == places


@given(st.lists(st.tuples(st.integers(1, 8), st.integers(0, 8)), max_size=15))
def test_nobody_beats_those_on_the_line_and_everybody_else_is_beaten_or_equalled(models):
    def beats(a, b):
        return a[0] <= b[0] and a[1] >= b[1] and a != b

    line = pareto([cost for cost, _ in models], [accuracy for _, accuracy in models])
    assert line == sorted(line, key=lambda place: models[place])
    for place, model in enumerate(models):
        if place in line:
            assert not any(beats(other, model) for other in models)
            assert models.index(model) == place
        else:
            assert any(beats(models[i], model) or models[i] == model for i in line)
