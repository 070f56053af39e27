"""The Pareto line: those that no other beats in accuracy and cost."""

import pandas as pd
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


def test_a_name_lies_on_no_line_where_there_is_another_place():
    from reporting.plot import drawing
    from reporting.tradeoff import boxes_of_lines, draw_tradeoff, name_points

    # The third is a little below the line from the first to the second, and its interval is wide.
    table = {"a": (40.0, 1e6, 1), "b": (60.0, 1e8, 1), "c": (39.9, 2e7, 3)}
    rows = pd.DataFrame(
        {
            "title": name,
            "number": number,
            "multiply_adds": cost,
            "test_accuracy_percent": accuracy,
            "test_accuracy_low_percent": accuracy - half,
            "test_accuracy_high_percent": accuracy + half,
        }
        for number, (name, (accuracy, cost, half)) in enumerate(table.items())
    )
    with drawing(4, 3) as (figure, axes, say):
        draw_tradeoff(axes, say, rows, "multiply_adds")
        axes.margins(x=0.2, y=0.12)
        name_points(figure, axes, rows, "multiply_adds")
        assert [name.get_text() for name in axes.texts] == ["a", "b", "c"]
        lines = boxes_of_lines(axes, rows, "multiply_adds")
        assert len(lines) == 5
        for name in axes.texts:
            assert not name.get_window_extent().count_overlaps(lines), name.get_text()
