"""Model families, one module each. A family's module has `Settings` and `build`.

Settings: a subclass of BaseModelSettings whose `family` is the module's name. build(settings,
n_classes): the torch.nn.Module, with fresh weights from torch's global generator, from float
[n, 3, input_size, input_size] to logits [n, n_classes]. A module imports torch only when it
builds: the workflow reads Settings at every start, and importing torch takes seconds.

Where torchvision names weights for a family, it has named_weights(settings) too, and where
published state dicts need it, adapt_state(settings, state).
"""

import importlib
import pkgutil
from typing import Annotated, Union

from pydantic import Field

FAMILIES = {
    module.name: importlib.import_module(f"{__name__}.{module.name}")
    for module in pkgutil.iter_modules(__path__)
}

ModelSettings = Annotated[
    Union[tuple(module.Settings for module in FAMILIES.values())],  # noqa: UP007
    Field(discriminator="family"),
]
