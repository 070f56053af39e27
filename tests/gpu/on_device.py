"""What a check does on the device itself, in a process of its own that gives the device back."""

import warnings
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import numpy as np
import torch

from cifarlab.datasets import copies
from cifarlab.datasets.inputs import Images, InputSettings, placed
from cifarlab.devices import (
    MEGABYTE,
    choose_device,
    clocks,
    device_name,
    driver_version,
    free_memory,
    peak_memory_mb,
    reset_peak_memory,
    wait_for,
)
from cifarlab.models.build import build_model
from cifarlab.models.families import ModelSettings
from cifarlab.training.precision import set_precision
from cifarlab.training.recipes import Recipe
from cifarlab.training.steps import Stepper
from engine.settings import checked_settings

# As many as in CIFAR-100.
IMAGE_SIDE, N_CLASSES = 32, 100


def in_a_fresh_process(function, *arguments):
    """What a function of this module returns; raises what it raises."""
    with ProcessPoolExecutor(max_workers=1, mp_context=get_context("spawn")) as pool:
        return pool.submit(function, *arguments).result()


def facts(name):
    """What is known of a CUDA device, a dict."""
    device = choose_device(name)
    major, minor = torch.cuda.get_device_capability(device)
    now, highest = clocks(device)
    return {
        "name": device_name(device),
        "driver": driver_version(device),
        "capability": f"{major}.{minor}",
        "architectures": torch.cuda.get_arch_list(),
        "clock_mhz": now,
        "highest_clock_mhz": highest,
        "torch": torch.__version__,
    }


def convolution(name):
    """Largest difference of a convolution and its gradients from those of the CPU.

    In float32 without TF32; a share of the largest number.
    """
    device = choose_device(name)
    set_precision("fp32", device)
    generator = torch.Generator().manual_seed(0)
    images = torch.randn(8, 3, 64, 64, generator=generator)
    weights = torch.randn(16, 3, 5, 5, generator=generator)

    def results(place):
        x, w = (tensor.to(place, copy=True).requires_grad_() for tensor in (images, weights))
        y = torch.nn.functional.conv2d(x, w, padding=2)
        y.square().mean().backward()
        return [tensor.detach().cpu() for tensor in (y, x.grad, w.grad)]

    pairs = zip(results(device), results("cpu"), strict=True)
    return max(((a - b).abs().max() / b.abs().max()).item() for a, b in pairs)


def _stepper(device, settings, recipe, n_images):
    """(Stepper, Images) of a model with random weights on black images, in training."""
    inputs = InputSettings(settings.input_size, [0.5] * 3, [0.5] * 3)
    model = placed(build_model(settings, N_CLASSES), inputs, device).train()
    pixels = np.zeros((n_images, IMAGE_SIDE, IMAGE_SIDE, 3), dtype=np.uint8)
    images = Images(pixels, inputs, device)
    labels = torch.zeros(n_images, dtype=torch.int64, device=device)
    return Stepper(model, images, labels, recipe), images


def synchronisations(name, model_values, recipes, share_of_memory):
    """How often a step waits for the device, over ten steps with each of some recipes, by name.

    recipes: values by name; share_of_memory: of the free one, which images may take.
    """
    device, counts = choose_device(name), {}
    copies.SHARE_OF_FREE_MEMORY = share_of_memory
    settings = checked_settings(ModelSettings, model_values)
    for title, values in recipes.items():
        recipe = checked_settings(Recipe, values)
        stepper, images = _stepper(device, settings, recipe, recipe.batch_size)
        batch = torch.arange(recipe.batch_size).to(images.index_device)
        # The first one makes the optimizer's state, chooses algorithms, records graphs.
        stepper.step(batch, 0.001)
        wait_for(device)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            torch.cuda.set_sync_debug_mode("warn")
            for number in range(10):
                stepper.step(batch, 0.001 * number)
            torch.cuda.set_sync_debug_mode("default")
        counts[title] = sum("called a synchronizing" in str(w.message) for w in caught)
    return counts


def batches_from_the_host(name, n_batches):
    """How many of some batches from the host's memory are not those from the device's, a dict.

    All are queued before the first is looked at, and between two of them something is computed.
    """
    device = choose_device(name)
    generator = torch.Generator().manual_seed(0)
    pixels = torch.randint(256, (2000, IMAGE_SIDE, IMAGE_SIDE, 3), generator=generator)
    inputs = InputSettings(IMAGE_SIDE, [0.5] * 3, [0.5] * 3)
    pixels, share = pixels.to(torch.uint8).numpy(), copies.SHARE_OF_FREE_MEMORY
    on_device = Images(pixels, inputs, device)
    copies.SHARE_OF_FREE_MEMORY = 0 if device.type == "cuda" else share
    from_host = Images(pixels, inputs, device)
    busy = torch.ones(1000, 1000, device=device)
    indices = [torch.randint(len(pixels), (64,), generator=generator) for _ in range(n_batches)]
    batches = []
    for index in indices:
        batches.append(from_host.batch(index))
        busy = (busy @ busy).clamp(0, 1)
    wrong = [
        not torch.equal(batch, on_device.batch(index.to(device)))
        for batch, index in zip(batches, indices, strict=True)
    ]
    return {"wrong": sum(wrong), "copied": not from_host.is_on_device}


def steps_with_little_memory(name, model_values, recipe_values):
    """What `auto` does when half of the memory of a batch is there, a dict.

    A step with all memory, then one with what the weights need and half of the rest. Returns peaks
    in MB, the micro-batch that is left, and the last loss.
    """
    device = choose_device(name)
    settings = checked_settings(ModelSettings, model_values)
    recipe = checked_settings(Recipe, recipe_values)
    stepper, _ = _stepper(device, settings, recipe, recipe.batch_size)
    batch = torch.arange(recipe.batch_size, device=device)
    stepper.step(batch, 0.001)
    peak_mb = peak_memory_mb(device)
    # The gradients are freed where a step begins.
    stepper.optimizer.zero_grad(set_to_none=True)
    held = torch.cuda.memory_allocated(device)
    limit = held + (peak_mb * MEGABYTE - held) / 2
    free_memory(device)
    reset_peak_memory(device)
    total = torch.cuda.get_device_properties(device).total_memory
    torch.cuda.set_per_process_memory_fraction(limit / total, device)
    loss = stepper.step(batch, 0.001).item()
    return {
        "all_mb": peak_mb,
        "limit_mb": limit / MEGABYTE,
        "peak_mb": peak_memory_mb(device),
        "micro_batch": stepper.micro_batch,
        "loss": loss,
    }
