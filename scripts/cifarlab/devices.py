"""Where tensors live: choosing, naming, waiting and measuring."""

import os
import platform
import re
import sys
from importlib.metadata import version
from multiprocessing import parent_process
from pathlib import Path
from typing import get_args

import torch

from cifarlab.cuda import NoGpu, take_gpu
from engine import gpus
from engine.errors import UserError
from engine.memory import keep_memory
from engine.settings import DeviceName

DEVICES = get_args(DeviceName)
MEGABYTE = 1_000_000
# The least compute capability, by torch.cuda.is_bf16_supported and is_tf32_supported.
HAS_BF16_AND_TF32 = (8, 0)
# Of errors that say that memory does not suffice. The texts are those of torch 2.14.1, of CUDA 13,
# cuDNN 8 and 9, Apple's MPS, Intel's XPU, and of CPUs on Linux and Windows.
OUT_OF_MEMORY = re.compile(
    r"out.of.memory|(can't|cannot) allocate memory|not enough memory|invalid buffer size"
    # CUBLAS_STATUS_ALLOC_FAILED, CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED, …;
    # UR_RESULT_ERROR_OUT_OF_DEVICE_MEMORY, …_OUT_OF_RESOURCES
    r"|alloc(ation)?_failed|out_of_(host|device)_memory|ur_result_error_out_of_resources",
    re.IGNORECASE,
)
# Of errors that a lack of memory can cause, and other things too: cuDNN finds no algorithm whose
# workspace fits, or no 32-bit index of a large batch; a library finds no room for itself.
PERHAPS_OUT_OF_MEMORY = re.compile(
    r"unable to find an engine|CUDNN_STATUS_NOT_SUPPORTED|CU(BLAS|DNN)_STATUS_NOT_INITIALIZED",
    re.IGNORECASE,
)


def choose_device(name, on_wait=None):
    """The torch.device for `name`; "auto" takes a GPU if there is one.

    Unless a scheduler has chosen, a CUDA device is leased: this process alone uses it until it
    ends, sees no other, and waits here while none is free. on_wait: a function that is called with
    a text when a wait begins, and with None when it ends. Says on standard error what was chosen.
    Raises UserError where the named kind of device is not there, and where there is a GPU that
    torch cannot use: nothing else is taken for it.
    """
    why = "as configured"
    if name in ("auto", "cuda"):
        try:
            device, what = take_gpu(on_wait)
            return _said(device, what)
        except NoGpu as none:
            why, reason = none.args
        if name == "cuda":
            raise UserError(
                f"device cuda was asked for and cannot be used: {why} ({reason}); "
                f"set device to auto or to one of: {', '.join(_without_cuda())}"
            )
    if name == "auto":
        name = _without_cuda()[0]
    if name not in _without_cuda():
        raise UserError(
            f"device {name} was asked for and torch finds none here; "
            f"set device to auto or to one of: {', '.join(_without_cuda())}"
        )
    device = torch.device(name)
    return _said(device, why if name == "cpu" else cpu_name())


def _without_cuda():
    """Kinds of devices that are there, the faster first."""
    return ["mps", "cpu"] if torch.backends.mps.is_available() else ["cpu"]


def _said(device, what):
    """`device`, after a line on standard error; processes that this command starts say nothing."""
    if parent_process() is None:
        print(f"device: {device}, {what}", file=sys.stderr, flush=True)
    return device


def prepare_cpu(threads):
    """Set, before the work begins, how many threads compute on the CPU, and how memory is got."""
    torch.set_num_threads(threads)
    keep_memory()


def leased_device(device):
    """The GPU that `device` is, as CUDA_VISIBLE_DEVICES names it: by lease or by a scheduler.

    None for another kind of device, and where nothing limits which GPUs are visible.
    """
    return os.environ.get(gpus.VISIBLE) if device.type == "cuda" else None


def device_name(device):
    """The maker's name of the device, as a person would look it up."""
    return torch.cuda.get_device_name(device) if device.type == "cuda" else cpu_name()


def driver_version(device):
    """The version of the GPU's driver, or None on another device and where it is not known."""
    return gpus.driver_version() if device.type == "cuda" else None


def clocks(device):
    """The SM clock of a GPU now and its highest, in MHz; None for each that is not known.

    Neither is known of another kind of device, of a part of a GPU (MIG) and without nvidia-smi.
    """
    if device.type != "cuda" or (leased_device(device) or "").startswith("MIG-"):
        return None, None
    return gpus.clocks_mhz(f"GPU-{torch.cuda.get_device_properties(device).uuid}")


def precision_warning(precision, device):
    """What to say of a recipe's precision on this device, or None where it is at home there."""
    if device.type != "cuda" or torch.version.cuda is None or precision not in ("bf16", "tf32"):
        return None
    capability = torch.cuda.get_device_capability(device)
    if capability >= HAS_BF16_AND_TF32:
        return None
    what_happens = {
        "bf16": "emulated, which is slow; use fp16 or fp32",
        "tf32": "not there; everything is computed in fp32",
    }
    return (
        f"precision {precision} needs compute capability 8.0; on {device_name(device)} "
        f"({capability[0]}.{capability[1]}) it is {what_happens[precision]}"
    )


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


def reset_peak_memory(device):
    """Let `peak_memory_mb` count from now on, where it is an allocator's peak (CUDA)."""
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)


def is_out_of_memory(error, n_images=1):
    """Whether an exception says that memory does not suffice, of a device or of the machine.

    n_images: how many were computed at once. With more than one, errors count that a lack of memory
    can cause and other things too: with fewer images it will be seen.
    """
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    if not isinstance(error, RuntimeError):
        return False
    text = str(error)
    return bool(OUT_OF_MEMORY.search(text) or (n_images > 1 and PERHAPS_OUT_OF_MEMORY.search(text)))


def free_memory(device):
    """Give memory that torch keeps for later use back to the device."""
    if device.type != "cpu":
        getattr(torch, device.type).empty_cache()


def library_versions(device):
    """Versions of what computes on a device: Python, torch, torchvision, numpy, and its CUDA."""
    # Asked of the installation: importing torchvision for its version would take a second.
    versions = {
        "python": platform.python_version(),
        "torch": torch.__version__,
        "torchvision": version("torchvision"),
        "numpy": version("numpy"),
    }
    if device.type == "cuda":
        versions["cuda"] = torch.version.cuda
    return versions
