"""Model families, one module each. A family's module has `Settings` and `build`.

Settings: a settings class whose `family` is the module's name; build(settings, n_classes): the
torch.nn.Module, with fresh weights from torch's global generator, from float [n, 3, height, width]
to logits [n, n_classes]. A module imports torch only when it builds: the workflow reads Settings
at every start, and importing torch takes seconds.
"""

import importlib
import pkgutil
from typing import Annotated, Union

from pydantic import Field

FAMILIES = {
    module.name: importlib.import_module(f"{__name__}.{module.name}")
    for module in pkgutil.iter_modules(__path__)
}


def _one_of(kinds):
    return Annotated[Union[kinds], Field(discriminator="family")] if len(kinds) > 1 else kinds[0]  # noqa: UP007


ModelSettings = _one_of(tuple(module.Settings for module in FAMILIES.values()))


def build_model(settings, n_classes):
    """The model that `settings` describes, for `n_classes` classes."""
    return FAMILIES[settings.family].build(settings, n_classes)
