"""GPUs as nvidia-smi and the kernel's driver tell of them, from a program of that name."""

import subprocess
import sys

import pytest
from project import ROOT
from simulated_gpus import A100, H100, MISMATCH, T4

from engine import gpus
from engine.gpus import (
    Gpu,
    clocks_mhz,
    driver_version,
    gpus_seen,
    look,
    may_be_found,
    visible,
)


def test_asking_for_gpus_does_not_import_torch():
    program = "import sys, engine.gpus, engine.leases; sys.exit('torch' in sys.modules)"
    subprocess.run([sys.executable, "-c", program], cwd=ROOT / "scripts", check=True, timeout=60)


def test_each_gpu_has_its_uuid_name_and_capability(machine):
    machine.has(H100, T4)
    sight = look()
    assert sight.gpus == [
        Gpu("0", "GPU-0000-aaaa", "GPU-0000-aaaa", "NVIDIA H100 80GB HBM3", (9, 0)),
        Gpu("1", "GPU-1111-aaaa", "GPU-1111-aaaa", "Tesla T4", (7, 5)),
    ]
    assert (sight.driver, sight.fault, sight.is_there) == ("580.65.06", None, True)


def test_a_capability_that_is_not_known_is_none(machine):
    machine.has(("Quadro", "[N/A]"))
    assert [gpu.capability for gpu in look().gpus] == [None]


def divide(machine):
    """The first card into two parts, the second into none."""
    machine.cards[0].parts = [("3g.20gb", "MIG-b1"), ("1g.5gb", "MIG-b2")]
    machine.list_cards()


def test_of_a_divided_gpu_the_parts_are_listed(machine):
    machine.has(A100, A100)
    divide(machine)
    name, capability = "NVIDIA A100-SXM4-40GB", (8, 0)
    assert look().gpus == [
        Gpu("0", "GPU-0000-aaaa", "MIG-b1", f"{name} MIG 3g.20gb", capability),
        Gpu("0", "GPU-0000-aaaa", "MIG-b2", f"{name} MIG 1g.5gb", capability),
        Gpu("1", "GPU-1111-aaaa", "GPU-1111-aaaa", name, capability),
    ]


@pytest.mark.parametrize(
    ("value", "chosen"),
    [
        (None, ["MIG-b1", "MIG-b2", "GPU-1111-aaaa", "GPU-2222-aaaa"]),
        ("2,1", ["GPU-2222-aaaa", "GPU-1111-aaaa"]),
        (" 1 , 2 ", ["GPU-1111-aaaa", "GPU-2222-aaaa"]),
        ("GPU-2,1", ["GPU-2222-aaaa", "GPU-1111-aaaa"]),
        ("MIG-b2", ["MIG-b2"]),
        ("0", ["MIG-b1", "MIG-b2"]),
        ("GPU-0000-aaaa", ["MIG-b1", "MIG-b2"]),
        ("1,7,2", ["GPU-1111-aaaa"]),
        ("7", []),
        ("GPU-", []),
        ("nonsense", []),
    ],
)
def test_what_is_visible_limits_the_choice_as_in_cuda(machine, environment, value, chosen):
    machine.has(A100, A100, H100)
    divide(machine)
    if value is not None:
        environment[gpus.VISIBLE] = value
    assert [gpu.uuid for gpu in visible(look().gpus)] == chosen


NOTHING_LISTED = [
    # (what nvidia-smi says, its status, the fault)
    (None, None, None),
    ("No devices were found", 6, None),
    ("No devices were found", 0, None),
    (MISMATCH, 18, " ".join(MISMATCH.split())),
    ("", 255, "status 255"),
]


@pytest.mark.parametrize(("text", "status", "fault"), NOTHING_LISTED)
def test_without_a_list_the_drivers_files_tell_whether_a_gpu_is_there(machine, text, status, fault):
    if text is not None:
        machine.nvidia_smi(text, status=status)
    sight = look()
    assert (sight.gpus, sight.driver, sight.fault) == ([], None, fault)
    assert not sight.is_there
    gpus.DEVICE_FILE.touch()
    assert look().is_there
    gpus.DEVICE_FILE.unlink()
    machine.load_driver()
    sight = look()
    assert (sight.is_there, sight.driver, sight.fault) == (True, "580.65.06", fault)


def test_what_a_failing_nvidia_smi_says_is_no_driver(machine):
    machine.nvidia_smi("12.5 is what it says", status=9)
    assert driver_version() is None
    machine.nvidia_smi("570.86.10", "570.86.10")
    assert driver_version() == "570.86.10"


