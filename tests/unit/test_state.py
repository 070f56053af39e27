"""What a model's state holds is saved and loaded exactly: ties, views, types, extra state."""

import argparse
import itertools
import os
import signal
import stat
import subprocess
import sys

import numpy as np
import pytest
import safetensors.torch
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from project import ROOT
from torch import nn
from weights_bytes import weights_as_bytes

from cifarlab.models.weights import (
    load_into,
    read_metadata,
    read_safetensors,
    save_weights,
)
from engine.checkpoints import Checkpoints
from engine.errors import UserError
from engine.files import new_files

TYPES = [
    *(torch.float32, torch.float64, torch.float16, torch.bfloat16, torch.complex64),
    *(torch.bool, torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64),
    *(torch.uint16, torch.uint32, torch.uint64, torch.float8_e4m3fn, torch.float8_e5m2),
]


def bits(tensor):
    """The bytes of a tensor's numbers, in the order of its dimensions."""
    plain = tensor.detach().resolve_conj().resolve_neg().contiguous().clone()
    return plain.flatten().view(torch.uint8).numpy().tobytes() if plain.numel() else b""


def assert_same(value, expected):
    if torch.is_tensor(expected):
        assert (value.dtype, value.shape) == (expected.dtype, expected.shape)
        assert bits(value) == bits(expected)
    elif isinstance(expected, dict):
        assert type(value) is type(expected)
        assert list(value) == list(expected)
        for key in expected:
            assert_same(value[key], expected[key])
    elif isinstance(expected, list | tuple):
        assert type(value) is type(expected)
        assert len(value) == len(expected)
        for one, other in zip(value, expected, strict=True):
            assert_same(one, other)
    else:
        assert repr(value) == repr(expected)


def are_one(value, other):
    """Whether two tensors are the same one, which has numbers."""
    same = ("data_ptr", "stride", "dim", "is_conj", "is_neg", "numel")
    return (
        all(getattr(value, name)() == getattr(other, name)() for name in same)
        and (value.shape, value.dtype) == (other.shape, other.dtype)
        and value.numel() > 0
    )


INTEGERS = {1: torch.uint8, 2: torch.int16, 4: torch.int32, 8: torch.int64}
VIEWS = [
    lambda t: t,
    lambda t: t[1:],
    lambda t: t[:-1],
    lambda t: t[:, ::2],
    lambda t: t.transpose(0, 1),
    lambda t: t[0, 0],
    lambda t: t[:0],
    lambda t: t.reshape(-1),
    lambda t: t.expand(2, *t.shape),
    lambda t: t.flip(0),
    lambda t: t.view(INTEGERS[t.element_size()]),
]
VIEWS_OF_COMPLEX = [
    lambda t: t.conj(),
    lambda t: t.imag,
    lambda t: t.conj().imag,
    lambda t: t.conj().imag[1, 1],
]


def views_of(tensor):
    return VIEWS + VIEWS_OF_COMPLEX if tensor.is_complex() else VIEWS


def of_bytes(content, kind):
    """A tensor of 4 × 4 numbers."""
    if kind == torch.bool:
        content = bytes(byte % 2 for byte in content)
    return torch.frombuffer(bytearray(content), dtype=kind).reshape(4, 4)


@st.composite
def bases(draw):
    """A tensor of random bits, of any type."""
    kind = draw(st.sampled_from(TYPES))
    size = 16 * torch.empty(0, dtype=kind).element_size()
    return of_bytes(draw(st.binary(min_size=size, max_size=size)), kind)


PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.binary(min_size=1)
    | bases(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text() | st.integers(), inner, max_size=3)
        | st.tuples(inner, inner)
    ),
    max_leaves=5,
)


@st.composite
def states(draw):
    """A state dict: views of a few tensors, some under several names, and extra state."""
    state = {}
    for tensor in draw(st.lists(bases(), min_size=1, max_size=2)):
        views = st.sampled_from(views_of(tensor))
        for name, view in draw(st.dictionaries(st.text(), views, max_size=6)).items():
            state[name] = view(tensor)
    extra = draw(st.dictionaries(st.sampled_from(["_extra_state", "a._extra_state"]), PLAIN))
    return {**state, **extra}


