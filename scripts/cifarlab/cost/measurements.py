"""What a model takes on the machine at hand: latency, throughput, peak memory of a step."""

import time
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context

import numpy as np
import torch

from cifarlab.datasets.inputs import MEMORY_FORMATS, Images, InputSettings, placed
from cifarlab.devices import choose_device, peak_memory_mb, wait_for
from cifarlab.evaluation.prediction import predict
from cifarlab.models.build import build_model
from cifarlab.training.steps import Stepper
from engine.errors import UserError

LATENCY_REPEATS = 30
BUDGET_SECONDS = 5
THROUGHPUT_BATCH = 64
STEP_REPEATS = 3
THROUGHPUT_REPEATS = 2


def any_inputs(settings, memory_format):
    """InputSettings for images whose values have no bearing. settings: of the model."""
    return InputSettings(settings.input_size, [0.5] * 3, [0.5] * 3, memory_format)


def measure_speed(model, inputs, device):
    """Latency of one image and throughput of a batch of 64, without gradients.

    model: nn.Module in eval mode on `device`; inputs: InputSettings. Returns
    latency_median_ms and latency_p95_ms over up to 30 repeats in about 5 s, and
    throughput_images_per_second.
    """
    latencies = _times(model, 1, inputs, device, LATENCY_REPEATS)
    batch_seconds = min(_times(model, THROUGHPUT_BATCH, inputs, device, THROUGHPUT_REPEATS))
    return {
        "latency_median_ms": 1000 * float(np.median(latencies)),
        "latency_p95_ms": 1000 * float(np.percentile(latencies, 95)),
        "throughput_images_per_second": THROUGHPUT_BATCH / batch_seconds,
    }


@torch.no_grad()
def _times(model, n_images, inputs, device, repeats):
    images = torch.zeros(n_images, 3, inputs.size, inputs.size, device=device)
    images = images.contiguous(memory_format=MEMORY_FORMATS[inputs.memory_format])
    seconds = []
    began = time.perf_counter()
    # The first run is not counted: it chooses algorithms and fills caches.
    for number in range(-1, repeats):
        wait_for(device)
        started = time.perf_counter()
        model(images)
        wait_for(device)
        if number >= 0:
            seconds.append(time.perf_counter() - started)
        if seconds and time.perf_counter() - began > BUDGET_SECONDS:
            break
    return seconds


def measure_memory(settings, recipe, memory_format, n_classes, image_side, device_name, threads):
    """Peak memory of training and of testing at the recipe's batch size, in fresh processes.

    settings, recipe: of the model and the training; memory_format: a key of MEMORY_FORMATS;
    image_side: of the stored images, in pixels;
    device_name, threads: as for a training. Returns train_step_peak_mb, train_step_seconds (the
    median of up to 3 steps in about 5 s, after a first one that makes the optimizer's state),
    test_batch_peak_mb, batch_size and micro_batch. On a GPU it is the allocator's peak, on a CPU
    the resident size of the process, torch included. Raises UserError where a process dies.
    """
    arguments = (settings, recipe, memory_format, n_classes, image_side, device_name, threads)
    return {
        "batch_size": recipe.batch_size,
        **_in_a_fresh_process(_train_some_steps, *arguments),
        **_in_a_fresh_process(_test_one_batch, *arguments),
    }


def _in_a_fresh_process(function, *arguments):
    # "spawn": a forked child would begin with this process's memory, and with its CUDA context.
    with ProcessPoolExecutor(max_workers=1, mp_context=get_context("spawn")) as pool:
        try:
            return pool.submit(function, *arguments).result()
        except BrokenProcessPool as error:
            raise UserError(
                "a measuring process was ended, probably for lack of memory; "
                "set a smaller micro_batch in the recipe"
            ) from error


def _prepare(settings, recipe, memory_format, n_classes, image_side, device_name, threads):
    torch.set_num_threads(threads)
    device = choose_device(device_name)
    inputs = any_inputs(settings, memory_format)
    model = placed(build_model(settings, n_classes), inputs, device)
    pixels = np.zeros((recipe.batch_size, image_side, image_side, 3), dtype=np.uint8)
    return model, Images(pixels, inputs, device), device


def _train_some_steps(settings, recipe, *arguments):
    model, images, device = _prepare(settings, recipe, *arguments)
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


def _test_one_batch(settings, recipe, *arguments):
    model, images, device = _prepare(settings, recipe, *arguments)
    predict(model, images, recipe.images_at_once)
    return {"test_batch_peak_mb": peak_memory_mb(device)}
