"""The structure of a model, taken from the model itself as it runs."""

import contextlib
from collections.abc import Mapping

import torch
from torch import nn

from cifarlab.cost.inputs import random_images

CONTAINERS = (nn.Sequential, nn.ModuleList)


def count_parameters(model):
    """Number of parameters of an nn.Module, a shared one counted once."""
    return sum(parameter.numel() for parameter in model.parameters())


def structure_tree(model, image_shape):
    """The modules of `model` that run, as nested dicts ready for JSON.

    model: nn.Module in eval mode; image_shape: (channels, height, width). A dict has name (within
    its parent), kind (class name), output_shape (without the batch, of the first tensor; None
    where there is none), outputs (how many numbers all its calls put out for one image: none for a
    plain container, and where it is not a tensor), kernel_size (None where there is none),
    parameters (of the module and all below it, a shared one once), is_leaf (whether it has no
    modules of its own) and children, in order of their first call; the root also has input_shape.
    A module appears once however often it is called, and not at all if it never is. On the meta
    device nothing is computed. Raises what the model raises, and RuntimeError where a module takes
    no hooks, as those of TorchScript.
    """
    names = {module: name for name, module in model.named_modules()}
    nodes, running = {}, []

    def enter(module, _inputs):
        if module not in nodes:
            nodes[module] = _node(module, names[module])
            if running:
                nodes[module]["name"] = names[module].removeprefix(f"{names[running[-1]]}.")
                nodes[running[-1]]["children"].append(nodes[module])
        running.append(module)

    def leave(module, _inputs, output):
        running.pop()
        tensor = _first_tensor(output)
        if nodes[module]["output_shape"] is None and tensor is not None:
            nodes[module]["output_shape"] = [*tensor.shape[1:]]
        if torch.is_tensor(output) and not isinstance(module, CONTAINERS):
            nodes[module]["outputs"] += output.shape[1:].numel()

    device = next((parameter.device for parameter in model.parameters()), torch.device("cpu"))
    with contextlib.ExitStack() as hooks, torch.no_grad():
        for module in names:
            hooks.enter_context(module.register_forward_pre_hook(enter))
            hooks.enter_context(module.register_forward_hook(leave))
        model(random_images(1, image_shape, device))
    return nodes[model] | {"input_shape": [*image_shape]}


def _node(module, name):
    kernel = getattr(module, "kernel_size", None)
    return {
        "name": name,
        "kind": type(module).__name__,
        "output_shape": None,
        "outputs": 0,
        "kernel_size": [*kernel] if isinstance(kernel, tuple) else None,
        "parameters": count_parameters(module),
        "is_leaf": not any(True for _ in module.children()),
        "children": [],
    }


def modules_below(tree):
    """All dicts of a tree but its root, each before its children."""
    for child in tree["children"]:
        yield child
        yield from modules_below(child)


def _first_tensor(output):
    if isinstance(output, torch.Tensor):
        return output
    parts = [*output.values()] if isinstance(output, Mapping) else output
    found = map(_first_tensor, parts if isinstance(parts, tuple | list) else ())
    return next((tensor for tensor in found if tensor is not None), None)