def assert_comes_back(state, path):
    content = weights_as_bytes(state, {"inputs": {"size": 32}})
    path.write_bytes(content)
    assert read_metadata(path) == {"inputs": {"size": 32}}
    read = read_safetensors(path)
    assert read.keys() == state.keys()
    for key in state:
        assert_same(read[key], state[key])
    tensors = [key for key in state if torch.is_tensor(state[key])]
    for one, other in itertools.combinations(tensors, 2):
        assert (read[one] is read[other]) == are_one(state[one], state[other])
    assert weights_as_bytes(state, {"inputs": {"size": 32}}) == content


@settings(max_examples=100)
@given(state=states())
def test_any_state_comes_back_bit_by_bit_and_gives_the_same_bytes_again(tmp_path_factory, state):
    assert_comes_back(state, tmp_path_factory.mktemp("state") / "w.safetensors")


@pytest.mark.parametrize("kind", TYPES, ids=str)
def test_all_views_of_one_tensor_come_back_together_and_alone(tmp_path, kind):
    tensor = of_bytes(bytes(range(16 * torch.empty(0, dtype=kind).element_size())), kind)
    views = [view(tensor) for view in views_of(tensor)]
    together = {
        f"{number} {letter}": views[number] for number in range(len(views)) for letter in "ab"
    }
    for state in (together, *({"alone": view} for view in views)):
        assert_comes_back(state, tmp_path / "w.safetensors")


class Tied(nn.Module):
    """Two layers with one weight, a block under two names, and a window on a larger buffer."""

    def __init__(self):
        super().__init__()
        self.first = nn.Linear(4, 4)
        self.second = nn.Linear(4, 4)
        self.second.weight = self.first.weight
        self.block = nn.BatchNorm1d(4)
        self.again = self.block
        self.extra = {"steps": 0, "names": [], "moments": torch.zeros(2)}

    def get_extra_state(self):
        return self.extra

    def set_extra_state(self, state):
        self.extra = state


@pytest.fixture
def tied():
    torch.manual_seed(0)
    model = Tied()
    model.block(torch.randn(8, 4))
    model.extra = {"steps": 3, "names": ["a", None], "moments": torch.tensor([1.5, -2.0])}
    return model


def assert_loaded(model, expected):
    assert_same({**model.state_dict()}, {**expected.state_dict()})
    assert model.second.weight is model.first.weight
    assert model.again is model.block


def test_ties_are_stored_once_and_stay_tied(tied, tmp_path):
    path = tmp_path / "w.safetensors"
    path.write_bytes(weights_as_bytes(tied.state_dict(), {}))
    stored = set(safetensors.torch.load_file(path))
    assert stored >= {"first.weight", "block.running_mean", "_extra_state"}
    assert stored & {"second.weight", "again.weight", "again.running_mean"} == set()
    state = read_safetensors(path)
    assert state["second.weight"] is state["first.weight"]
    model = Tied()
    load_into(model, path)
    assert_loaded(model, tied)


def test_a_checkpoint_keeps_ties_and_extra_state(tied, tmp_path):
    checkpoints = Checkpoints(tmp_path, {})
    assert checkpoints.save(1, {"model": tied.state_dict()})
    state = checkpoints.latest()["model"]
    tied_weights = (state["first.weight"], state["second.weight"])
    assert are_one(*tied_weights)
    model = Tied()
    model.load_state_dict(state)
    assert_loaded(model, tied)


def without_extra_state():
    return nn.Sequential(layer := nn.Conv2d(3, 4, 1), nn.BatchNorm2d(4), layer).to(
        memory_format=torch.channels_last
    )


def test_the_library_of_the_format_loads_ties_too_and_what_it_saves_is_read(tmp_path):
    model, other = without_extra_state(), without_extra_state()
    path = tmp_path / "w.safetensors"
    path.write_bytes(weights_as_bytes(model.state_dict(), {}))
    assert safetensors.torch.load_model(other, path) == (set(), [])
    assert_same({**other.state_dict()}, {**model.state_dict()})
    safetensors.torch.save_model(model, path)
    read = read_safetensors(path)
    assert_same({key: read[key] for key in model.state_dict()}, {**model.state_dict()})


