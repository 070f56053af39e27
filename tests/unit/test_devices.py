"""Devices, on simulated machines: which one is chosen, what is said, errors of lacking memory."""

import fcntl

import pytest
import torch
from simulated_gpus import A100, ARCHITECTURES, H100, MISMATCH, NO_DRIVER, T4, TOO_OLD, V100

from cifarlab import devices
from cifarlab.cuda import can_run
from cifarlab.devices import (
    choose_device,
    clocks,
    driver_version,
    is_out_of_memory,
    leased_device,
    peak_memory_mb,
    precision_warning,
    reset_peak_memory,
)
from cifarlab.training.run import place_of
from engine import gpus, leases
from engine.errors import UserError

CPU, GPU = torch.device("cpu"), torch.device("cuda")


@pytest.fixture
def lease(machine):
    """Lets another job have the GPU of this name, until the file that comes back is closed."""
    held = []

    def lease(name):
        held.append((machine.locks / f"cifarlab-gpu-{name}.lock").open("w"))
        fcntl.flock(held[-1], fcntl.LOCK_EX | fcntl.LOCK_NB)
        return held[-1]

    yield lease
    for file in held:
        file.close()


def leased(machine):
    """Names of the GPUs that are leased or were."""
    names = [path.stem for path in machine.locks.glob("cifarlab-gpu-*")]
    return sorted(name.removeprefix("cifarlab-gpu-") for name in names)


def refusal(name):
    """The one line that ends a command on this device."""
    with pytest.raises(UserError) as caught:
        choose_device(name)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("name", ["auto", "cuda"])
def test_a_gpu_is_leased_by_uuid_before_cuda_starts_and_said(machine, capfd, name):
    machine.has(H100, H100)
    device = choose_device(name)
    assert device == torch.device("cuda:0")
    assert leased_device(device) == machine.started_with == "GPU-0000-aaaa"
    assert leased(machine) == ["GPU-0000-aaaa"]
    assert capfd.readouterr().err == (
        "device: cuda:0, NVIDIA H100 80GB HBM3, driver 580.65.06, "
        "CUDA_VISIBLE_DEVICES=GPU-0000-aaaa\n"
    )


def test_the_next_free_gpu_is_taken(machine, lease):
    machine.has(H100, A100)
    lease("GPU-0000-aaaa")
    assert leased_device(choose_device("auto")) == "GPU-1111-aaaa"
    assert machine.found == [machine.cards[1]]


def test_a_wait_for_a_gpu_is_told(machine, lease):
    machine.has(H100, V100)
    other = lease("GPU-0000-aaaa")
    told = []

    def on_wait(text):
        told.append(text)
        other.close()

    choose_device("auto", on_wait)
    # The card that cannot be used is not one that could become free.
    assert told[0].startswith("waiting for a free one of 1 GPUs")
    assert told[1:] == [None]


def test_of_the_gpus_that_are_visible_one_is_leased_by_its_number_in_nvidia_smi(
    machine, environment
):
    machine.has(T4, H100, A100)
    machine.order = [1, 2, 0]
    environment[gpus.VISIBLE] = "2, 1"
    assert leased_device(choose_device("auto")) == "GPU-2222-aaaa"
    assert machine.get_device_name(0) == A100[0]


def test_a_gpu_without_kernels_in_torch_is_neither_leased_nor_counted(machine):
    machine.has(V100, A100)
    assert leased_device(choose_device("auto")) == "GPU-1111-aaaa"
    assert leased(machine) == ["GPU-1111-aaaa"]


@pytest.mark.parametrize("with_nvidia_smi", [True, False])
def test_where_torch_has_kernels_for_no_gpu_they_and_the_need_are_named(machine, with_nvidia_smi):
    machine.has(V100, ("GeForce GTX 1080", "6.1"), with_nvidia_smi=with_nvidia_smi)
    line = refusal("auto")
    for part in (
        f"expected a GPU that torch {torch.__version__} is built for ({' '.join(ARCHITECTURES)})",
        "found: Tesla V100-SXM2-16GB (compute capability 7.0), "
        "GeForce GTX 1080 (compute capability 6.1)",
        "or set device: cpu",
    ):
        assert part in line
    assert leased(machine) == []


