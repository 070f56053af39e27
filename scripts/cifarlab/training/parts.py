"""Parts of a recipe that are chosen by name: how they are found, read and written.

A kind of part is a package with one module for each choice, found by being there: `optimizers`,
`schedules`, `losses`. A module has one class, `Settings`: a Part whose `name` is the module's, with
its own keys, a docstring that says what it is, and `build`, which makes it. Unknown choices and
keys are refused when a recipe is read. A module imports torch only when it builds: the workflow
reads all of them at every start, and importing torch takes seconds.

A new kind (augmentations, averages of the weights) is a package like these, a key of the Recipe,
and a call in `steps`; a state that it has is kept by `Stepper.state` and `Stepper.resume`.
"""

import importlib
import inspect
import pkgutil
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import model_serializer
from pydantic_core import core_schema

from engine.settings import PositiveNumber, Settings


def modules_in(package, folders):
    """The modules of a package, a dict by name. package: its __name__; folders: its __path__."""
    names = [module.name for module in pkgutil.iter_modules(folders)]
    return {name: importlib.import_module(f"{package}.{name}") for name in names}


class Part(Settings):
    """The settings of one choice; its module is the one that `name` names."""

    name: str

    @property
    def code_file(self):
        """Path of the module that the part is built by."""
        return Path(inspect.getfile(type(self)))

    @model_serializer(mode="wrap")
    def _canonical(self, as_dict):
        """The name alone where every other key has its default.

        So a choice stays the same text when its module gets a new key.
        """
        others = {name: field for name, field in type(self).model_fields.items() if name != "name"}
        is_plain = all(
            not field.is_required()
            and getattr(self, name) == field.get_default(call_default_factory=True)
            for name, field in others.items()
        )
        return self.name if is_plain else as_dict(self)


class OneOf:
    """Annotation of a key: the Settings of one of these modules, chosen by `name`.

    A word in its place is short for {name: word}. modules: as from `modules_in`.
    """

    def __init__(self, modules):
        self.modules = modules

    def __get_pydantic_core_schema__(self, _source, handler):
        choices = {n: handler.generate_schema(m.Settings) for n, m in self.modules.items()}
        return core_schema.no_info_before_validator_function(
            lambda value: {"name": value} if isinstance(value, str) else value,
            # Unlike a union, it may have one member.
            core_schema.tagged_union_schema(choices, discriminator="name"),
        )

    def __get_pydantic_json_schema__(self, schema, handler):
        described = handler(schema)
        if words := [name for name, module in self.modules.items() if _is_a_word(module.Settings)]:
            described["oneOf"].append({"enum": words})
        return described


def _is_a_word(part):
    """Whether a Part needs no other key than its name."""
    return all(
        name == "name" or not field.is_required() for name, field in part.model_fields.items()
    )


@dataclass(frozen=True)
class InOneStep:
    """Annotation of a key without bearing on the time and the memory that one step takes.

    There `value` stands for all its values but 0 and null, which stay. A key that is not annotated
    has a bearing.
    """

    value: Any


def in_one_step(settings):
    """Settings with one value for all that has no bearing on what one step takes."""
    values = {}
    for name, value, mark in marked_values(settings):
        if mark and value:
            value = mark.value
        values[name] = in_one_step(value) if isinstance(value, Settings) else value
    return settings.model_copy(update=values)


def marked_values(settings):
    """(name, value, its InOneStep or None) of every key of some settings."""
    for name, field in type(settings).model_fields.items():
        marks = [mark for mark in field.metadata if isinstance(mark, InOneStep)]
        yield name, getattr(settings, name), next(iter(marks), None)


class OptimizerSettings(Part):
    """What every optimizer has beside its own keys."""

    learning_rate: Annotated[PositiveNumber, InOneStep(1.0)]
    """At the top of the schedule."""


# Kinds of devices with kernels that update all parameters in one pass over their memory.
HAS_FUSED_KERNELS = {"cpu", "cuda", "mps", "xpu"}


def fused(parameters):
    """What torch's optimizers take as `fused`: True where they can use their fused kernels.

    None where they cannot, and torch chooses another way. parameters: list of tensors. The kernels
    write to as much memory as a tensor has numbers, so one that lies there with gaps is not theirs.
    """
    import torch

    layouts = (torch.contiguous_format, torch.channels_last, torch.channels_last_3d)
    can_be = all(
        parameter.device.type in HAS_FUSED_KERNELS
        and parameter.is_floating_point()
        and any(parameter.is_contiguous(memory_format=layout) for layout in layouts)
        for parameter in parameters
    )
    return True if can_be else None