@pytest.mark.parametrize(
    ("text", "version"),
    [
        (
            "NVIDIA UNIX x86_64 Kernel Module  535.104.05  Sat Aug 19 01:15:15 UTC 2023",
            "535.104.05",
        ),
        ("NVIDIA UNIX Open Kernel Module for x86_64  570.86  Release Build  (root)", "570.86"),
        ("something else", None),
    ],
)
def test_without_nvidia_smi_the_kernel_tells_the_driver(machine, text, version):
    assert driver_version() is None
    gpus.DRIVER_FILE.write_text(f"NVRM version: {text}\n")
    assert driver_version() == version


def test_the_clock_of_a_gpu_is_known_where_nvidia_smi_knows_it(machine):
    assert clocks_mhz("GPU-1") == (None, None)
    machine.nvidia_smi("1410, 1980")
    assert clocks_mhz("GPU-1") == (1410, 1980)
    machine.nvidia_smi("[N/A], 1980")
    assert clocks_mhz("GPU-1") == (None, 1980)
    machine.nvidia_smi("No devices were found", status=6)
    assert clocks_mhz("GPU-1") == (None, None)
    machine.nvidia_smi("1410, 1980", status=9)
    assert clocks_mhz("GPU-1") == (None, None)


def test_one_line_tells_which_gpus_there_are(machine, environment):
    assert gpus_seen() == "no NVIDIA GPU found"
    machine.has(A100, H100, A100)
    a100, h100 = A100[0], H100[0]
    assert gpus_seen() == f"NVIDIA GPUs: 2 × {a100}, 1 × {h100}, driver 580.65.06"
    environment[gpus.VISIBLE] = "1"
    assert gpus_seen() == f"NVIDIA GPUs: 1 × {h100}, driver 580.65.06"
    environment[gpus.VISIBLE] = "7"
    assert gpus_seen().startswith("CUDA_VISIBLE_DEVICES is '7', which names none of the GPUs here")
    assert f"1: {h100} GPU-1111-aaaa" in gpus_seen()


@pytest.mark.parametrize("value", ["", "-1", "NoDevFiles"])
def test_one_line_tells_that_gpus_are_hidden(machine, environment, value):
    machine.has(A100)
    environment[gpus.VISIBLE] = value
    assert gpus_seen() == f"no GPU is used: CUDA_VISIBLE_DEVICES is {value!r}"


def test_one_line_tells_of_a_driver_without_gpus(machine):
    machine.load_driver()
    loaded = "the driver of an NVIDIA GPU is loaded, driver 580.65.06, "
    assert gpus_seen() == f"{loaded}nvidia-smi lists no GPU"
    machine.nvidia_smi(MISMATCH, status=18)
    assert gpus_seen() == f"{loaded}but nvidia-smi fails: {' '.join(MISMATCH.split())}"


def has_one(machine):
    machine.has(A100)


def has_one_by_its_files_alone(machine):
    machine.has(A100, with_nvidia_smi=False)


def has_a_broken_driver(machine):
    machine.load_driver()
    machine.nvidia_smi(MISMATCH, status=18)


def has_nvidia_smi_that_fails(machine):
    machine.nvidia_smi("", status=9)


def has_none(machine):
    machine.nvidia_smi("No devices were found", status=6)


def has_nothing(machine):
    pass


@pytest.mark.parametrize(
    ("prepare", "may_be"),
    [
        (has_one, True),
        (has_one_by_its_files_alone, True),
        (has_a_broken_driver, True),
        (has_nvidia_smi_that_fails, True),
        (has_none, False),
        (has_nothing, False),
    ],
)
def test_no_gpu_may_be_found_only_where_nothing_tells_of_one(machine, prepare, may_be):
    prepare(machine)
    assert may_be_found() == may_be


@pytest.mark.parametrize("number", range(len(gpus.OTHER_FILES)))
def test_a_gpu_that_nvidia_smi_does_not_know_may_be_found(machine, monkeypatch, tmp_path, number):
    files = [tmp_path / file.name for file in gpus.OTHER_FILES]
    monkeypatch.setattr(gpus, "OTHER_FILES", files)
    assert not may_be_found()
    files[number].touch()
    assert may_be_found()


def test_on_a_mac_a_gpu_may_be_found_whatever_is_said_of_cuda(machine, environment, monkeypatch):
    environment[gpus.VISIBLE] = ""
    assert not may_be_found()
    monkeypatch.setattr(sys, "platform", "darwin")
    assert may_be_found()


def test_a_gpu_that_is_hidden_is_not_found_and_one_that_is_named_wrongly_may_be(
    machine, environment
):
    machine.has(A100)
    environment[gpus.VISIBLE] = "-1"
    assert not may_be_found()
    environment[gpus.VISIBLE] = "7"
    assert may_be_found()
