"""The head of a classifier: the layer that gives the logits."""

from weakref import WeakKeyDictionary

from torch import nn

from engine.errors import UserError

# Names of heads, by model, where the model's settings say them.
NAMED = WeakKeyDictionary()


def find_head(model, name=None):
    """(name, layer) of the head: the named one, or the last linear layer or convolution.

    model: nn.Module; name: dotted name, by default that in NAMED. Raises UserError where
    there is no such layer.
    """
    layers = {
        layer_name: layer
        for layer_name, layer in model.named_modules()
        if isinstance(layer, (nn.Linear, nn.Conv2d))
    }
    name = name or NAMED.get(model)
    if name is None and layers:
        return list(layers.items())[-1]
    if name not in layers:
        found = f"no linear layer or convolution {name!r}" if name else "none"
        ends = ", ".join(list(layers)[-3:]) or "none at all"
        raise UserError(
            f"head: expected the layer that gives the logits in {type(model).__name__}, found "
            f"{found}; name it in the model's settings, head: dotted.name (its last are: {ends})"
        )
    return name, layers[name]


def replace_head(model, name, n_classes):
    """Put a fresh head for `n_classes` classes in the place of the old one; returns its name.

    A convolution stays one, with its kernel, as in SqueezeNet. Raises UserError as `find_head`.
    """
    name, old = find_head(model, name)
    has_bias = old.bias is not None
    if isinstance(old, nn.Linear):
        new = nn.Linear(old.in_features, n_classes, bias=has_bias)
    else:
        new = nn.Conv2d(
            old.in_channels,
            n_classes,
            old.kernel_size,
            stride=old.stride,
            padding=old.padding,
            bias=has_bias,
        )
    parent, _, last = name.rpartition(".")
    setattr(model.get_submodule(parent), last, new)
    return name


def fit_head(model, name, n_classes):
    """`replace_head`, only where the layer of that name gives another number than `n_classes`."""
    _, layer = find_head(model, name)
    width = layer.out_features if isinstance(layer, nn.Linear) else layer.out_channels
    if width != n_classes:
        replace_head(model, name, n_classes)
