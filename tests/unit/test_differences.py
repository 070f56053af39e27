"""What differs between a record and a definition: values by type, whatever the order of keys."""

import pytest

from engine.records import Digests
from engine.staleness import Job, differences

SAME = [
    (1, 1),
    (0.1, 0.1),
    ("a", "a"),
    (None, None),
    ([1, [2]], [1, [2]]),
    ({"a": 1, "b": {"c": 2}}, {"b": {"c": 2}, "a": 1}),
]
DIFFERENT = [
    (1, 1.0),
    (1, True),
    (0, False),
    (0.0, -0.0),
    ("1", 1),
    (None, "None"),
    ([1, 2], [2, 1]),
    ([1], [1, 1]),
    ([1], [1.0]),
    ({"a": 1}, {"a": 1.0}),
    ({"a": 1}, {"a": 1, "b": None}),
    ({"a": {"b": [1]}}, {"a": {"b": [True]}}),
    ({}, None),
]


def found(tmp_path, before, now):
    job = Job("stage", "name", "command", {"key": now}, [], [], "record.json")
    record = {"code": {}, "settings": {"key": before}, "inputs": {}, "read": {}}
    return differences(job, record, {}, {}, Digests(tmp_path / "digests.json"))


@pytest.mark.parametrize(("before", "now"), SAME)
def test_the_same_value_is_no_difference(tmp_path, before, now):
    assert found(tmp_path, before, now) == []


@pytest.mark.parametrize("turn", [tuple, reversed])
@pytest.mark.parametrize("values", DIFFERENT)
def test_values_that_differ_in_type_or_order_or_sign_are_different(tmp_path, values, turn):
    before, now = turn(values)
    (reason,) = found(tmp_path, before, now)
    assert reason.startswith("key")
