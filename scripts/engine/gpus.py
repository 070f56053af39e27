"""The NVIDIA GPUs of this machine, as nvidia-smi and the kernel's driver tell of them.

Nothing here imports torch or starts CUDA, which reads CUDA_VISIBLE_DEVICES once, when it starts.
"""

import os
import re
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path

VISIBLE = "CUDA_VISIBLE_DEVICES"
# Of people, and of older Slurms, for: no GPU.
HIDES_ALL = ("", "-1", "NoDevFiles")
# Files of the kernel's driver, which are there whatever became of its libraries.
DRIVER_FILE = Path("/proc/driver/nvidia/version")
DEVICE_FILE = Path("/dev/nvidia0")
# Of GPUs that torch may use without nvidia-smi: AMD's (ROCm), Windows' own in its Linux, Tegra's.
OTHER_FILES = (Path("/dev/kfd"), Path("/dev/dxg"), Path("/dev/nvmap"))
# A GPU that has failed can keep nvidia-smi waiting without end.
PATIENCE_SECONDS = 60
# "A query to find an object was unsuccessful", nvidia-smi(1): there is no GPU.
STATUS_NOT_FOUND = 6


class NvidiaSmiError(Exception):
    """nvidia-smi failed: its words, in one line; none where it is not installed."""


@dataclass(frozen=True)
class Gpu:
    """A GPU, or a part of one (MIG).

    number: of the GPU, in the order of the PCI bus, a text; card: UUID of the GPU; uuid: that of
    the part where it is one, a name for CUDA_VISIBLE_DEVICES; capability: the compute capability,
    (major, minor), or None where it is not known.
    """

    number: str
    card: str
    uuid: str
    name: str
    capability: tuple | None


@dataclass(frozen=True)
class Sight:
    """What is seen of the GPUs.

    gpus: list of Gpu, which is empty without nvidia-smi too; driver: its version, or None;
    fault: what nvidia-smi said when it failed, or None; is_there: whether a GPU is to be expected.
    """

    gpus: list
    driver: str | None
    fault: str | None
    is_there: bool

    def __str__(self):
        driver = f", driver {self.driver}" if self.driver else ""
        if self.gpus:
            names = Counter(gpu.name for gpu in self.gpus)
            each = ", ".join(f"{count} × {name}" for name, count in names.items())
            return f"NVIDIA GPUs: {each}{driver}"
        if not self.is_there:
            return "no NVIDIA GPU found"
        return f"the driver of an NVIDIA GPU is loaded{driver}, " + (
            f"but nvidia-smi fails: {self.fault}" if self.fault else "nvidia-smi lists no GPU"
        )


def nvidia_smi(*arguments):
    """What nvidia-smi prints. Raises NvidiaSmiError where it is missing or fails."""
    try:
        result = subprocess.run(
            ["nvidia-smi", *arguments],
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            timeout=PATIENCE_SECONDS,
        )
    except FileNotFoundError as error:
        raise NvidiaSmiError("") from error
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NvidiaSmiError(str(error)) from error
    if result.returncode == STATUS_NOT_FOUND:
        return ""
    if result.returncode != 0:
        words = f"{result.stdout} {result.stderr}".split()
        raise NvidiaSmiError(" ".join(words) or f"status {result.returncode}")
    return result.stdout


def look():
    """The Sight of all GPUs of this machine, or of this container."""
    fields = "index,uuid,compute_cap,driver_version,mig.mode.current,name"
    gpus, driver, fault = [], None, None
    try:
        listed = nvidia_smi(f"--query-gpu={fields}", "--format=csv,noheader")
        # Where there is no GPU, a line that says so has no commas.
        rows = [row for line in listed.splitlines() if len(row := line.split(", ", 5)) == 6]
        parts = _parts() if any(row[4] == "Enabled" for row in rows) else {}
        driver = rows[0][3] if rows else None
        for number, uuid, capability, _, mig, name in rows:
            gpu = Gpu(number, uuid, uuid, name, _capability(capability))
            # In that mode a GPU is used by its parts only.
            gpus += (
                [gpu]
                if mig != "Enabled"
                else [
                    replace(gpu, uuid=part, name=f"{name} MIG {profile}")
                    for profile, part in parts.get(uuid, [])
                ]
            )
    except NvidiaSmiError as error:
        fault = str(error) or None
    is_there = bool(gpus) or DRIVER_FILE.exists() or DEVICE_FILE.exists()
    return Sight(gpus, driver or _kernel_driver(), fault, is_there)


