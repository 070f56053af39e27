"""The parameters of a model, in groups that an optimizer treats alike."""

from dataclasses import dataclass

import torch
from torch import nn

from cifarlab.models.heads import find_head
from engine.errors import UserError

# Modules whose weight is a matrix, or the matrix of a convolution's filters.
HAS_MATRIX = (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d)
LISTS = (nn.Sequential, nn.ModuleList, nn.ModuleDict)


@dataclass(frozen=True)
class Parameter:
    """A parameter and its place in the model.

    tensor: nn.Parameter; is_head: whether the layer that gives the logits has it; layers_above: how
    many layers are above its own one, the head counted; is_hidden_matrix: whether it is the weight
    of a linear layer or convolution that is neither the first one nor the head. The places are
    known where the optimizer `looks_at_layers`.
    """

    tensor: torch.Tensor
    is_head: bool = False
    layers_above: int = 0
    is_hidden_matrix: bool = False


def parameter_groups(model, optimizer):
    """Groups of parameters as torch.optim takes them: dicts with `params`, a list, and options.

    model: nn.Module; optimizer: OptimizerSettings, whose `options_of` tells the groups apart. All
    parameters are in one of them, in their order. Raises UserError where there is no head to find.
    """
    parameters = [Parameter(tensor) for tensor in model.parameters()]
    if optimizer.looks_at_layers:
        parameters = _with_places(model)
    groups = {}
    for parameter in parameters:
        options = optimizer.options_of(parameter)
        group = groups.setdefault(tuple(options.items()), {"params": [], **options})
        group["params"].append(parameter.tensor)
    return list(groups.values())


def _with_places(model):
    _, head = find_head(model)
    layers = layers_below(model, head)
    above = {tensor: len(layers) - i for i, layer in enumerate(layers) for tensor in layer}
    owners = [module for module in model.modules() if isinstance(module, HAS_MATRIX)]
    # Not by attribute: where a weight is computed from other parameters, they are no matrices.
    weights = [m._parameters.get("weight") for m in owners[1:] if m is not head]
    hidden = {weight for weight in weights if weight is not None and weight.is_floating_point()}
    of_head = {*head.parameters()}
    return [
        Parameter(tensor, tensor in of_head, above.get(tensor, 0), tensor in hidden)
        for tensor in model.parameters()
    ]


def layers_below(model, head):
    """The layers of a model below its head, lowest first: lists of parameters.

    A layer is a module that is not divided any further: lists of modules are (nn.Sequential), and
    what holds more than half of all weights, such as the encoder of a ViT. Modules are in the order
    in which they are registered. One without a matrix, such as a normalisation, and the parameters
    of a divided module itself are of the layer before them.
    """
    half = _size(model) / 2
    layers, known = [], {*head.parameters()}

    def add(parameters, begins):
        new = [tensor for tensor in parameters if tensor not in known]
        known.update(new)
        if new and (begins or not layers):
            layers.append(new)
        elif new:
            layers[-1].extend(new)

    def walk(module):
        children = [*module.children()]
        if children and (isinstance(module, LISTS) or _size(module) > half):
            add(module.parameters(recurse=False), begins=False)
            for child in children:
                walk(child)
        else:
            parameters = [*module.parameters()]
            add(parameters, begins=any(tensor.ndim > 1 for tensor in parameters))

    walk(model)
    return layers


def _size(module):
    return sum(tensor.numel() for tensor in module.parameters())


def backbone_of(model):
    """The parameters of a model that are trained and not of its head, a list of tensors.

    Raises UserError where there are none, or where the head has none to train.
    """
    name, head = find_head(model)
    of_head = {tensor for tensor in head.parameters() if tensor.requires_grad}
    backbone = [t for t in model.parameters() if t.requires_grad and t not in of_head]
    for parameters, what in ((of_head, f"in the head, {name}"), (backbone, "but for its head")):
        if not parameters:
            raise UserError(
                f"freeze_backbone_epochs: expected a model with parameters to train {what}, found "
                f"none in {type(model).__name__}; take the key out of the recipe's optimizer"
            )
    return backbone
