"""What is measured of a model: memory in fresh processes, latency, throughput."""

import os
import signal

import pytest
import torch

from cifarlab.cost.measurements import _in_a_fresh_process, measure_memory, measure_speed
from cifarlab.devices import peak_memory_mb
from cifarlab.models.build import build_model
from cifarlab.models.families import ModelSettings
from cifarlab.training.recipes import Recipe
from engine.errors import UserError
from engine.settings import checked_settings

RESNET = checked_settings(
    ModelSettings, {"family": "torchvision", "architecture": "resnet18", "input_size": 64}
)


def recipe(**changes):
    values = {
        "epochs": 7,
        "batch_size": 48,
        "optimizer": {"name": "sgd", "learning_rate": 0.01, "momentum": 0.9},
    }
    return checked_settings(Recipe, {**values, **changes})


@pytest.mark.long
def test_testing_takes_less_memory_than_training_and_micro_batches_less_than_batches():
    whole = measure_memory(RESNET, recipe(), 10, 32, "cpu", 1)
    split = measure_memory(RESNET, recipe(micro_batch=4), 10, 32, "cpu", 1)
    assert whole["test_batch_peak_mb"] < whole["train_step_peak_mb"]
    assert split["train_step_peak_mb"] < whole["train_step_peak_mb"]
    assert (whole["micro_batch"], split["micro_batch"], split["batch_size"]) == (48, 4, 48)
    assert whole["train_step_seconds"] > 0


def small_process_peak_mb():
    return peak_memory_mb(torch.device("cpu"))


def test_a_fresh_process_does_not_inherit_the_peak_of_its_parent():
    before = _in_a_fresh_process(small_process_peak_mb)
    allocated = torch.ones(250_000_000)  # 1 GB, touched
    assert peak_memory_mb(torch.device("cpu")) > 1000
    del allocated
    assert _in_a_fresh_process(small_process_peak_mb) < before + 300


def test_speed_is_positive_and_its_percentiles_are_in_order():
    speed = measure_speed(build_model(RESNET, 10).eval(), (3, 64, 64), torch.device("cpu"))
    assert 0 < speed["latency_median_ms"] <= speed["latency_p95_ms"]
    assert speed["throughput_images_per_second"] > 0


def end_like_a_kernel_without_memory():
    os.kill(os.getpid(), signal.SIGKILL)


def test_a_measuring_process_that_is_killed_is_one_line():
    with pytest.raises(UserError, match="probably for lack of memory"):
        _in_a_fresh_process(end_like_a_kernel_without_memory)


def test_what_a_step_takes_does_not_depend_on_rates_and_lengths():
    changed = recipe(
        epochs=2,
        max_steps=3,
        warm_up=0.5,
        schedule="cosine",
        optimizer={"name": "sgd", "learning_rate": 1.0, "momentum": 0.1, "weight_decay": 0.2},
    )
    assert changed.of_one_step() == recipe().of_one_step()
    plain = {"name": "sgd", "learning_rate": 0.01}
    for other in (
        recipe(batch_size=8),
        recipe(optimizer=plain),
        recipe(micro_batch=4),
        recipe(precision="bf16"),
        recipe(channels_last=False),
        recipe(compile=True),
    ):
        assert other.of_one_step() != recipe().of_one_step()