def test_a_choice_that_names_no_gpu_is_one_line(machine, environment):
    machine.has(A100)
    environment[gpus.VISIBLE] = "3"
    line = refusal("auto")
    assert "CUDA_VISIBLE_DEVICES is '3', which names none of the GPUs here (0: NVIDIA A100" in line
    assert "set device: cpu" in line


def test_parts_of_a_gpu_are_leased_one_by_one(machine, lease):
    machine.has(A100)
    machine.cards[0].parts = [("3g.20gb", "MIG-b1"), ("3g.20gb", "MIG-b2")]
    machine.list_cards()
    lease("MIG-b1")
    assert leased_device(choose_device("auto")) == "MIG-b2"


def test_without_nvidia_smi_parts_are_leased_where_they_are_named(machine, environment, lease):
    machine.has(A100, with_nvidia_smi=False)
    machine.cards[0].parts = [("3g.20gb", "MIG-b1"), ("3g.20gb", "MIG-b2")]
    environment[gpus.VISIBLE] = "MIG-b1,MIG-b2"
    lease("MIG-b1")
    assert leased_device(choose_device("auto")) == machine.started_with == "MIG-b2"


def test_without_nvidia_smi_two_jobs_compute_on_two_gpus(machine, environment, lease, capfd):
    machine.has(T4, H100, with_nvidia_smi=False)
    machine.order = [1, 0]
    lease("0")
    device = choose_device("auto")
    # CUDA has started to count, with all GPUs visible, in the order of the bus.
    assert (device, machine.started_with) == (torch.device("cuda:1"), None)
    assert machine.current == 1
    assert machine.get_device_name(device) == H100[0]
    # What this process starts sees that one.
    assert environment[gpus.VISIBLE] == leased_device(device) == "1"
    assert "device: cuda:1, NVIDIA H100 80GB HBM3" in capfd.readouterr().err


def test_without_nvidia_smi_the_numbers_are_those_that_are_visible(machine, environment, lease):
    machine.has(T4, A100, V100, H100, with_nvidia_smi=False)
    environment[gpus.VISIBLE] = "1, 2, 3"
    lease("1")
    device = choose_device("auto")
    assert (device, leased_device(device)) == (torch.device("cuda:2"), "3")
    assert leased(machine) == ["1", "3"]


def test_what_a_command_starts_has_its_gpu(machine, environment, lease, capfd, monkeypatch):
    machine.has(A100, A100)
    environment.update({leases.LEASED: "GPU-1111-aaaa", gpus.VISIBLE: "GPU-1111-aaaa"})
    lease("GPU-1111-aaaa")
    monkeypatch.setattr(devices, "parent_process", lambda: "its parent")
    device = choose_device("cuda")
    assert (device, leased_device(device)) == (torch.device("cuda:0"), "GPU-1111-aaaa")
    assert capfd.readouterr().err == ""


def test_where_more_than_the_leased_gpu_is_visible_nothing_is_computed(machine):
    machine.has(A100, A100)
    machine.init()
    line = refusal("auto")
    assert "expected to see only the leased GPU GPU-0000-aaaa, found 2" in line


@pytest.mark.parametrize("variable", leases.SCHEDULER_VARIABLES)
def test_the_choice_of_a_scheduler_stands(machine, environment, variable):
    machine.has(T4, A100)
    machine.order = [1, 0]
    environment.update({variable: "1", gpus.VISIBLE: "0"})
    device = choose_device("auto")
    assert (device, leased_device(device)) == (torch.device("cuda:0"), "0")
    assert machine.get_device_name(device) == A100[0]
    assert leased(machine) == []


def test_of_a_schedulers_gpus_one_that_torch_can_use_is_taken(machine, environment):
    machine.has(V100, A100)
    environment["SLURM_JOB_ID"] = "1"
    assert choose_device("auto") == torch.device("cuda:1")
    assert machine.current == 1


def test_where_a_scheduler_gave_no_gpu_the_cpu_is_taken(machine, environment, capfd):
    machine.load_driver()
    machine.nvidia_smi("No devices were found", status=6)
    environment["SLURM_JOB_ID"] = "1"
    machine.fault = "No CUDA GPUs are available"
    assert choose_device("auto") == CPU
    assert capfd.readouterr().err == "device: cpu, the scheduler gave this job no GPU\n"
    assert "the scheduler gave this job no GPU (No CUDA GPUs are available)" in refusal("cuda")


