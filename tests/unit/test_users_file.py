"""A user's file is a program: what it does when it is read ends in one line, or is put back."""

import os
import signal
import sys
from pathlib import Path

import pytest
import torch

from cifarlab.models.build import build_for_counting, build_model
from cifarlab.models.families import ModelSettings, file
from engine.errors import UserError
from engine.settings import checked_settings

HEAD = "import argparse, os, signal, sys, torch\nfrom torch import nn\n"
NET = HEAD + "def net(n): return nn.Sequential(nn.Flatten(), nn.Linear(3072, n))\n"
MAIN = 'under `if __name__ == "__main__":`'
EXAMPLE = "a factory looks like `def net(n_classes, **options): return model`"
PARSER = NET + "parser = argparse.ArgumentParser()\n"
CLASS = HEAD + "class {name}(nn.Module):\n    def __init__(self{arguments}): super().__init__()\n"


@pytest.fixture
def own(tmp_path, monkeypatch):
    """A function of a text, and of options: the settings of the model in the file of that text."""
    monkeypatch.chdir(tmp_path)

    def settings(text, **options):
        (tmp_path / "nets.py").write_text(text)
        values = {"family": "file", "factory": "nets.py:net", "options": options}
        return checked_settings(ModelSettings, values)

    return settings


ENDS = [
    (
        NET + "sys.exit(0)",
        ["ends the program when it is imported", "(sys.exit(0) in nets.py, line 4)"],
    ),
    (
        NET + "exit()",
        ["ends the program when it is imported", "(sys.exit(None) in nets.py, line 4)"],
    ),
    (NET + "raise SystemExit('bye')", ["when it is imported", "sys.exit('bye')"]),
    (HEAD + "def net(n): sys.exit(2)", ["when net is called", "(sys.exit(2) in nets.py, line 3)"]),
    (
        PARSER + "parser.add_argument('-net', required=True)\nparser.parse_args()",
        ["arguments of the command line when it is imported (nets.py, line 6)", "`options`"],
    ),
]


@pytest.mark.parametrize(("text", "words"), ENDS)
@pytest.mark.parametrize("build", [build_model, build_for_counting])
def test_a_file_that_ends_the_program_is_one_line(own, build, text, words):
    with pytest.raises(UserError) as error:
        build(own(text), 7)
    line = str(error.value)
    assert line.startswith("factory: nets.py ")
    assert [word for word in [*words, MAIN] if word not in line] == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            NET + "import timm.models",
            ["ModuleNotFoundError: No module named 'timm'", "install timm"],
        ),
        (
            NET + "from .layers import a",
            ["No module named '.layers' (nets.py, line 4); correct it"],
        ),
        (
            NET + "from torch import nix",
            ["cannot import name 'nix' from 'torch'", "nets.py, line 4"],
        ),
        ("def net(:", ["SyntaxError: invalid syntax (nets.py, line 1); correct it"]),
        (NET + "\n{}['a']", ["KeyError: 'a' (nets.py, line 5)"]),
        # A fault below the user's own line is told by that line.
        (NET + "torch.zeros(3).view(7)", ["RuntimeError: shape '[7]'", "(nets.py, line 4)"]),
        (NET + "raise ValueError('a\\nb' * 999)", ["ValueError: a ba ba b", "… (nets.py, line 4)"]),
    ],
)
def test_a_file_that_cannot_be_imported_is_one_line_with_the_place_in_it(own, text, words):
    with pytest.raises(UserError) as error:
        build_model(own(text), 7)
    line = str(error.value)
    assert line.startswith("factory: nets.py cannot be imported: ")
    assert [word for word in words if word not in line] == []
    assert "\n" not in line
    assert len(line) < 600


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (NET.replace("net(", "nett("), ["no function 'net'", "did you mean nett?", "it has nett"]),
        (CLASS.format(name="Net", arguments=""), ["no function 'net'", "did you mean Net?"]),
        ("x = 1", ["no function 'net'; it has none"]),
        ("net = 3", ["net in nets.py is of type int, expected a function or a class"]),
        (HEAD + "net = nn.Linear(3072, 7)", ["is of type Linear", "a new model at every call"]),
        (
            "def net(n, *, depth): pass",
            ["net(7): missing a required", "'depth'; it is net(n, *, d"],
        ),
        (
            "def net(depth, num_classes): pass",
            ["net(num_classes=7): missing", "'depth'; it is net(depth, num_classes) (nets.py, l"],
        ),
    ],
)
def test_a_factory_that_is_not_there_or_takes_other_arguments_is_one_line(own, text, words):
    with pytest.raises(UserError) as error:
        build_model(own(text), 7)
    line = str(error.value)
    assert line.startswith("factory: ")
    assert [word for word in [*words, EXAMPLE] if word not in line] == []


