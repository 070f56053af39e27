"""What a model needs, counted without running it: parameters, multiply-adds, published size."""

import math

import torch
from torch import nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from cifarlab.cost.attempts import attempt, together
from cifarlab.cost.inputs import random_images
from cifarlab.cost.structure import count_parameters, modules_below, structure_tree
from cifarlab.devices import MEGABYTE

BYTES_PER_FLOAT = 4
MEBIBYTE = 1 << 20


def weights_mb(model):
    """Size of parameters and buffers in MB, as they lie in memory."""
    tensors = [*model.parameters(), *model.buffers()]
    return sum(tensor.numel() * tensor.element_size() for tensor in tensors) / MEGABYTE


def total_size(convention, tree):
    """The 'total size' of the published table, by one of its three rules.

    convention: a BaseModelSettings.size_convention, which names the unit too; tree: as
    `structure_tree` returns it.

    All rules count 4 bytes for each number, the input once and outputs twice (once for the
    gradient). The activations' rules are torchsummary's, in MiB: the outputs of every module but
    plain containers and the flatten, which makes no new numbers, and all parameters. torchinfo's
    estimate, in MB, counts the outputs and the parameters of leaves that have parameters, so it
    misses an attention, whose projections are never called as modules.
    """
    batch_size = 64 if convention.endswith("batch64") else 1
    parameters, modules = tree["parameters"], [*modules_below(tree)]
    if convention.startswith("torchinfo"):
        modules = [m for m in modules if m["is_leaf"] and m["parameters"] and m["outputs"]]
        parameters = sum(module["parameters"] for module in modules)
    outputs = sum(m["outputs"] for m in modules if m["kind"] != nn.Flatten.__name__)
    numbers = batch_size * (math.prod(tree["input_shape"]) + 2 * outputs) + parameters
    return numbers * BYTES_PER_FLOAT / (MEBIBYTE if "MiB" in convention else MEGABYTE)


def multiply_adds(model, image_shape):
    """Multiply-adds of one image: those of convolutions and matrix products.

    model: nn.Module in eval mode; image_shape: (channels, height, width). An attention is counted
    as the products that it is: the counter does not know the fused operations that do the same.
    """
    device = next(model.parameters()).device
    is_fused = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        with (
            FlopCounterMode(display=False) as counter,
            sdpa_kernel(SDPBackend.MATH),
            torch.no_grad(),
        ):
            model(random_images(1, image_shape, device))
    finally:
        torch.backends.mha.set_fastpath_enabled(is_fused)
    # The counter counts a multiplication and an addition as two.
    return counter.get_total_flops() // 2


def model_cost(model, image_shape, size_convention):
    """Everything that is counted of a model, and its layers, as `attempt` returns it.

    model: nn.Module in eval mode; image_shape: (channels, height, width); size_convention: as for
    `total_size`.
    """

    def products():
        return {"multiply_adds": multiply_adds(model, image_shape)}

    def layers():
        tree = structure_tree(model, image_shape)
        return {"total_size_mb": total_size(size_convention, tree), "structure": tree}

    # A compiled model is followed as it was written.
    with torch.compiler.set_stance("force_eager"):
        return together(
            {
                "total_params": count_parameters(model),
                "weights_mb": weights_mb(model),
                "size_convention": size_convention,
                "input_shape": list(image_shape),
            },
            attempt(["multiply_adds"], products),
            attempt(["total_size_mb", "structure"], layers),
        )
