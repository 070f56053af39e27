"""From the settings of a model to the model."""

from contextlib import contextmanager

from cifarlab.models.families import FAMILIES
from cifarlab.models.heads import NAMED
from engine.errors import UserError
from engine.faults import one_line, place_of


def build_model(settings, n_classes):
    """The model that `settings` describes, for `n_classes` classes.

    Raises UserError where it cannot be built, or could not be trained. It runs on images only
    where it has lazy layers, which take their shapes from that.
    """
    with faults_of_the_model(settings):
        model = FAMILIES[settings.family].build(settings, n_classes)
        _settle_lazy_layers(model, settings)
        _check(model)
        if settings.head:
            NAMED[model] = settings.head
    return model


def build_for_counting(settings, n_classes):
    """The same in eval mode, on the meta device if it can be: all shapes, nothing computed.

    Some models need numbers to be built (RegNet's widths) or to run; those are on the CPU.
    """
    import torch

    try:
        with torch.device("meta"):
            model = FAMILIES[settings.family].build(settings, n_classes)
            _settle_lazy_layers(model, settings)
            with torch.no_grad():
                model.eval()(torch.zeros(2, *image_shape(settings)))
        _check(model)
    except Exception:  # built again on the CPU, where a fault of the model itself is reported
        model = build_model(settings, n_classes)
    return model.eval()


def image_shape(settings):
    """Shape of the images that a model takes: (channels, height, width)."""
    return 3, settings.input_size, settings.input_size


def _settle_lazy_layers(model, settings):
    import torch
    from torch.nn.parameter import is_lazy

    def lazy():
        tensors = {**dict(model.named_parameters()), **dict(model.named_buffers())}
        return [name for name, tensor in tensors.items() if is_lazy(tensor)]

    # Training mode for layers that run there alone; what it changes besides is put back.
    for mode in (model.eval, model.train):
        if lazy():
            kept = {name: b.clone() for name, b in model.named_buffers() if not is_lazy(b)}
            with torch.no_grad():
                mode()(torch.zeros(2, *image_shape(settings)))
                for name, buffer in kept.items():
                    model.get_buffer(name).copy_(buffer)
    if names := lazy():
        raise UserError(
            f"the shape of {names[0]} is never settled, because its layer does not run; "
            "call the layer in forward, or remove it"
        )
    model.train()


def _check(model):
    """Raise UserError where training would leave out a part of the model, or all of it."""
    import torch

    known = set(model.modules())
    for owner in known:
        for attribute, value in vars(owner).items():
            parts = value.values() if isinstance(value, dict) else value
            if attribute.startswith("_") or not isinstance(value, list | tuple | dict):
                continue
            for part in parts:
                if isinstance(part, torch.nn.Module) and part not in known and _is_trained(part):
                    raise UserError(
                        f"{type(owner).__name__}.{attribute} is a plain {type(value).__name__} of "
                        "layers, which would not be trained or saved; use torch.nn.ModuleList or "
                        "ModuleDict"
                    )
    if not _is_trained(model):
        raise UserError(
            "expected parameters to train, found "
            f"{'all of them frozen' if any(True for _ in model.parameters()) else 'none'}; "
            "set requires_grad for some"
        )
    for name, parameter in model.named_parameters():
        if parameter.is_floating_point() and parameter.dtype != torch.float32:
            raise UserError(
                f"expected parameters of float32, found {name} of "
                f"{str(parameter.dtype).removeprefix('torch.')}; build the model in float32 (the "
                "recipe's precision chooses what is computed with)"
            )


def _is_trained(module):
    return any(parameter.requires_grad for parameter in module.parameters())


@contextmanager
def faults_of_the_model(settings):
    """Turn whatever a model raises in the block into a UserError that says where."""
    try:
        yield
    except UserError:
        raise
    except (Exception, SystemExit) as error:  # a user's code and settings can raise anything
        images = ", ".join(map(str, ["n", *image_shape(settings)]))
        raise UserError(
            f"the model cannot be built and trained: {type(error).__name__}: {one_line(error)} "
            f"({place_of(error)}); it gets images [{images}]; correct its code or its settings, "
            f"{settings.to_json()}"
        ) from error
