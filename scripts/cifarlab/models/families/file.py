"""A user's own model: a function in a Python file that returns it."""

import importlib.util
import sys
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field

from cifarlab.models.settings import BaseModelSettings
from engine.errors import UserError


class Settings(BaseModelSettings):
    """A function in a Python file, called as `function(n_classes, **options)`."""

    family: Literal["file"]
    """The module that builds the model."""

    factory: Annotated[str, Field(pattern=r"^.+\.py:[A-Za-z_]\w*$")]
    """`path/to/model.py:function`, which returns the model."""

    options: dict[str, Any] = Field(default_factory=dict)
    """Further arguments of the function, by name."""

    @property
    def code_files(self):
        return [*super().code_files, Path(self.factory.rpartition(":")[0])]


def build(settings, n_classes):
    """What the factory returns, an nn.Module from float [n, 3, size, size] to [n, n_classes].

    Raises UserError where the file or the function is not there, or where no model comes back.
    """
    from torch import nn

    path, _, name = settings.factory.rpartition(":")
    if not Path(path).is_file():
        raise UserError(f"factory: expected a Python file at {path}, found none; check the path")
    spec = importlib.util.spec_from_file_location(f"model_file_{Path(path).stem}", path)
    module = importlib.util.module_from_spec(spec)
    # Dataclasses, among others, look their module up by its name.
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    if not callable(getattr(module, name, None)):
        raise UserError(f"factory: {path} has no function {name!r}; define it or name another")
    model = getattr(module, name)(n_classes, **settings.options)
    if not isinstance(model, nn.Module):
        raise UserError(
            f"factory: {settings.factory} returned {type(model).__name__}, expected a "
            "torch.nn.Module; return the model"
        )
    return model
