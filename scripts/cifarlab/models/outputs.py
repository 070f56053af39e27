"""What a model gives: its logits, and those of its auxiliary classifiers, in one of many forms."""

from collections.abc import Mapping

import torch

from engine.errors import UserError


def logits_of(output):
    """The logits in what a model gave, a tensor.

    output: a tensor; a mapping or an object with `logits`; or a tuple or list that begins with
    them. Raises UserError that describes anything else.
    """
    if torch.is_tensor(output):
        return output
    if "logits" in (fields := _fields(output)):
        return fields["logits"]
    if isinstance(output, tuple | list) and output and torch.is_tensor(output[0]):
        return output[0]
    raise UserError(
        "expected a tensor of logits, a tuple that begins with it, or a field `logits`, found "
        f"{_described(output)}; return the logits from the model's forward"
    )


def auxiliary_logits_of(output):
    """The logits of auxiliary classifiers in what a model gave, a list of tensors.

    They are fields whose names begin with `aux`; in a plain tuple or list, every further tensor of
    the logits' shape.
    """
    if torch.is_tensor(output):
        return []
    logits = logits_of(output)
    fields = _fields(output)
    others = [value for name, value in fields.items() if name.startswith("aux")]
    if not fields and isinstance(output, tuple | list):
        others = output[1:]
    return [other for other in others if torch.is_tensor(other) and other.shape == logits.shape]


def _fields(output):
    """What has a name in an output, by name."""
    if isinstance(output, Mapping):
        return output
    if hasattr(output, "_asdict"):
        return output._asdict()
    return getattr(output, "__dict__", {})


def _described(output):
    """The shape or the keys of an output, never its numbers."""
    if torch.is_tensor(output):
        return f"a tensor of shape {tuple(output.shape)}"
    name = type(output).__name__
    if fields := _fields(output):
        return f"{name} with the fields {', '.join(map(str, fields))}"
    if isinstance(output, tuple | list):
        return f"{name} of {', '.join(type(part).__name__ for part in output) or 'nothing'}"
    return name


def checked_logits(output, n_images, n_classes):
    """`logits_of(output)`; UserError where they are not float32 [n_images, n_classes]."""
    logits = logits_of(output)
    if not torch.is_tensor(logits) or tuple(logits.shape) != (n_images, n_classes):
        raise UserError(
            f"expected logits of shape {(n_images, n_classes)} for {n_images} images, found "
            f"{_described(logits)}; let the model's factory take "
            "n_classes, or name the layer that gives the logits, head: dotted.name, to replace it"
        )
    return logits
