"""Numbers in charts and sentences: means of trainings of any length, and zero without a sign."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reporting.curves import mean_smoothed
from reporting.numbers import number, signed


def history(n_steps, slope):
    """Losses on a line through zero, which no average bends."""
    return pd.DataFrame({"loss": slope * np.arange(1.0, n_steps + 1)})


@settings(max_examples=100)
@given(st.lists(st.integers(1, 2000), min_size=1, max_size=4))
def test_a_step_of_the_mean_is_the_same_step_of_every_seed(lengths):
    slopes = range(1, len(lengths) + 1)
    steps, losses = mean_smoothed(list(map(history, lengths, slopes)))
    # A curve begins and ends half a window inside.
    shortest = min(lengths)
    assert steps[-1] <= shortest
    inside = steps >= 1 + max(lengths) / 50
    assert losses[inside] == pytest.approx(np.mean(slopes) * steps[inside])


@pytest.mark.parametrize("value", [-0.004, -0.0, 0.0, 0.004])
def test_zero_has_no_sign(value):
    assert number(value, 2) == signed(value, 2) == "0.00"
    assert number(-1.2, 2) == "-1.20"