def _capability(text):
    return tuple(map(int, text.split("."))) if re.fullmatch(r"\d+\.\d+", text) else None


def _parts():
    """The parts (MIG) of each GPU: a dict from its UUID to a list of (profile, UUID)."""
    parts = {}
    for line in nvidia_smi("-L").splitlines():
        if match := re.match(r"GPU \d+: .*\(UUID: (\S+)\)", line):
            of_this = parts.setdefault(match[1], [])
        elif match := re.match(r"\s+MIG (\S+) .*\(UUID: (\S+)\)", line):
            of_this.append((match[1], match[2]))
    return parts


def driver_version():
    """The version of the driver, or None where it is not known."""
    try:
        listed = nvidia_smi("--query-gpu=driver_version", "--format=csv,noheader")
    except NvidiaSmiError:
        listed = ""
    match = re.match(r"[\d.]+", listed)
    return match[0] if match else _kernel_driver()


def _kernel_driver():
    """The version of the driver in the kernel, or None."""
    try:
        match = re.search(r"\s(\d+\.\d+[.\d]*)\s", DRIVER_FILE.read_text(encoding="utf-8"))
    except OSError:
        return None
    return match[1] if match else None


def clocks_mhz(uuid):
    """The SM clock of a GPU now, and its highest, in MHz; None for each that is not known."""
    words = ("-i", uuid, "--query-gpu=clocks.sm,clocks.max.sm", "--format=csv,noheader,nounits")
    try:
        cells = nvidia_smi(*words).strip().split(", ")
    except NvidiaSmiError:
        cells = []
    now, highest = cells if len(cells) == 2 else ("", "")
    return (int(now) if now.isdigit() else None, int(highest) if highest.isdigit() else None)


def why_hidden():
    """Why this process is to see no GPU, in words; None where nobody decided that."""
    value = os.environ.get(VISIBLE)
    if value is not None and value.strip() in HIDES_ALL:
        return f"{VISIBLE} is {value.strip()!r}"
    return None


def visible(gpus):
    """Those of `gpus` that CUDA_VISIBLE_DEVICES leaves, in its order; all where it is not set.

    As in CUDA, the list ends before the first name that is not one GPU's, and UUIDs may be cut
    short. Numbers are those of nvidia-smi; the number or UUID of a GPU with MIG means its parts.
    """
    value = os.environ.get(VISIBLE)
    if value is None:
        return gpus
    chosen = []
    for name in map(str.strip, value.split(",")):
        is_uuid = name.startswith(("GPU-", "MIG-"))
        named = [
            gpu
            for gpu in gpus
            if gpu.number == name
            or (is_uuid and (gpu.uuid.startswith(name) or gpu.card.startswith(name)))
        ]
        if len({gpu.card for gpu in named}) != 1:
            break
        chosen += [gpu for gpu in named if gpu not in chosen]
    return chosen


def names_none(gpus):
    """That CUDA_VISIBLE_DEVICES is wrong: it names none of `gpus`."""
    listed = ", ".join(f"{gpu.number}: {gpu.name} {gpu.uuid}" for gpu in gpus)
    return f"{VISIBLE} is {os.environ[VISIBLE]!r}, which names none of the GPUs here ({listed})"


def may_be_found():
    """Whether device auto may find a GPU on this machine; False only where it is sure that not."""
    if sys.platform == "darwin":  # Apple's, of which CUDA_VISIBLE_DEVICES says nothing
        return True
    if why_hidden():
        return False
    if any(file.exists() for file in (DRIVER_FILE, DEVICE_FILE, *OTHER_FILES)):
        return True
    sight = look()
    return sight.is_there or sight.fault is not None


def gpus_seen():
    """What a person should know about this machine's GPUs before jobs start, in one line."""
    if hidden := why_hidden():
        return f"no GPU is used: {hidden}"
    sight = look()
    left = visible(sight.gpus)
    return names_none(sight.gpus) if sight.gpus and not left else str(replace(sight, gpus=left))
