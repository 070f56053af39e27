"""What a model needs, counted without running it: parameters, layers, and the published size."""

import torch
from torch import nn

BYTES_PER_FLOAT = 4
MEBIBYTE = 1 << 20
PUBLISHED_BATCH = 64


def count_parameters(model):
    """Number of parameters of an nn.Module, a shared one counted once."""
    return sum(parameter.numel() for parameter in model.parameters())


def layer_table(model, image_shape):
    """The layers of `model` in the order in which they run.

    model: nn.Module in eval mode; image_shape: (channels, height, width). Returns a list of dicts
    with name, kind (class name), output_shape (without the batch) and parameters; a layer is a
    module without modules of its own. On the meta device nothing is computed.
    """
    layers, handles = [], []

    def note(name):
        def hook(layer, _inputs, output):
            layers.append(
                {
                    "name": name,
                    "kind": type(layer).__name__,
                    "output_shape": list(output.shape[1:]),
                    "parameters": count_parameters(layer),
                }
            )

        return hook

    leaves = [(name, layer) for name, layer in model.named_modules() if not [*layer.children()]]
    try:
        for name, layer in leaves:
            handles.append(layer.register_forward_hook(note(name)))
        with torch.inference_mode():
            model(torch.empty(1, *image_shape, device=next(model.parameters()).device))
    finally:
        for handle in handles:
            handle.remove()
    return layers


def activations_size(layers, image_shape, parameters, batch_size):
    """The published 'total size' of a CNN, in MiB.

    4 bytes for each number of the input, of every layer's output twice (once for the gradient),
    and of the parameters; a flatten makes no new numbers and is not counted. layers: as
    `layer_table` returns them; image_shape: (channels, height, width); parameters: their count.
    """
    outputs = sum(
        _size(layer["output_shape"]) for layer in layers if layer["kind"] != nn.Flatten.__name__
    )
    numbers = batch_size * (_size(image_shape) + 2 * outputs) + parameters
    return numbers * BYTES_PER_FLOAT / MEBIBYTE


def _size(shape):
    return torch.Size(shape).numel()


def model_cost(model, image_shape):
    """Everything that is counted of a model, as a JSON object; the arguments as `layer_table`."""
    layers = layer_table(model, image_shape)
    parameters = count_parameters(model)
    return {
        "total_params": parameters,
        "total_size_mb": activations_size(layers, image_shape, parameters, PUBLISHED_BATCH),
        "size_convention": f"activations-x2-MiB-batch{PUBLISHED_BATCH}",
        "input_shape": list(image_shape),
        "layers": layers,
    }