@pytest.mark.parametrize(
    ("signature", "options", "expected"),
    [
        ("n", {}, {"n": 7}),
        ("n, depth=40", {"depth": 2}, {"n": 7, "depth": 2}),
        ("n, /, depth=40", {}, {"n": 7, "depth": 40}),
        ("*args, **kwargs", {"depth": 2}, {"args": (7,), "kwargs": {"depth": 2}}),
        # As public networks have it; given first, it would be the width of each layer.
        ("alpha=1, class_num=100", {}, {"alpha": 1, "class_num": 7}),
        ("block, *, num_classes=10", {"block": 2}, {"block": 2, "num_classes": 7}),
        ("*, classes", {}, {"classes": 7}),
        # A fixed number of classes, or one that the options say.
        ("", {}, {}),
        ("depth=40, factor=10", {}, {"depth": 40, "factor": 10}),
        ("depth=40, *args", {}, {"depth": 40, "args": ()}),
        ("name", {"name": "a"}, {"name": "a"}),
        ("name, classes=10", {"name": "a", "classes": 3}, {"name": "a", "classes": 3}),
        (
            "depth=40, **more",
            {"num_classes": 3},
            {"depth": 40, "more": {"num_classes": 3}},
        ),
    ],
)
def test_the_number_of_classes_is_given_where_a_factory_takes_it(own, signature, options, expected):
    text = f"def net({signature}):\n    kept, layer = locals(), nn.Linear(3072, 7)\n"
    text += "    layer.arguments = kept\n    return layer\n"
    assert build_model(own(HEAD + text, **options), 7).arguments == expected


def test_an_option_that_the_factory_does_not_take_is_one_line(own):
    words = r"as net\(7, width=\[3\]\): got an unexpected keyword argument 'width'; it is net\(n\)"
    with pytest.raises(UserError, match=words):
        build_model(own(NET, width=[3]), 7)


@pytest.mark.parametrize(
    ("returned", "words"),
    [
        ("None", "returned None.*; end it with `return model`"),
        ("nn.Linear", r"returned the class Linear.*; return Linear\(…\), a model of it"),
        ("net", "returned the function net.*; return what it makes"),
        ("nn.ReLU(), [1]", "returned a tuple of ReLU, list.*; return the model alone"),
        ("n", "returned a value of type int"),
    ],
)
def test_a_factory_that_returns_no_model_is_one_line(own, returned, words):
    with pytest.raises(UserError, match=rf"^factory: nets\.py:net {words}") as error:
        build_model(own(HEAD + f"def net(n): return {returned}"), 7)
    assert "(nets.py, line 3)" in str(error.value)


@pytest.mark.parametrize(
    ("layer", "expected"),
    [
        ("nn.Linear(8, 10)", "Linear(in_features=8, out_features=7, bias=True)"),
        ("nn.Linear(8, 10, bias=False)", "Linear(in_features=8, out_features=7, bias=False)"),
        ("nn.LazyLinear(7)", "Linear(in_features=8, out_features=7, bias=True)"),
        ("nn.Unflatten(1, (8, 1, 1)), nn.Conv2d(8, 10, 1)", "Conv2d(8, 7, kernel_size=(1, 1), st"),
    ],
)
@pytest.mark.parametrize("build", [build_model, build_for_counting])
def test_a_named_head_is_made_as_wide_as_there_are_classes(own, build, layer, expected):
    text = HEAD + f"def net(): return nn.Sequential(nn.Flatten(), nn.LazyLinear(8), {layer})\n"
    settings = own(text)
    name = str(len(build(settings, 7)) - 1)
    assert str(build(settings.model_copy(update={"head": name}), 7)[-1]).startswith(expected)


def test_a_head_that_has_the_width_already_is_the_factorys_own(own):
    settings = own(NET.replace("n))", "n)).requires_grad_(False).append(nn.Linear(n, n))"))
    assert not build_model(settings.model_copy(update={"head": "1"}), 7)[1].weight.requires_grad
    with pytest.raises(UserError, match=r"head: expected .* no linear .*'fc'.* last are: 1, 2"):
        build_model(settings.model_copy(update={"head": "fc"}), 7)


@pytest.mark.parametrize("path", ["resnet.v2.py", "nets.v2/one.py"])
def test_a_dot_in_the_name_of_a_module_is_one_line(own, path):
    Path(path).parent.mkdir(exist_ok=True)
    (Path(path).parent / "__init__.py").touch()
    Path(path).write_text("def net(n): ...")
    with pytest.raises(UserError, match=r"without a dot .* found (resnet|nets)\.v2; rename it"):
        build_model(
            checked_settings(ModelSettings, {"family": "file", "factory": f"{path}:net"}), 10
        )


def test_a_factory_at_an_address_is_no_file():
    values = {"family": "file", "factory": "https://example.org/nets.py:net"}
    with pytest.raises(UserError, match=r"expected a Python file at https:/example\.org/nets\.py"):
        build_model(checked_settings(ModelSettings, values), 7)


