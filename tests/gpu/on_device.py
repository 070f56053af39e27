"""What a check does on the device itself, in a process of its own that gives the device back."""

from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import numpy as np
import torch

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


def steps_with_little_memory(name, model_values, recipe_values):
    """What `auto` does when half of the memory of a batch is there, a dict.

    A step with all memory, then one with what the weights need and half of the rest. Returns peaks
    in MB, the micro-batch that is left, and the last loss.
    """
    device = choose_device(name)
    settings = checked_settings(ModelSettings, model_values)
    recipe = checked_settings(Recipe, recipe_values)
    inputs = InputSettings(settings.input_size, [0.5] * 3, [0.5] * 3)
    model = placed(build_model(settings, N_CLASSES), inputs, device).train()
    pixels = np.zeros((recipe.batch_size, IMAGE_SIDE, IMAGE_SIDE, 3), dtype=np.uint8)
    labels = torch.zeros(recipe.batch_size, dtype=torch.int64, device=device)
    stepper = Stepper(model, Images(pixels, inputs, device), labels, recipe)
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
