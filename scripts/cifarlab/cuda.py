"""A GPU for this process: leased, one that torch can use, or the reason why there is none.

What torch does was read in torch 2.14.1, torch/cuda/__init__.py: the functions are named where
something relies on them.
"""

import os
import re
import sys

import torch

from engine import gpus, leases
from engine.errors import UserError

# By the CUDA that torch was built for: the oldest driver, docs.nvidia.com/deploy/cuda-compatibility
# (minor version compatibility). Only said: packages for forward compatibility allow older ones.
LEAST_DRIVER = {"11": "450", "12": "525", "13": "580"}


class NoGpu(Exception):
    """No GPU for this process, which is no fault. Its arguments: why, and torch's own reason."""


def take_gpu(on_wait=None):
    """A torch.device that this process alone uses until it ends, and what it is, in words.

    Waits while none is free; on_wait: as for leases.lease_device. A scheduler that has chosen is
    not asked again. Starts CUDA, which reads then, and never again, what is visible. Raises NoGpu
    where there is none, and UserError where there is one that torch cannot use.
    """
    if hidden := gpus.why_hidden():
        raise NoGpu(hidden, "so no GPU is visible")
    sight = gpus.look()
    # Windows has no flock.
    leases_one = (
        torch.backends.cuda.is_built()
        and not leases.scheduler_chooses()
        and sys.platform != "win32"
    )
    name = None
    if leases_one:
        # Numbers are then the same for all, and nvidia-smi's. CUDA's own order is by speed.
        os.environ["CUDA_DEVICE_ORDER"] = "PCI_BUS_ID"
        names = _names(sight)
        if names or leases.LEASED in os.environ:
            name = leases.lease_device(names, leases.lock_folder(), on_wait)
    _start(sight)
    number = _number(name, leases_one, on_wait)
    torch.cuda.set_device(number)
    driver = f", driver {sight.driver}" if sight.driver else ""
    return (
        torch.device("cuda", number),
        f"{torch.cuda.get_device_name(number)}{driver}{_visible(', ')}",
    )


def _visible(before):
    """What CUDA_VISIBLE_DEVICES is, after `before`; nothing where it is not set."""
    value = os.environ.get(gpus.VISIBLE)
    return f"{before}{gpus.VISIBLE}={value}" if value else ""


def _number(name, leases_one, on_wait):
    """The number, in torch, of the GPU to use. name: what is leased, or None."""
    usable, count = _usable_numbers(), torch.cuda.device_count()
    if not leases_one:
        return usable[0]
    if name is None:
        # Nothing but torch knows the GPUs, and CUDA has started: it no longer reads which one is
        # visible, so this process must say which it means.
        names = _names_by_number(count)
        choice = [names[number] for number in usable]
        return names.index(leases.lease_device(choice, leases.lock_folder(), on_wait))
    if count != 1:
        raise UserError(
            f"expected to see only the leased GPU {name}, found {count}: CUDA was started before; "
            "let nothing use CUDA before the device is chosen"
        )
    return 0


def _names(sight):
    """The GPUs to choose from, by UUID; none where only torch can find them."""
    if sight.gpus:
        visible = gpus.visible(sight.gpus)
        if not visible:
            raise UserError(f"{gpus.names_none(sight.gpus)}; correct it, or set device: cpu")
        usable = [gpu for gpu in visible if can_run(gpu.capability)]
        if not usable:
            raise _unusable((gpu.name, gpu.capability) for gpu in visible)
        return [gpu.uuid for gpu in usable]
    value = os.environ.get(gpus.VISIBLE, "")
    return value.split(",") if value.startswith(("GPU-", "MIG-")) else []


def _names_by_number(count):
    """The GPUs that CUDA has found, in its order, as CUDA_VISIBLE_DEVICES names them."""
    value = os.environ.get(gpus.VISIBLE)
    names = map(str, range(count)) if value is None else map(str.strip, value.split(","))
    return [*names][:count]


def _start(sight):
    """Start CUDA. Raises NoGpu where there is no GPU, and UserError where there is one."""
    try:
        # is_available() would swallow the reason.
        torch.cuda.init()
        return
    except (RuntimeError, AssertionError, torch.cuda.DeferredCudaCallError) as error:
        reason = str(error).partition("\n")[0].rstrip(".")
    gave_none = (
        leases.scheduler_chooses()
        and gpus.VISIBLE not in os.environ
        and not (sight.gpus or sight.fault)
    )
    if gave_none:
        raise NoGpu("the scheduler gave this job no GPU", reason)
    if not sight.is_there:
        raise NoGpu("no GPU found", reason)
    way_out = "install a torch that is built for CUDA"
    if torch.backends.cuda.is_built():
        cuda = torch.version.cuda or ""
        least = LEAST_DRIVER.get(cuda.partition(".")[0])
        needed = f"CUDA {cuda} needs {least} or newer; " if least else ""
        way_out = f"repair the driver ({needed}a container must be given its GPUs)"
    raise UserError(
        f"torch {torch.__version__} cannot use the GPU that is here ({sight}{_visible('; ')}): "
        f"{reason}. Either {way_out}, or set device: cpu"
    )


def _usable_numbers():
    """The GPUs that torch has kernels for, by their numbers in torch; UserError where none is."""
    cards = [
        (torch.cuda.get_device_name(number), torch.cuda.get_device_capability(number))
        for number in range(torch.cuda.device_count())
    ]
    usable = [number for number, (_, capability) in enumerate(cards) if can_run(capability)]
    if not usable:
        raise _unusable(cards)
    return usable


def _unusable(cards):
    """The error for GPUs of which none can be used. cards: of (name, compute capability)."""
    found = ", ".join(
        f"{name} (compute capability {major}.{minor})" for name, (major, minor) in cards
    )
    return UserError(
        f"expected a GPU that torch {torch.__version__} is built for "
        f"({' '.join(torch.cuda.get_arch_list())}), found: {found}; "
        "use another GPU, install a torch that is built for this one, or set device: cpu"
    )


def can_run(capability):
    """Whether torch has kernels for a GPU of this compute capability, (major, minor).

    True where that is not known, and on another maker's GPU. Kernels for sm_86 run on 8.6 and on
    newer cards of the same major version (torch's _CompatInterval); of compute_90 the driver makes
    kernels for every newer card; with an `a` they are for that one, with an `f` for its family.
    """
    architectures = torch.cuda.get_arch_list()
    if capability is None or torch.version.cuda is None or not architectures:
        return True
    for architecture in architectures:
        match = re.fullmatch(r"(sm|compute)_(\d+)([af]?)", architecture)
        if match is None:
            return True
        kind, number, suffix = match.groups()
        built_for = divmod(int(number), 10)
        is_newer = capability >= built_for
        if kind == "sm" or suffix == "f":
            is_newer = is_newer and capability[0] == built_for[0]
        if capability == built_for or (is_newer and suffix != "a"):
            return True
    return False