def test_a_class_may_be_the_factory(own):
    text = CLASS.format(name="net", arguments=", n, width=1").replace(": super", ":\n        super")
    text += "        self.head = nn.Linear(3072, n * width)\n"
    text += "    def forward(self, images): return self.head(images.flatten(1))\n"
    assert build_model(own(text, width=1), 7).head.out_features == 7


def test_a_file_sees_its_own_name_and_no_arguments(own, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["train.py", "--seed", "3"])
    text = PARSER + "parser.add_argument('--width', type=int, default=3072)\n"
    text += "assert parser.prog == 'nets.py'\nWIDTH = parser.parse_args().width\n"
    text += "def net(n):\n    assert sys.argv == ['nets.py']\n"
    text += "    return nn.Sequential(nn.Flatten(), nn.Linear(WIDTH, n))\n"
    assert build_model(own(text), 7)[1].in_features == 3072
    assert sys.argv == ["train.py", "--seed", "3"]


@pytest.mark.parametrize("build", [build_model, build_for_counting])
def test_an_interruption_passes(own, build):
    with pytest.raises(KeyboardInterrupt):
        build(own(NET + "raise KeyboardInterrupt"), 7)


@pytest.fixture
def state():
    """A function that gives what a file may change; it is put back for the other tests."""
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    folder, threads = os.getcwd(), torch.get_num_threads()

    def state():
        return {
            "the working folder": os.getcwd(),
            "the default dtype": torch.get_default_dtype(),
            "the default device": torch.get_default_device(),
            "the grad mode": torch.is_grad_enabled(),
            "the number of threads": torch.get_num_threads(),
            "deterministic algorithms": torch.are_deterministic_algorithms_enabled(),
            "cuDNN's benchmark": torch.backends.cudnn.benchmark,
            "the precision of matrix products": torch.backends.cuda.matmul.fp32_precision,
            "the precision of convolutions": torch.backends.cudnn.conv.fp32_precision,
            "CUDA_VISIBLE_DEVICES": os.environ.get("CUDA_VISIBLE_DEVICES"),
            "what signals do": [signal.getsignal(number) for number in handlers],
        }

    yield state
    os.chdir(folder)
    torch.set_default_dtype(torch.float32)
    torch.set_default_device(None)
    torch.set_grad_enabled(True)
    torch.set_num_threads(threads)
    torch.use_deterministic_algorithms(False)
    torch.backends.cudnn.benchmark = False
    torch.set_float32_matmul_precision("highest")
    torch.backends.cudnn.allow_tf32 = True
    for number, handler in handlers.items():
        signal.signal(number, handler)


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("the working folder", "os.chdir('/')"),
        ("the default dtype", "torch.set_default_dtype(torch.float64)"),
        ("the default device", "torch.set_default_device('meta')"),
        # Not there on a machine without it, which torch says at the next tensor.
        ("the default device", "torch.set_default_device('xpu')"),
        ("the grad mode", "torch.set_grad_enabled(False)"),
        ("the number of threads", "torch.set_num_threads(torch.get_num_threads() + 1)"),
        ("deterministic algorithms", "torch.use_deterministic_algorithms(True)"),
        ("cuDNN's benchmark", "torch.backends.cudnn.benchmark ^= True"),
        ("the precision of matrix products", "torch.backends.cuda.matmul.allow_tf32 = True"),
        ("the precision of matrix products", "torch.set_float32_matmul_precision('high')"),
        (
            "the precision of matrix products",
            "torch.backends.cuda.matmul.fp32_precision = 'tf32'",
        ),
        ("the precision of convolutions", "torch.backends.cudnn.allow_tf32 = False"),
        ("the precision of convolutions", "torch.backends.cudnn.conv.fp32_precision = 'ieee'"),
        ("CUDA_VISIBLE_DEVICES", "os.environ['CUDA_VISIBLE_DEVICES'] = '7'"),
        ("CUDA_VISIBLE_DEVICES", "del os.environ['CUDA_VISIBLE_DEVICES']"),
        ("what signals do", "signal.signal(signal.SIGTERM, signal.SIG_IGN)"),
    ],
)
def test_what_a_file_changes_for_the_whole_process_is_put_back_and_said(
    own, state, capsys, monkeypatch, name, line
):
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    if line.startswith("del"):
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3")
    before = state()
    file.build(own(HEAD + f"def net(n):\n    {line}\n    return nn.ReLU()"), 7)
    assert state() == before
    note = f"note: nets.py changes for the whole process: {name}; put back\n"
    assert capsys.readouterr().err == note


def test_counting_on_the_meta_device_is_no_change_of_a_file(own, state, capsys):
    settings, before = own(NET + "torch.set_default_device('cpu')"), state()
    assert build_for_counting(settings, 7)[1].weight.device.type in ("cpu", "meta")
    assert state() == before
    assert build_for_counting(own(NET), 7)[1].weight.device.type == "meta"
    assert "the default device" in capsys.readouterr().err