def test_the_bytes_of_a_state_without_ties_hold_nothing_else():
    state = nn.Conv2d(3, 4, 2).to(memory_format=torch.channels_last).state_dict()
    packed = {key: value.contiguous() for key, value in state.items()}
    expected = safetensors.torch.save(packed, metadata={"cifarlab": '{"seed": 3}'})
    assert weights_as_bytes(state, {"seed": 3}) == expected


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: torch.zeros(2, dtype=torch.complex128), r"is a tensor of type torch\.complex128"),
        (lambda: torch.eye(2).to_sparse(), r"is a tensor of layout torch\.sparse_coo"),
        (lambda: torch.eye(2).to_mkldnn(), r"is a tensor of layout torch\._mkldnn"),
        (
            lambda: torch.quantize_per_tensor(torch.ones(2), 0.1, 0, torch.quint8),
            r"is a tensor of type torch\.quint8",
        ),
        (lambda: torch.zeros(2, device="meta"), r"is a tensor without numbers"),
        (lambda: nn.LazyLinear(2).weight, r"is a parameter without a shape"),
        (lambda: argparse.Namespace(x=1), r"holds argparse\.Namespace; .*get_extra_state"),
        (lambda: [np.float64(1)], r"holds numpy\._core\.multiarray\.scalar, numpy\.dtype; "),
        (lambda: pytest.raises, r"holds [\w.]*raises; "),
        (lambda: lambda: 1, r"holds function; "),
    ],
)
@pytest.mark.filterwarnings("ignore")
def test_what_cannot_be_kept_is_one_line_with_its_key(make, words):
    with pytest.raises(UserError, match=rf"^the model's state cannot be saved: a\.b {words}") as e:
        weights_as_bytes({"a.b": make()}, {})
    assert "\n" not in str(e.value)


class Refuses(nn.Linear):
    def _load_from_state_dict(self, *_):
        raise KeyError("version")


def test_a_model_that_does_not_load_its_own_state_is_said(tmp_path):
    path = tmp_path / "w.safetensors"
    path.write_bytes(weights_as_bytes(nn.Linear(2, 2).state_dict(), {}))
    with pytest.raises(UserError, match=r"does not load its own state .*KeyError: 'version'"):
        load_into(Refuses(2, 2), path)


FULL = """
import resource, signal, sys
from pathlib import Path
sys.path[:0] = [{scripts!r}]
import torch
from cifarlab.models.weights import save_weights
from engine.errors import UserError
from engine.files import new_files
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
try:
    with new_files({path!r}) as (path,):
        save_weights(path, {{"w": torch.zeros(100_000)}}, {{}})
except UserError as error:
    print(error)
"""


def test_weights_for_which_there_is_no_room_give_one_line_and_leave_nothing(tmp_path):
    code = FULL.format(scripts=str(ROOT / "scripts"), path=str(tmp_path / "w.safetensors"))
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert "no room left to write" in result.stdout, result.stderr
    assert "File too large" in result.stdout
    assert [*tmp_path.iterdir()] == []


@pytest.mark.parametrize("mask", [0o022, 0o077, 0o002])
def test_a_weights_file_may_be_read_by_whom_the_umask_allows(tmp_path, mask):
    before = os.umask(mask)
    try:
        with new_files(tmp_path / "w.safetensors") as (path,):
            save_weights(path, {"w": torch.zeros(3)}, {})
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "w.safetensors").stat().st_mode) == 0o666 & ~mask
    assert [path.name for path in tmp_path.iterdir()] == ["w.safetensors"]


def test_what_a_killed_process_had_half_written_is_removed_by_the_next_one(tmp_path):
    code = f"""
import os, signal, sys
sys.path[:0] = [{str(ROOT / "scripts")!r}]
import safetensors.torch, torch
from pathlib import Path
from cifarlab.models.weights import save_weights
from engine.files import new_files
def half(tensors, file, metadata):
    Path(file).with_name(".tmp123").write_bytes(b"half")
    os.kill(os.getpid(), signal.SIGKILL)
safetensors.torch.save_file = half
with new_files({str(tmp_path / "w.safetensors")!r}) as (path,):
    save_weights(path, {{"w": torch.zeros(3)}}, {{}})
"""
    assert subprocess.run([sys.executable, "-c", code]).returncode == -signal.SIGKILL
    assert len([*tmp_path.iterdir()]) == 1
    with new_files(tmp_path / "w.safetensors") as (path,):
        save_weights(path, {"w": torch.zeros(3)}, {})
    assert [path.name for path in tmp_path.iterdir()] == ["w.safetensors"]
