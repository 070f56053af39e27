"""What a model needs, counted without running it: parameters, multiply-adds, published size."""

import torch
from torch import nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from cifarlab.devices import MEGABYTE

BYTES_PER_FLOAT = 4
MEBIBYTE = 1 << 20


def count_parameters(model):
    """Number of parameters of an nn.Module, a shared one counted once."""
    return sum(parameter.numel() for parameter in model.parameters())


def weights_mb(model):
    """Size of parameters and buffers in MB, as they lie in memory."""
    tensors = [*model.parameters(), *model.buffers()]
    return sum(tensor.numel() * tensor.element_size() for tensor in tensors) / MEGABYTE


def _empty_images(model, n_images, image_shape):
    return torch.empty(n_images, *image_shape, device=next(model.parameters()).device)


def layer_table(model, image_shape):
    """The modules of `model` in the order in which they return, the plain containers left out.

    model: nn.Module in eval mode; image_shape: (channels, height, width). Returns a list of dicts
    with name, kind (class name), output_shape (without the batch), parameters, and is_leaf (has no
    modules of its own); one that runs twice stands there twice. On the meta device nothing is
    computed.
    """
    layers, handles = [], []

    def note(name):
        def hook(module, _inputs, output):
            if torch.is_tensor(output):
                layers.append(
                    {
                        "name": name,
                        "kind": type(module).__name__,
                        "output_shape": list(output.shape[1:]),
                        "parameters": count_parameters(module),
                        "is_leaf": not any(True for _ in module.children()),
                    }
                )

        return hook

    try:
        for name, module in model.named_modules():
            if name and not isinstance(module, (nn.Sequential, nn.ModuleList)):
                handles.append(module.register_forward_hook(note(name)))
        with torch.inference_mode():
            model(_empty_images(model, 1, image_shape))
    finally:
        for handle in handles:
            handle.remove()
    return layers


def total_size(convention, layers, image_shape, parameters):
    """The 'total size' of the published table, by one of its three rules.

    convention: a BaseModelSettings.size_convention, which names the unit too; layers: as
    `layer_table` returns them; image_shape: (channels, height, width); parameters: their count.

    All rules count 4 bytes for each number, the input once and outputs twice (once for the
    gradient). The activations' rules are torchsummary's, in MiB: the outputs of every module but
    plain containers and the flatten, which makes no new numbers, and all parameters. torchinfo's
    estimate, in MB, counts the outputs and the parameters of leaves that have parameters, so it
    misses an attention, whose projections are never called as modules.
    """
    batch_size = 64 if convention.endswith("batch64") else 1
    if convention.startswith("torchinfo"):
        layers = [layer for layer in layers if layer["is_leaf"] and layer["parameters"]]
        parameters = sum({layer["name"]: layer["parameters"] for layer in layers}.values())
    outputs = sum(
        _size(layer["output_shape"]) for layer in layers if layer["kind"] != nn.Flatten.__name__
    )
    numbers = batch_size * (_size(image_shape) + 2 * outputs) + parameters
    return numbers * BYTES_PER_FLOAT / (MEBIBYTE if "MiB" in convention else MEGABYTE)


def _size(shape):
    return torch.Size(shape).numel()


def multiply_adds(model, image_shape):
    """Multiply-adds of one image: those of convolutions and matrix products.

    The arguments as for `layer_table`. Counted in training mode and with the plain attention, so
    that it runs as the products that it is and not as one fused operation that the counter does
    not know; with two images, because batch normalisation refuses to train on one.
    """
    model.train()
    try:
        with (
            FlopCounterMode(display=False) as counter,
            sdpa_kernel(SDPBackend.MATH),
            torch.no_grad(),
        ):
            model(_empty_images(model, 2, image_shape))
    finally:
        model.eval()
    # The counter counts a multiplication and an addition as two.
    return counter.get_total_flops() // 2 // 2


def model_cost(model, image_shape, size_convention):
    """Everything that is counted of a model, as a JSON object; arguments as above."""
    layers = layer_table(model, image_shape)
    parameters = count_parameters(model)
    return {
        "total_params": parameters,
        "total_size_mb": total_size(size_convention, layers, image_shape, parameters),
        "size_convention": size_convention,
        "weights_mb": weights_mb(model),
        "multiply_adds": multiply_adds(model, image_shape),
        "input_shape": list(image_shape),
    }
