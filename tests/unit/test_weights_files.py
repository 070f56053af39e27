"""Weights files that others wrote: what is read, and what is refused with its reason and cure."""

import argparse
import gzip
import json
import os
import pickle
import tarfile
import zipfile

import numpy as np
import pytest
import safetensors.torch
import torch
from torch import nn
from weights_bytes import weights_as_bytes

from cifarlab.models.weights_files import WRAPPERS, read_state
from engine.errors import UserError

STATE = nn.Linear(3, 2).state_dict()
OTHER = nn.Linear(3, 2).state_dict()


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(3, 2)


class Calls:
    def __init__(self, target):
        self.target = target

    def __reduce__(self):
        return os.mkdir, (self.target,)


def assert_read(path, wrappers=(), expected=STATE):
    state, found = read_state(path)
    assert found == [*wrappers]
    assert state.keys() == expected.keys()
    assert all(torch.equal(state[key], expected[key]) for key in expected)


# --- what is read


@pytest.mark.parametrize("suffix", [".pth", ".pt", ".bin", ".ckpt", ".PTH", ".SAFETENSORS", ""])
@pytest.mark.parametrize(
    "save",
    [
        torch.save,
        lambda state, path: torch.save(state, path, _use_new_zipfile_serialization=False),
        lambda state, path: torch.save(state, path, pickle_protocol=3),
        safetensors.torch.save_file,
        lambda state, path: path.write_bytes(weights_as_bytes(state, {"seed": 0})),
    ],
    ids=["zip", "legacy", "protocol 3", "safetensors", "own"],
)
def test_a_file_is_read_by_what_it_is_whatever_its_name(tmp_path, suffix, save):
    path = tmp_path / f"w{suffix}"
    save(STATE, path)
    assert_read(path)


@pytest.mark.parametrize("wrapper", WRAPPERS)
def test_weights_are_found_below_the_names_of_training_scripts(tmp_path, wrapper):
    torch.save({wrapper: STATE, "optimizer": {"lr": 0.1}, "epoch": 3}, tmp_path / "w.pth")
    assert_read(tmp_path / "w.pth", [wrapper])


@pytest.mark.parametrize(
    ("content", "wrappers"),
    [
        ({"model": {"state_dict": STATE}, "epoch": 3}, ["model", "state_dict"]),
        ({"ema": OTHER, "model_ema": OTHER, "state_dict_ema": OTHER, "net": STATE}, ["net"]),
        ({"model": {"args": {}}, "net": STATE}, ["net"]),
        ({"model": STATE, "mean": torch.ones(3)}, ["model"]),
        ({"module": {"module": {"module": STATE}}}, ["module"] * 3),
    ],
    ids=["nested", "several", "another without tensors", "beside a tensor", "one in another"],
)
def test_the_first_of_the_stated_names_that_has_tensors_counts(tmp_path, content, wrappers):
    torch.save(content, tmp_path / "w.pth")
    assert_read(tmp_path / "w.pth", wrappers)


def test_a_parameter_that_is_named_as_a_wrapper_is_a_parameter(tmp_path):
    state = {"weights": torch.ones(2), "model": torch.ones(3)}
    torch.save(state, tmp_path / "w.pth")
    assert_read(tmp_path / "w.pth", expected=state)


def test_extra_state_comes_along(tmp_path):
    torch.save({**STATE, "block._extra_state": {"a": [1]}}, tmp_path / "w.pth")
    assert read_state(tmp_path / "w.pth")[0]["block._extra_state"] == {"a": [1]}


def test_ties_that_a_file_notes_are_kept(tmp_path):
    layer = nn.Linear(3, 3)
    model = nn.Sequential(layer, nn.ReLU(), layer)
    torch.save(model.state_dict(), tmp_path / "w.pth")
    safetensors.torch.save_model(model, tmp_path / "w.safetensors")
    for name in ("w.pth", "w.safetensors"):
        state, _ = read_state(tmp_path / name)
        assert state["2.weight"].data_ptr() == state["0.weight"].data_ptr()