def given_by_slurm(machine, environment):
    machine.load_driver()
    environment[gpus.VISIBLE] = "0"


def listed_by_nvidia_smi(machine, environment):
    machine.has(A100)


def not_listed_by_an_nvidia_smi_that_fails(machine, environment):
    machine.load_driver()
    machine.nvidia_smi(MISMATCH, status=18)


@pytest.mark.parametrize(
    "prepare", [given_by_slurm, listed_by_nvidia_smi, not_listed_by_an_nvidia_smi_that_fails]
)
def test_a_gpu_in_a_schedulers_job_that_torch_cannot_use_is_an_error(machine, environment, prepare):
    environment["SLURM_JOB_ID"] = "1"
    prepare(machine, environment)
    machine.fault = TOO_OLD
    assert TOO_OLD in refusal("auto")


@pytest.mark.parametrize("value", ["", "-1"])
def test_where_gpus_are_hidden_the_cpu_is_taken(machine, environment, capfd, value):
    machine.has(A100)
    environment[gpus.VISIBLE] = value
    assert choose_device("auto") == CPU
    assert capfd.readouterr().err == f"device: cpu, CUDA_VISIBLE_DEVICES is {value!r}\n"
    assert leased(machine) == []
    assert f"cannot be used: CUDA_VISIBLE_DEVICES is {value!r}" in refusal("cuda")


def test_without_a_gpu_the_cpu_is_taken_and_cuda_is_refused_with_the_cause(machine, capfd):
    assert choose_device("auto") == CPU
    assert capfd.readouterr().err == "device: cpu, no GPU found\n"
    line = refusal("cuda")
    assert NO_DRIVER in line
    assert "set device to auto or to one of: cpu" in line


def with_an_old_driver(machine):
    machine.driver = "550.54.15"
    machine.has(H100)
    machine.fault = f"{TOO_OLD}.\nmore lines"


def with_a_driver_that_was_upgraded(machine):
    machine.load_driver()
    machine.nvidia_smi(MISMATCH, status=18)
    machine.fault = "Error 803: system has unsupported display driver / cuda driver combination"


def in_a_container_without_its_gpus(machine):
    machine.load_driver()


def with_the_files_of_a_device_alone(machine):
    gpus.DEVICE_FILE.touch()


@pytest.mark.parametrize("name", ["auto", "cuda"])
@pytest.mark.parametrize(
    ("break_it", "parts"),
    [
        (with_an_old_driver, [f"1 × {H100[0]}, driver 550.54.15", "(found version 12040)"]),
        (with_a_driver_that_was_upgraded, ["Driver/library version mismatch", "Error 803"]),
        (in_a_container_without_its_gpus, ["580.65.06", NO_DRIVER, "a container must be given"]),
        (with_the_files_of_a_device_alone, ["nvidia-smi lists no GPU", NO_DRIVER]),
    ],
)
def test_a_gpu_that_torch_cannot_use_is_an_error_with_the_cause_and_two_ways_out(
    machine, name, break_it, parts
):
    break_it(machine)
    line = refusal(name)
    for part in [*parts, "repair the driver (CUDA 13.0 needs 580 or newer", "or set device: cpu"]:
        assert part in line


def test_a_torch_without_cuda_beside_a_gpu_is_an_error(machine, monkeypatch):
    machine.has(A100)

    def init():
        raise AssertionError("Torch not compiled with CUDA enabled")

    monkeypatch.setattr(torch.cuda, "init", init)
    monkeypatch.setattr(torch.backends.cuda, "is_built", lambda: False)
    line = refusal("auto")
    assert "Torch not compiled with CUDA enabled" in line
    assert "Either install a torch that is built for CUDA, or set device: cpu" in line
    assert leased(machine) == []


def test_on_a_cpu_that_was_asked_for_no_gpu_is_touched(machine, environment, capfd):
    machine.has(A100)
    environment[gpus.VISIBLE] = "0"
    assert choose_device("cpu") == CPU
    assert capfd.readouterr().err == "device: cpu, as configured\n"
    assert leased_device(CPU) is None
    assert (environment[gpus.VISIBLE], machine.found, leased(machine)) == ("0", None, [])


