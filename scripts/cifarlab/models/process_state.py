"""What a user's file may change for the whole process, and what is put back."""

import os
import signal
import sys
from contextlib import contextmanager
from functools import partial

from engine.interruption import STOP_SIGNALS

VISIBLE = "CUDA_VISIBLE_DEVICES"


@contextmanager
def put_back(path):
    """Put back what the workflow itself sets or relies on, and say what the block changed of it.

    path: of the user's file, for the line. The random generators are not touched: a model's first
    weights come from them.
    """
    states = _states()
    before = {name: get() for name, (get, _) in states.items()}
    arguments, sys.argv = sys.argv, [str(path)]
    try:
        yield
    finally:
        sys.argv = arguments
        changed = [name for name, (get, _) in states.items() if get() != before[name]]
        for name in changed:
            states[name][1](before[name])
        if changed:
            print(
                f"note: {path} changes for the whole process: {', '.join(changed)}; put back",
                file=sys.stderr,
            )


def _states():
    """By what a person calls it, a function that gives it and one that puts it back."""
    import torch

    precision = "fp32_precision"
    return {
        "the working folder": (os.getcwd, os.chdir),
        "the default dtype": (torch.get_default_dtype, torch.set_default_dtype),
        # None takes away what was set last.
        "the default device": (_default_device, lambda _: torch.set_default_device(None)),
        "the grad mode": (torch.is_grad_enabled, torch.set_grad_enabled),
        "the number of threads": (torch.get_num_threads, torch.set_num_threads),
        "deterministic algorithms": (
            torch.are_deterministic_algorithms_enabled,
            torch.use_deterministic_algorithms,
        ),
        "cuDNN's benchmark": _attribute(torch.backends.cudnn, "benchmark"),
        # All, and the two that it stands for.
        "the precision of float32": _attribute(torch.backends, precision),
        "the precision of matrix products": _attribute(torch.backends.cuda.matmul, precision),
        "the precision of convolutions": _attribute(torch.backends.cudnn.conv, precision),
        VISIBLE: (lambda: os.environ.get(VISIBLE), _set_visible),
        "what signals do": (
            lambda: [signal.getsignal(number) for number in _stop_signals()],
            lambda handlers: [*map(signal.signal, _stop_signals(), handlers)],
        ),
    }


def _attribute(owner, name):
    return partial(getattr, owner, name), partial(setattr, owner, name)


def _default_device():
    """The device of new tensors; None for one that is not there."""
    import torch

    try:
        return torch.get_default_device()
    except (AssertionError, RuntimeError):
        return None


def _set_visible(value):
    if value is None:
        del os.environ[VISIBLE]
    else:
        os.environ[VISIBLE] = value


def _stop_signals():
    return [getattr(signal, name) for name in STOP_SIGNALS if hasattr(signal, name)]
