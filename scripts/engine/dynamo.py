"""A start without torch's compiler, for processes that do not compile."""

import sys
from importlib import import_module
from types import ModuleType

DYNAMO = "torch._dynamo"


def import_dynamo_when_needed():
    """Import the compiler of torch, torch._dynamo, only when something is asked of it.

    torch's optimizers import it to say to it that they are not to be compiled: 1 s and 155 MB, in
    every process that trains. Whoever asks anything else of it gets the module itself.
    """
    if DYNAMO not in sys.modules:
        sys.modules[DYNAMO] = _StandIn(DYNAMO)


class _StandIn(ModuleType):
    """What optimizers ask of torch._dynamo, which does nothing where nothing is compiled."""

    @staticmethod
    def graph_break(msg=""):
        pass

    @staticmethod
    def disable(fn, recursive=True, *, wrapping=True):
        return fn

    def __getattr__(self, name):
        # Python's own tools look at these of every module; a submodule's import asks for a path.
        if name.startswith("__") and name != "__path__":
            raise AttributeError(name)
        if sys.modules.get(DYNAMO) is self:
            del sys.modules[DYNAMO]
        return getattr(import_module(DYNAMO), name)