def test_without_a_gpu_of_nvidia_apples_is_taken(machine, monkeypatch, capfd):
    assert "device mps was asked for and torch finds none here" in refusal("mps")
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    monkeypatch.setattr(devices, "cpu_name", lambda: "Apple M2")
    assert choose_device("auto").type == choose_device("mps").type == "mps"
    assert capfd.readouterr().err == 2 * "device: mps, Apple M2\n"
    assert "to one of: mps, cpu" in refusal("cuda")


@pytest.mark.parametrize(
    ("architectures", "capability", "can"),
    [
        (["sm_75", "sm_80"], (7, 5), True),
        (["sm_75", "sm_80"], (7, 0), False),
        (["sm_75", "sm_80"], (8, 6), True),
        (["sm_86"], (8, 0), False),
        (["sm_80", "sm_90"], (10, 0), False),
        (["sm_100", "sm_120"], (12, 1), True),
        (["sm_100", "sm_120"], (11, 0), False),
        (["sm_80", "compute_80"], (12, 0), True),
        (["compute_80"], (7, 5), False),
        (["sm_90a"], (9, 0), True),
        (["sm_100a", "compute_100a"], (10, 3), False),
        (["sm_100f", "compute_100f"], (10, 3), True),
        (["compute_100f"], (12, 0), False),
        (["sm_75"], None, True),
        (["gfx90a"], (9, 0), True),
        ([], (7, 0), True),
    ],
)
def test_what_kernels_run_on(monkeypatch, architectures, capability, can):
    monkeypatch.setattr(torch.version, "cuda", "13.0")
    monkeypatch.setattr(torch.cuda, "get_arch_list", lambda: architectures)
    assert can_run(capability) is can


SAYS_OUT_OF_MEMORY = [
    # c10's allocators
    "CUDA out of memory. Tried to allocate 20.00 MiB. GPU 0 has a total capacity of 79.10 GiB",
    "CUDA out of memory. Allocation was preemptively rejected because it would exceed "
    "per_process_memory_fraction limit.",
    "HIP out of memory. Tried to allocate 20.00 MiB",
    "MPS backend out of memory (MPS allocated: 18.13 GB, max allowed: 18.13 GB).",
    "Invalid buffer size: 24.00 GiB",
    "XPU out of memory. Tried to allocate 20.00 MiB",
    "level_zero backend failed with error: 39 (UR_RESULT_ERROR_OUT_OF_DEVICE_MEMORY)",
    "level_zero backend failed with error: 40 (UR_RESULT_ERROR_OUT_OF_RESOURCES)",
    "[enforce fail at alloc_cpu.cpp:127] err == 0. DefaultCPUAllocator: can't allocate memory: "
    "you tried to allocate 4000000000000000 bytes. Error code 12 (Cannot allocate memory)",
    "[enforce fail at alloc_cpu.cpp:121] data. DefaultCPUAllocator: not enough memory: "
    "you tried to allocate 8589934592 bytes.",
    # CUDA's own
    "CUDA error: out of memory\nCUDA kernel errors might be asynchronously reported",
    "CUDA driver error: out of memory",
    "CUDA ran out of memory outside PyTorch's allocator. If this workload uses many dynamic shapes",
    # its libraries, old and new
    "cuDNN error: CUDNN_STATUS_ALLOC_FAILED",
    "cuDNN error: CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED",
    "cuDNN error: CUDNN_STATUS_INTERNAL_ERROR_HOST_ALLOCATION_FAILED",
    "CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`",
    "cusolver error: CUSOLVER_STATUS_ALLOC_FAILED, when calling `cusolverDnCreate(handle)`",
    "cuFFT error: CUFFT_ALLOC_FAILED",
    "nvrtc: error: NVRTC_ERROR_OUT_OF_MEMORY",
]
MAY_MEAN_OUT_OF_MEMORY = [
    "GET was unable to find an engine to execute this computation",
    "FIND was unable to find an engine to execute this computation",
    "Unable to find an engine to execute this computation",
    "cuDNN error: CUDNN_STATUS_NOT_SUPPORTED. This error may appear if you passed in a "
    "non-contiguous input.",
    "CUDA error: CUBLAS_STATUS_NOT_INITIALIZED when calling `cublasCreate(handle)`",
    "cuDNN error: CUDNN_STATUS_NOT_INITIALIZED",
]
SAYS_SOMETHING_ELSE = [
    "CUDA error: device-side assert triggered",
    "CUDA error: an illegal memory access was encountered",
    "CUDA error: misaligned address",
    "CUDA error: unspecified launch failure",
    "CUDA error: no kernel image is available for execution on the device",
    "CUDA error: CUBLAS_STATUS_EXECUTION_FAILED when calling `cublasSgemm`",
    "cuDNN error: CUDNN_STATUS_EXECUTION_FAILED",
    "cuDNN error: CUDNN_STATUS_BAD_PARAM",
    "out of resource: shared memory, Required: 131072, Hardware limit: 101376",
    "No available kernel. Aborting execution.",
    "The size of tensor a (3) must match the size of tensor b (4) at non-singleton dimension 1",
    "mat1 and mat2 shapes cannot be multiplied (2x3 and 4x5)",
    "Torch not compiled with CUDA enabled",
]


