"""The simulation of a GPU that waits: what counts as idle."""

import pytest
from benches.gpu_idle import idle_seconds


def job(stage, taken, given, idle=0.0):
    return {"stage": stage, "taken": taken, "given": given, "idle": idle}


def test_the_time_before_a_job_and_what_it_starts_inside_are_idle():
    jobs = [job("cost", 15.0, 20.0, idle=2.5), job("train", 3.0, 10.0), job("evaluate", 10.5, 12.0)]
    expected = {"rehearse": 0.0, "train": 3.0, "evaluate": 0.5, "cost": 3.0 + 2.5}
    assert idle_seconds(jobs, began=0.0) == pytest.approx(expected)
