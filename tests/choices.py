"""Settings of every part that a recipe may choose: what is found in the packages, not a list."""

from typing import Annotated, Literal, get_args, get_origin

from pydantic import TypeAdapter, ValidationError

from cifarlab.training.augmentations import AUGMENTATIONS
from cifarlab.training.averages import AVERAGES
from cifarlab.training.losses import LOSSES
from cifarlab.training.optimizers import OPTIMIZERS
from cifarlab.training.schedules import SCHEDULES

KINDS = {
    "optimizer": OPTIMIZERS,
    "schedule": SCHEDULES,
    "loss": LOSSES,
    "augmentations": AUGMENTATIONS,
    "averaging": AVERAGES,
}
VALUES = (0.01, 0.2, 2, [0.25, 0.5], True, False)


def choices():
    """For each part {key of the recipe: its settings}: with the keys that it needs, and with all
    of them, each with another value than its default."""
    for key, modules in KINDS.items():
        for module in modules.values():
            plain, changed = (written(module.Settings, full) for full in (False, True))
            if key == "augmentations":
                plain, changed = [plain], [changed]
            yield {key: plain}
            if changed != plain:
                yield {key: changed}


def written(part, is_full):
    """Settings of a part, a dict: the keys that are needed, or all of them."""
    return {
        key: _another(field) if key != "name" else get_args(field.annotation)[0]
        for key, field in part.model_fields.items()
        if is_full or field.is_required()
    }


def _another(field):
    """A value that a key takes and that is not its default."""
    adapter = TypeAdapter(Annotated[field.annotation, None, *field.metadata])
    words = get_args(field.annotation) if get_origin(field.annotation) is Literal else ()
    for value in (*VALUES, *words):
        try:
            adapter.validate_python(value, strict=True)
        except ValidationError:
            continue
        if value != field.default:
            return value
    raise ValueError(f"none of {VALUES} fits {field}")
