"""A machine with NVIDIA GPUs that are not there: nvidia-smi, the driver's files, CUDA in torch."""

import os
from dataclasses import dataclass, field
from types import SimpleNamespace

import torch

from engine import gpus, leases

ARCHITECTURES = ["sm_75", "sm_80", "sm_86", "sm_90", "sm_100", "sm_120"]
TOO_OLD = (
    "The NVIDIA driver on your system is too old (found version 12040). Please update your GPU "
    "driver by downloading and installing a new version"
)
NO_DRIVER = "Found no NVIDIA driver on your system. Please check that you have an NVIDIA GPU"
MISMATCH = "Failed to initialize NVML: Driver/library version mismatch\nNVML library version: 580.9"


@dataclass
class Card:
    """A GPU. uuid: without its prefix; parts: of (profile, UUID), where it is divided (MIG)."""

    name: str
    capability: str
    uuid: str
    parts: list = field(default_factory=list)


T4 = ("Tesla T4", "7.5")
V100 = ("Tesla V100-SXM2-16GB", "7.0")
A100 = ("NVIDIA A100-SXM4-40GB", "8.0")
H100 = ("NVIDIA H100 80GB HBM3", "9.0")


def list_cards(folder, cards, driver):
    """A program nvidia-smi in a folder that lists cards, as with --query-gpu and with -L."""
    rows, lines = [], []
    for number, card in enumerate(cards):
        mig = "Enabled" if card.parts else "[N/A]"
        row = (str(number), f"GPU-{card.uuid}", card.capability, driver, mig, card.name)
        rows.append(", ".join(row))
        lines.append(f"GPU {number}: {card.name} (UUID: GPU-{card.uuid})")
        lines += [
            f"  MIG {profile}     Device  {n}: (UUID: {uuid})"
            for n, (profile, uuid) in enumerate(card.parts)
        ]
    make_nvidia_smi(folder, **{"-L": lines, "--query-gpu=index": rows})


def make_nvidia_smi(folder, *said, status=0, **by_argument):
    """A program nvidia-smi that says these lines, or those of the first argument that fits."""
    cases = "".join(
        f'*" {argument}"*) cat <<"END"\n{chr(10).join(lines)}\nEND\n;;\n'
        for argument, lines in by_argument.items()
    )
    text = "\n".join(said)
    program = folder / "nvidia-smi"
    program.write_text(
        f'#!/bin/sh\nPATH=/usr/bin:/bin\ncase " $*" in\n{cases}'
        f'*) cat <<"END"\n{text}\nEND\n;;\nesac\nexit {status}\n'
    )
    program.chmod(0o755)


class Machine:
    """Like torch's CUDA: what is visible is read once, when CUDA starts.

    folder: for programs, files of the driver and locks. `fault`: why CUDA cannot start; `order`:
    numbers of the cards by speed, as CUDA counts them if nothing else is asked for. `started_with`:
    CUDA_VISIBLE_DEVICES when CUDA started; `current`: the number of the current device.
    """

    driver = "580.65.06"

    def __init__(self, folder, monkeypatch):
        self.folder, self.cards, self.fault = folder, [], NO_DRIVER
        self.programs, self.locks = folder / "bin", folder / "locks"
        self.programs.mkdir()
        self.locks.mkdir()
        self.found = self.started_with = self.current = self.order = None
        os.environ["PATH"] = str(self.programs)
        os.environ[leases.FOLDER_VARIABLE] = str(self.locks)
        monkeypatch.setattr(gpus, "DRIVER_FILE", folder / "version")
        monkeypatch.setattr(gpus, "DEVICE_FILE", folder / "nvidia0")
        # Whoever waits twice waits without end: nobody else uses the locks.
        looks = iter(range(2))
        monkeypatch.setattr(leases, "time", SimpleNamespace(sleep=lambda _: next(looks)))
        monkeypatch.setattr(torch.version, "cuda", "13.0")
        monkeypatch.setattr(torch.backends.cuda, "is_built", lambda: True)
        monkeypatch.setattr(torch.cuda, "get_arch_list", lambda: ARCHITECTURES)
        monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
        for name in ("init", "device_count", "set_device"):
            monkeypatch.setattr(torch.cuda, name, getattr(self, name))
        for name in ("get_device_name", "get_device_capability", "get_device_properties"):
            monkeypatch.setattr(torch.cuda, name, getattr(self, name))

    def has(self, *cards, with_nvidia_smi=True):
        """The machine has these cards, each (name, capability), with a driver that works."""
        self.cards = [Card(*card, f"{n}{n}{n}{n}-aaaa") for n, card in enumerate(cards)]
        self.fault, self.order = None, [*range(len(cards))]
        self.load_driver()
        if with_nvidia_smi:
            self.list_cards()

    def load_driver(self):
        """The kernel has the driver's module."""
        text = "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  {}  Release Build  (root)"
        gpus.DRIVER_FILE.write_text(text.format(self.driver) + "\nGCC version:  gcc 12.2.0\n")

    def list_cards(self):
        """nvidia-smi lists the cards."""
        list_cards(self.programs, self.cards, self.driver)

    def nvidia_smi(self, *said, status=0, **by_argument):
        """nvidia-smi says these lines, or those of the first argument that fits."""
        make_nvidia_smi(self.programs, *said, status=status, **by_argument)

    def init(self):
        if self.fault:
            raise RuntimeError(self.fault)
        if self.found is None:
            self.started_with = os.environ.get(gpus.VISIBLE)
            self.found, self.current = self._visible_cards(), 0
            if not self.found:
                raise RuntimeError("No CUDA GPUs are available")

    def _visible_cards(self):
        in_order = os.environ.get("CUDA_DEVICE_ORDER") == "PCI_BUS_ID"
        cards = self.cards if in_order else [self.cards[number] for number in self.order]
        if self.started_with is None:
            return cards
        found = []
        for name in map(str.strip, self.started_with.split(",")):
            named = [
                card
                for number, card in enumerate(cards)
                if name == str(number)
                or name == f"GPU-{card.uuid}"
                or name in [uuid for _, uuid in card.parts]
            ]
            if not named:
                break
            found += named
        return found

    def device_count(self):
        self.init()
        return len(self.found)

    def set_device(self, number):
        assert number < len(self.found)
        self.current = number

    def get_device_name(self, device):
        return self.found[self._number(device)].name

    def get_device_capability(self, device):
        return tuple(map(int, self.found[self._number(device)].capability.split(".")))

    def get_device_properties(self, device):
        return SimpleNamespace(uuid=self.found[self._number(device)].uuid)

    def _number(self, device):
        if isinstance(device, torch.device):
            return self.current if device.index is None else device.index
        return device
