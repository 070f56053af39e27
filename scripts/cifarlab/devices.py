"""Where tensors live: choosing, naming, waiting and measuring."""

import os
import platform
import re
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import get_args

import torch

from engine import leases
from engine.errors import UserError
from engine.settings import DeviceName

DEVICES = get_args(DeviceName)
MEGABYTE = 1_000_000


def choose_device(name):
    """The torch.device for `name`; "auto" takes a GPU if there is one.

    Unless a scheduler has chosen, a CUDA device is leased: this process alone uses it until it
    ends, sees no other, and waits here while none is free. Raises UserError where the named kind
    of device is not there.
    """
    # First: is_available() initialises the driver, which then no longer reads what is visible.
    if name in ("cuda", "auto") and not leases.scheduler_chooses():
        names = _visible_gpus()
        # Windows has no flock.
        if names and sys.platform != "win32":
            leases.lease_device(names, leases.LOCK_FOLDER)
    present = {
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
        "cpu": True,
    }
    if name == "auto":
        name = next(kind for kind, is_there in present.items() if is_there)
    if not present[name]:
        raise UserError(
            f"device {name} was asked for and torch finds none here; "
            f"set device to auto or to one of: {', '.join(k for k, v in present.items() if v)}"
        )
    return torch.device(name)


def _visible_gpus():
    """The GPUs that this process may use, by their names in CUDA_VISIBLE_DEVICES."""
    visible = os.environ.get(leases.VISIBLE)
    names = None if visible is None else [name.strip() for name in visible.split(",")]
    # The count comes from NVML and leaves the driver alone, but for parts of a GPU (MIG).
    if names and names[0].startswith("MIG-"):
        return names
    count = torch.cuda.device_count()
    return [str(number) for number in range(count)] if names is None else names[:count]


def leased_device(device):
    """The GPU that `device` is, as CUDA_VISIBLE_DEVICES names it: by lease or by a scheduler.

    None for another kind of device, and where nothing limits which GPUs are visible.
    """
    return os.environ.get(leases.VISIBLE) if device.type == "cuda" else None


def device_name(device):
    """The maker's name of the device, as a person would look it up."""
    return torch.cuda.get_device_name(device) if device.type == "cuda" else cpu_name()


def driver_version(device):
    """The version of the GPU's driver, or None on another device and where it is not known."""
    if device.type != "cuda":
        return None
    words = ["nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader"]
    try:
        result = subprocess.run(words, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return None
    return result.stdout.partition("\n")[0].strip() or None


def cpu_name():
    """The maker's name of this machine's CPU."""
    cpu_info = Path("/proc/cpuinfo")
    if cpu_info.exists():
        for line in cpu_info.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def wait_for(device):
    """Return when all work queued on `device` is done; a clock read before that reads too early."""
    if device.type != "cpu":
        getattr(torch, device.type).synchronize()


def peak_memory_mb(device):
    """Peak memory of this process in MB.

    The allocator's peak with CUDA, what the driver holds now with MPS, which keeps no peak, and
    the peak resident size on a CPU.
    """
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device) / MEGABYTE
    if device.type == "mps":
        return torch.mps.driver_allocated_memory() / MEGABYTE
    status = Path("/proc/self/status")
    if status.exists():
        # getrusage would count the parent's peak too: Linux keeps it across fork and exec.
        (kibibytes,) = re.findall(r"^VmHWM:\s+(\d+) kB", status.read_text(), re.MULTILINE)
        return int(kibibytes) * 1024 / MEGABYTE
    import resource  # absent on Windows

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak * (1 if sys.platform == "darwin" else 1024) / MEGABYTE


def is_out_of_memory(error):
    """Whether an exception says that a device's memory does not suffice."""
    words = ("out of memory", "can't allocate memory", "ALLOC_FAILED")
    return isinstance(error, torch.OutOfMemoryError) or (
        isinstance(error, RuntimeError) and any(word in str(error) for word in words)
    )


def free_memory(device):
    """Give memory that torch keeps for later use back to the device."""
    if device.type != "cpu":
        getattr(torch, device.type).empty_cache()


def library_versions():
    """Versions of what computes: Python, torch, torchvision, numpy, and CUDA where it is used."""
    # Asked of the installation: importing torchvision for its version would take a second.
    versions = {
        "python": platform.python_version(),
        "torch": torch.__version__,
        "torchvision": version("torchvision"),
        "numpy": version("numpy"),
    }
    if torch.cuda.is_available():
        versions["cuda"] = torch.version.cuda
    return versions