# --- what is refused


def written(content):
    return lambda path: path.write_bytes(content)


def saved(content, **options):
    return lambda path: torch.save(content, path, **options)


def damaged(save, change):
    def make(path):
        save(path)
        path.write_bytes(change(path.read_bytes()))

    return make


def archive(path):
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("folder/weights.pth", b"")


def tar(path):
    with tarfile.open(path, "w") as file:
        file.add(__file__, "weights.pth")


def pickled(content, protocol=4):
    return written(pickle.dumps(content, protocol))


LEGACY = {"_use_new_zipfile_serialization": False}
FILES = {
    "empty": (written(b""), "it is empty; fetch or save it again"),
    "zeros": (written(bytes(5000)), r"neither torch.save nor safetensors wrote it; save model"),
    "noise": (written(b"\xff\xfe\x00\x01" * 99), r"neither torch.save nor safetensors wrote it"),
    "Git LFS": (
        written(b"version https://git-lfs.github.com/spec/v1\noid sha256:1f\nsize 9\n"),
        r"a pointer of Git LFS, not the file itself; run git lfs pull .*, or download the file",
    ),
    "web page": (
        written("\ufeff\n<!DOCTYPE html><p>Zürich".encode()),
        "it is a web page; download the file itself",
    ),
    "long page": (written(("<html>-" + "ü" * 9999).encode()), "it is a web page"),
    "text": (written(b"weights: here\n"), r"it is a text that begins with 'weights: here'; save"),
    "JSON": (written(b'[{"layer": 1}]'), "it is JSON; save model"),
    "index": (
        written(json.dumps({"metadata": {}, "weight_map": {"a": "w-1", "b": "w-2"}}).encode()),
        r"it is the index of weights in 2 files \(w-1, w-2\); put the tensors of all of them into",
    ),
    "gzip": (written(gzip.compress(b"x" * 99)), "it is compressed; unpack it with gunzip"),
    "HDF5": (written(b"\x89HDF\r\n\x1a\n\x00"), "it is an HDF5 file, as Keras writes"),
    "NumPy": (lambda path: np.save(path.open("wb"), np.ones(3)), "it is an array of NumPy"),
    "NumPy's": (
        lambda path: np.savez(path.open("wb"), a=np.ones(3)),
        r"a ZIP archive that torch\.save did not write \(a\.npy\); unpack it",
    ),
    "ZIP": (archive, r"a ZIP archive that torch\.save did not write \(weights\.pth\); unpack it"),
    "tar": (tar, "it is a tar archive; unpack it and name the file in it"),
    "TorchScript": (
        lambda path: torch.jit.script(nn.Linear(2, 2)).save(path),
        r"it is a TorchScript program; save torch\.jit\.load\(…\)\.state_dict\(\) with torch\.save",
    ),
    "exported": (
        lambda path: torch.export.save(
            torch.export.export(nn.Linear(2, 2), (STATE["weight"][:, :2],)), path
        ),
        r"a ZIP archive that torch\.save did not write",
    ),
    "truncated": (
        damaged(saved(STATE), lambda b: b[:-30]),
        r"it is cut short or damaged \([^.]*\); fetch",
    ),
    "damaged": (
        damaged(saved(STATE), lambda b: b.replace(b"ccollections", b"\xffcollections")),
        r"it is cut short or damaged \(UnpicklingError\); fetch",
    ),
    "truncated legacy": (
        damaged(saved(STATE, **LEGACY), lambda b: b[:-9]),
        "it is cut short or damaged .*; fetch or save it again",
    ),
    "truncated safetensors": (
        written(safetensors.torch.save(STATE)[:-4]),
        "it is cut short or damaged .*; fetch or save it again",
    ),
    "a whole model": (
        saved(Net()),
        rf"it is a whole model, of class {__name__}\.Net, not its tensors; save model\.",
    ),
    "a whole model, legacy": (saved(Net(), **LEGACY), rf"a whole model, of class {__name__}\.Net,"),
    "a whole model, protocol 4": (saved(Net(), pickle_protocol=4), rf"of class {__name__}\.Net,"),
    "a whole model beside others": (
        saved({"args": argparse.Namespace(), "net": nn.Sequential(Net())}),
        r"a whole model, of class torch\.nn\.modules\.container\.Sequential,",
    ),
    "NumPy scalar": (
        saved({"net": STATE, "best": np.float64(0.9)}),
        r"expected tensors by name, nothing else, found numpy\._core\.multiarray\.scalar, "
        r"numpy\.dtype; save model\.state_dict\(\)",
    ),
    "arguments": (
        saved({"net": STATE, "args": argparse.Namespace(lr=1)}, **LEGACY),
        r"found argparse\.Namespace; save",
    ),
    "optimizer": (
        saved([torch.optim.SGD(nn.Linear(2, 2).parameters())]),
        r"found .*torch\.optim\.sgd\.SGD",
    ),
    "protocol 4": (saved(STATE, pickle_protocol=4), "expected pickle protocol 2, found 4; save"),
    "pickle": (pickled({"a": 1}, 2), r"it is a pickle that torch\.save did not write; save"),
    "pickled arrays": (pickled({"a": np.ones(1)}), r"found numpy\._core\.multiarray\._reconstruct"),
    "tensor": (saved(torch.ones(3)), "expected tensors by name, found Tensor; save model"),
    "list": (saved([torch.ones(3)]), "expected tensors by name, found list"),
    "nothing": (saved({}), "expected tensors by name, found nothing"),
    "no tensors": (saved({"epoch": 1, "lr": 2}), "expected tensors by name, found 'epoch', 'lr'"),
    "unknown wrapper": (
        saved({"generator": STATE, "critic": {"net": STATE}, "epoch": 1}),
        r"tensors are below 'critic', 'generator', names that are not known here; save the one",
    ),
    "numbers as names": (saved({0: torch.ones(1)}), "it holds names that are no texts: 0; save"),
    "numbers beside": (
        saved({**STATE, "epoch": 3, "lr": [1]}),
        r"it holds values that are no tensors: epoch \(int\), lr \(list\); save",
    ),
    "meta": (
        saved({**STATE, "m": torch.ones(3, device="meta")}),
        "it holds tensors without numbers, on the meta device: m; give the model its numbers",
    ),
    "sparse": (
        saved({**STATE, "s": torch.eye(3).to_sparse()}),
        "it holds tensors that are sparse, nested or quantised: s; make them dense",
    ),
}


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
@pytest.mark.filterwarnings("ignore")
def test_a_file_that_is_no_weights_is_one_line_with_the_reason_and_the_cure(tmp_path, name, suffix):
    make, words = FILES[name]
    path = tmp_path / f"w{suffix}"
    make(path)
    with pytest.raises(UserError, match=rf"^cannot read weights in {path}: .*{words}") as caught:
        read_state(path)
    message = str(caught.value)
    assert "\n" not in message
    assert "\x1b" not in message
    assert "weights_only" not in message


def test_a_file_that_runs_code_is_refused_and_not_run(tmp_path):
    torch.save({"weight": Calls(str(tmp_path / "called"))}, tmp_path / "evil.pth")
    with pytest.raises(
        UserError, match=r"expected tensors by name, nothing else, found \w+\.mkdir"
    ):
        read_state(tmp_path / "evil.pth")
    assert not (tmp_path / "called").exists()


@pytest.mark.parametrize(
    "save", [saved(STATE), saved(STATE, **LEGACY), written(safetensors.torch.save(STATE))]
)
def test_a_file_that_was_cut_anywhere_is_one_line(tmp_path, save):
    save(tmp_path / "whole")
    content = (tmp_path / "whole").read_bytes()
    for length in range(0, len(content), 7):
        (tmp_path / "w.pth").write_bytes(content[:length])
        with pytest.raises(UserError, match=r"^cannot read weights in .*w\.pth: .*; ") as caught:
            read_state(tmp_path / "w.pth")
        assert "\n" not in str(caught.value)