@pytest.mark.parametrize("text", SAYS_OUT_OF_MEMORY)
def test_an_error_that_says_that_memory_does_not_suffice_is_recognised(text):
    assert is_out_of_memory(RuntimeError(text))
    assert is_out_of_memory(torch.AcceleratorError(text))


@pytest.mark.parametrize("text", MAY_MEAN_OUT_OF_MEMORY)
def test_an_error_that_may_mean_it_counts_with_more_than_one_image(text):
    assert is_out_of_memory(RuntimeError(text), n_images=2)
    assert not is_out_of_memory(RuntimeError(text), n_images=1)
    assert not is_out_of_memory(RuntimeError(text))


@pytest.mark.parametrize("text", SAYS_SOMETHING_ELSE)
def test_an_error_that_says_something_else_does_not_count(text):
    assert not is_out_of_memory(RuntimeError(text), n_images=64)


def test_the_kind_of_an_error_decides_before_its_text():
    assert is_out_of_memory(torch.OutOfMemoryError("Not enough memory for workspace!"))
    assert is_out_of_memory(MemoryError())
    assert not is_out_of_memory(ValueError("CUDA out of memory."), n_images=64)
    with pytest.raises(RuntimeError) as caught:
        torch.empty(10**15)
    assert is_out_of_memory(caught.value)


@pytest.mark.parametrize(
    ("precision", "card", "parts"),
    [
        ("bf16", T4, ["bf16 needs compute capability 8.0", "Tesla T4 (7.5)", "emulated"]),
        ("tf32", T4, ["tf32 needs compute capability 8.0", "computed in fp32"]),
        ("bf16", A100, None),
        ("tf32", H100, None),
        ("fp16", T4, None),
        ("fp32", T4, None),
    ],
)
def test_a_precision_that_a_card_lacks_is_warned_of(machine, precision, card, parts):
    machine.has(card)
    text = precision_warning(precision, choose_device("cuda"))
    assert text is None if parts is None else all(part in text for part in parts)
    assert precision_warning(precision, CPU) is None


def test_clocks_are_those_of_the_chosen_gpu(machine, environment):
    machine.has(A100)
    device = choose_device("auto")
    machine.nvidia_smi("wrong", **{"-i GPU-0000-aaaa": ["1410, 1980"]})
    assert clocks(device) == (1410, 1980)
    environment[gpus.VISIBLE] = "MIG-b1"
    assert clocks(device) == (None, None)
    assert clocks(CPU) == (None, None)


def test_the_driver_is_that_of_a_gpu(machine):
    machine.has(A100)
    machine.nvidia_smi("570.86.10")
    assert driver_version(GPU) == "570.86.10"
    assert driver_version(CPU) is None


def test_the_peak_of_a_gpus_memory_can_be_counted_anew(monkeypatch):
    peak = {GPU: 5_000_000}
    monkeypatch.setattr(torch.cuda, "max_memory_allocated", peak.get)
    monkeypatch.setattr(
        torch.cuda, "reset_peak_memory_stats", lambda d: peak.update({d: 1_000_000})
    )
    assert peak_memory_mb(GPU) == 5
    reset_peak_memory(GPU)
    assert peak_memory_mb(GPU) == 1
    reset_peak_memory(CPU)


def test_cuda_has_no_bearing_on_where_a_training_on_the_cpu_can_be_resumed(monkeypatch):
    places = []
    for is_there in (False, True):
        monkeypatch.setattr(torch.cuda, "is_available", lambda is_there=is_there: is_there)
        places.append(place_of(torch.device("cpu")))
    assert places[0] == places[1]
