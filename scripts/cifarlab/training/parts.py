"""Parts of a recipe that are chosen by name: how they are found, read and written.

A kind of part is a package with one module for each choice, found by being there: `optimizers`,
`schedules`, `losses`, `augmentations`, `averages`. A module has one class, `Settings`: a Part whose
`name` is the module's, with its own keys, a docstring that says what it is, and `build`, which
makes it, or what else its package asks for. Unknown choices and keys are refused when a recipe is
read. A module imports torch only when it builds: the workflow reads all of them at every start, and
importing torch takes seconds.

A new kind is a package like these, a key of the Recipe, one part or a list of them, and a call in
`steps`; a state that it has is kept by `Stepper.state` and `Stepper.resume`.
"""

import importlib
import inspect
import pkgutil
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated, Any, ClassVar

from pydantic import Field, model_serializer
from pydantic_core import PydanticCustomError, core_schema

from engine.settings import Number, PositiveNumber, Settings


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

        So a choice stays the same text when its module gets a new key; written with other keys it
        does where the new one is LEFT_OUT.
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

    There `value` stands for all its values but 0, null and its default, which stay: they may mean
    that there is less to do. A key that is not annotated has a bearing.
    """

    value: Any


def in_one_step(settings):
    """Settings with one value for all that has no bearing on what one step takes."""
    values = {}
    for name, value, mark in marked_values(settings):
        if mark and value and value != type(settings).model_fields[name].default:
            value = mark.value
        if isinstance(value, list):
            value = [in_one_step(one) if isinstance(one, Settings) else one for one in value]
        values[name] = in_one_step(value) if isinstance(value, Settings) else value
    return settings.model_copy(update=values)


def marked_values(settings):
    """(name, value, its InOneStep or None) of every key of some settings."""
    for name, field in type(settings).model_fields.items():
        marks = [mark for mark in field.metadata if isinstance(mark, InOneStep)]
        yield name, getattr(settings, name), next(iter(marks), None)


def left_out_at(default):
    """Annotation of a key that settings leave out, when they are written, where it has its default.

    For a key that came later: what does without it stays the same text. default: of the key.
    """
    return Field(exclude_if=lambda value: value == default)


def contradiction(words):
    """What a validator raises: a fault of the key that it checks. words: as a sentence goes on."""
    return PydanticCustomError("contradiction", "{words}", {"words": words})


class OptimizerSettings(Part):
    """What every optimizer has beside its own keys."""

    learning_rate: Annotated[PositiveNumber, InOneStep(1.0)]
    """The highest learning rate of the schedule."""

    decay_biases_and_norms: Annotated[bool, left_out_at(True)] = True
    """Whether weight decay also applies to biases and to the scales of normalisation: to parameters
    with one dimension."""

    head_learning_rate_multiple: Annotated[PositiveNumber, InOneStep(2.0), left_out_at(1.0)] = 1.0
    """The learning rate of the head, the layer that gives the logits, is multiplied by this."""

    layer_decay: Annotated[Number, Field(gt=0, le=1), InOneStep(0.5), left_out_at(1.0)] = 1.0
    """Factor of the learning rate from each layer to the one below it; that of the head is not
    lowered. Layers are the blocks of a model, in the order in which its code makes them."""

    freeze_backbone_epochs: Annotated[int, Field(ge=0), InOneStep(0), left_out_at(0)] = 0
    """First epochs in which the head alone is trained. The statistics of batch normalisation still
    follow the images."""

    def options_of(self, parameter):
        """What differs between the groups of parameters, a dict; those of equal ones are a group.

        parameter: cifarlab.training.groups.Parameter. `lr_multiple` is of the recipe's learning
        rate, other options are of the torch.optim.Optimizer.
        """
        multiple = self.layer_decay**parameter.layers_above
        if parameter.is_head:
            multiple = self.head_learning_rate_multiple
        keeps = parameter.tensor.ndim <= 1 and not self.decay_biases_and_norms
        return {"lr_multiple": multiple, **({"weight_decay": 0.0} if keeps else {})}

    @property
    def looks_at_layers(self):
        """Whether `options_of` depends on the layer of a parameter."""
        return self.head_learning_rate_multiple != 1 or self.layer_decay != 1


class AveragingSettings(Part):
    """What every average of the weights has beside its own keys."""

    def share_of_step(self, n_taken):
        """Share of the weights after a step in the average, in [0, 1], or 0: they are not taken.

        n_taken: how often weights were taken before; the first time they are the average.
        """
        return 0

    def share_of_epoch(self, n_taken, epochs_left):
        """Share of the weights after an epoch, as for a step. epochs_left: that come after it."""
        return 0

    @property
    def n_last_epochs(self):
        """Of how many of the last epochs it is made, or 0 where it need not be known which is the
        last one."""
        return 0


class LossSettings(Part):
    """What every loss has beside its own keys."""

    takes_soft_targets: ClassVar[bool] = False
    """Whether targets may also be float [n, n_classes], the shares of the classes in each image."""


class AugmentationSettings(Part):
    """What every augmentation has beside its own keys."""

    mixes: ClassVar[bool] = False
    """Whether it mixes images and their labels; it is called after those that do not."""


class ScheduleSettings(Part):
    """What every schedule has beside its own keys."""

    rises: ClassVar[bool] = False
    """Whether it begins with a rise of its own, so that a warm-up would be a second one."""


# Methods of torch's optimizers that it keeps its compiler from.
NOT_COMPILED = ("add_param_group", "state_dict", "load_state_dict", "zero_grad")


def optimizer(kind, groups, **options):
    """A torch.optim.Optimizer of a kind over groups of parameters, made without torch's compiler.

    kind: a class; groups: as an optimizer's `build` gets them; options: what the class takes. It
    is of a class below `kind` with its methods as they are inside torch's wrappers. These import
    torch._dynamo, 1 s and 155 MB in every process that trains, only to say to it that optimizers
    are not to be compiled, and here nothing but models is.
    """
    return _uncompiled(kind)(groups, **options)


@cache
def _uncompiled(kind):
    import torch

    methods = {name: inspect.unwrap(getattr(kind, name)) for name in NOT_COMPILED}
    step = torch.no_grad()(inspect.unwrap(kind.step))
    # Says that what hangs on a step is there: torch's hooks and the profiler's name for it, which
    # nothing here uses, and which take as long as the step of a small model.
    step.hooked = True
    methods["step"] = step
    return type(kind.__name__, (kind,), methods)


# Kinds of devices with kernels that update all parameters in one pass over their memory.
HAS_FUSED_KERNELS = {"cpu", "cuda", "mps", "xpu"}


def fused(groups):
    """What torch's optimizers take as `fused`: True where they can use their fused kernels.

    None where they cannot, and torch chooses another way. groups: as an optimizer's `build` gets
    them. The kernels write to as much memory as a tensor has numbers, so one that lies there with
    gaps is not theirs.
    """
    import torch

    layouts = (torch.contiguous_format, torch.channels_last, torch.channels_last_3d)
    can_be = all(
        parameter.device.type in HAS_FUSED_KERNELS
        and parameter.is_floating_point()
        and any(parameter.is_contiguous(memory_format=layout) for layout in layouts)
        for group in groups
        for parameter in group["params"]
    )
    return True if can_be else None
