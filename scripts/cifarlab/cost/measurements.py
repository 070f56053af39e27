"""What a model takes on the machine at hand: latency, throughput, peak memory of a step."""

import math
import time

import numpy as np
import torch

from cifarlab.cost.attempts import attempt, together, unmeasured
from cifarlab.cost.fresh_process import parts_from_a_fresh_process
from cifarlab.cost.inputs import any_inputs, random_images
from cifarlab.datasets.inputs import MEMORY_FORMATS, Images, placed
from cifarlab.devices import (
    choose_device,
    peak_memory_mb,
    prepare_cpu,
    reset_peak_memory,
    wait_for,
)
from cifarlab.evaluation.prediction import predict
from cifarlab.models.build import build_model
from cifarlab.training.algorithms import choose_algorithms, prepare_cublas
from cifarlab.training.precision import set_precision
from cifarlab.training.steps import Stepper

LATENCY = ("latency_median_ms", "latency_p95_ms")
THROUGHPUT = ("throughput_images_per_second", "throughput_spread_percent")
TESTING = ("test_batch_peak_mb",)
TRAINING = ("train_step_seconds", "train_step_peak_mb", "micro_batch")
MEMORY = (*TESTING, *TRAINING)

# As in scripts/evaluate.py.
PRECISION_OF_TESTING = "fp32"
LATENCY_REPEATS = 30
BUDGET_SECONDS = 5
WARM_UP_SECONDS = 0.5
LEAST_SECONDS = 1
THROUGHPUT_BATCH = 64
STEP_REPEATS = 3
THROUGHPUT_REPEATS = 2
# Other work on the machine only makes a round slower, so the two fastest tell whether one was free
# of it.
MOST_ROUNDS = 5
AGREEMENT_PERCENT = 5


def measure_speed(model, inputs, device):
    """Latency of one image and throughput of a batch of 64, as an evaluation computes them.

    model: nn.Module in eval mode; inputs: InputSettings. Returns, as `attempt` does, LATENCY and
    THROUGHPUT: over at least 30 and 2 repeats and a second, in about 5 s. Latency comes after half
    a second of warm-up. Throughput is measured in two such rounds, and again until the two fastest
    agree within 5 %, five times at most: it is that of the fastest repeat, and its spread is how
    much longer the fastest repeat of the second fastest round took, in percent.
    """

    set_precision(PRECISION_OF_TESTING, device)

    def latency():
        seconds = _times(model, 1, inputs, device, LATENCY_REPEATS, WARM_UP_SECONDS)
        milliseconds = 1000 * np.percentile(seconds, [50, 95])
        return dict(zip(LATENCY, milliseconds.tolist(), strict=True))

    def throughput():
        rounds, spread = [], math.inf
        while len(rounds) < MOST_ROUNDS and spread > AGREEMENT_PERCENT:
            times = _times(model, THROUGHPUT_BATCH, inputs, device, THROUGHPUT_REPEATS)
            rounds = sorted([*rounds, min(times)])
            spread = 100 * (rounds[1] / rounds[0] - 1) if len(rounds) > 1 else math.inf
        return dict(zip(THROUGHPUT, (THROUGHPUT_BATCH / rounds[0], spread), strict=True))

    return together(attempt(LATENCY, latency), attempt(THROUGHPUT, throughput))


@torch.no_grad()
def _times(model, n_images, inputs, device, repeats, warm_up_seconds=0):
    """Seconds of single runs, a list."""
    model = placed(model, inputs, device)
    images = random_images(n_images, (3, inputs.size, inputs.size), device)
    images = images.contiguous(memory_format=MEMORY_FORMATS[inputs.memory_format])

    def seconds_of_a_run():
        wait_for(device)
        started = time.perf_counter()
        model(images)
        wait_for(device)
        return time.perf_counter() - started

    began = time.perf_counter()
    # Not counted: it chooses algorithms, fills caches, and lets the clocks of a GPU rise.
    seconds_of_a_run()
    while time.perf_counter() - began < warm_up_seconds:
        seconds_of_a_run()
    warm, seconds = time.perf_counter(), [seconds_of_a_run()]
    while (now := time.perf_counter()) - began < BUDGET_SECONDS and (
        len(seconds) < repeats or now - warm < LEAST_SECONDS
    ):
        seconds.append(seconds_of_a_run())
    return seconds


def measure_memory(settings, recipe, memory_format, n_classes, image_side, device_name, threads):
    """Peak memory of testing and of training at the recipe's batch size, in a fresh process.

    settings, recipe: of the model and the training; memory_format: a key of MEMORY_FORMATS;
    image_side: of the stored images, in pixels; device_name, threads: as for a training. Returns,
    as `attempt` does, MEMORY: test_batch_peak_mb, train_step_peak_mb, train_step_seconds (the
    median of up to 3 steps in about 5 s, after a first one that makes the optimizer's state) and
    micro_batch. On a GPU a peak is the allocator's, on a CPU the resident size of the process,
    torch included.
    """
    arguments = (settings, recipe, memory_format, n_classes, image_side, device_name, threads)
    parts, ending = parts_from_a_fresh_process(_send_memory, *arguments)
    missing = [name for name in MEMORY if not any(name in part for part in parts)]
    return together(*parts, unmeasured(missing, ending))


def _send_memory(sender, *arguments):
    # Without a model on the device there is one reason for all.
    sender.send(attempt(MEMORY, _send_both, sender, *arguments))


def _send_both(
    sender, settings, recipe, memory_format, n_classes, image_side, device_name, threads
):
    prepare_cpu(threads)
    prepare_cublas(recipe)
    device = choose_device(device_name)
    inputs = any_inputs(settings, memory_format)
    model = placed(build_model(settings, n_classes), inputs, device)
    shape = (recipe.batch_size, image_side, image_side, 3)
    pixels = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    images = Images(pixels, inputs, device)
    # Testing first, since it takes less: the peak of a process on the CPU only grows.
    sender.send(attempt(TESTING, _test_one_batch, model, images, recipe, device))
    reset_peak_memory(device)
    sender.send(attempt(TRAINING, _train_some_steps, model, images, recipe, device))
    return {}


def _test_one_batch(model, images, recipe, device):
    set_precision(PRECISION_OF_TESTING, device)
    predict(model, images, recipe.images_at_once)
    return {"test_batch_peak_mb": peak_memory_mb(device)}


def _train_some_steps(model, images, recipe, device):
    set_precision(recipe.precision, device)
    choose_algorithms(recipe)
    labels = torch.zeros(recipe.batch_size, dtype=torch.int64, device=device)
    stepper = Stepper(model.train(), images, labels, recipe)
    seconds = []
    # The first step makes the optimizer's state and is not counted.
    for number in range(1 + STEP_REPEATS):
        started = time.perf_counter()
        stepper.step(torch.arange(recipe.batch_size), learning_rate=0.0)
        wait_for(device)
        if number > 0:
            seconds.append(time.perf_counter() - started)
        if sum(seconds) > BUDGET_SECONDS:
            break
    return {
        "train_step_seconds": float(np.median(seconds)),
        "train_step_peak_mb": peak_memory_mb(device),
        "micro_batch": stepper.micro_batch,
    }
