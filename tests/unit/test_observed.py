"""What a user's model is made from is seen: its imports, and the files that it opens."""

import importlib.util
import os
import py_compile
import sys

import pytest

from cifarlab.models.build import build_model
from cifarlab.models.families import ModelSettings
from engine import observed
from engine.code import Code
from engine.settings import checked_settings

LAYER = "from torch import nn\n\n\ndef layer(n):\n    return nn.Linear(3072, n)\n"


@pytest.fixture(autouse=True)
def apart(monkeypatch, tmp_path):
    """Nothing was observed yet, and a user's folder is the working folder."""
    monkeypatch.setattr(observed, "CODE", {})
    monkeypatch.setattr(observed, "FILES", {})
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    yield
    for name, module in list(sys.modules.items()):
        if str(getattr(module, "__file__", "")).startswith(str(tmp_path)):
            del sys.modules[name]


def write(folder, **files):
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / f"{name}.py").write_text(text)


def build(factory):
    settings = checked_settings(ModelSettings, {"family": "file", "factory": factory})
    return build_model(settings, 5)


def model(imports, layer="layer(n)"):
    factory = f"def net(n):\n    return nn.Sequential(nn.Flatten(), {layer})\n"
    return f"{imports}\nfrom torch import nn\n\n\n{factory}"


@pytest.mark.parametrize(
    "imports",
    [
        "from layers import layer",
        "from .layers import layer",
        "import importlib\nlayer = importlib.import_module('layers').layer",
        "import sys\nsys.path.insert(0, 'own')\nfrom layers import layer",
        "exec(open('own/layers.py').read())",
    ],
)
def test_a_neighbour_is_seen_however_it_is_imported(tmp_path, imports):
    write(tmp_path / "own", one=model(imports), layers=LAYER)
    build("own/one.py:net")
    assert set(observed.CODE) == {"own/one.py", "own/layers.py"}
    # From bytecode too, without the source being opened.
    observed.CODE.clear()
    sys.modules.pop("layers", None)
    build("own/one.py:net")
    assert set(observed.CODE) == {"own/one.py", "own/layers.py"}


def test_a_model_in_a_package_imports_from_the_packages_above(tmp_path):
    write(tmp_path / "own", __init__="")
    write(tmp_path / "own/parts", __init__="", layers=LAYER)
    imports = "from ..parts.layers import layer\nimport own.parts.layers"
    write(tmp_path / "own/nets", __init__="", one=model(imports))
    build("own/nets/one.py:net")
    names = {"nets/__init__", "nets/one", "parts/__init__", "parts/layers", "__init__"}
    assert set(observed.CODE) == {f"own/{name}.py" for name in names}


def test_files_that_are_read_are_seen_and_those_that_are_written_are_not(tmp_path):
    (tmp_path / "sizes.json").write_text("3072")
    (tmp_path / "old.txt").write_text("")
    code = (
        "import json\nSIZE = json.load(open('sizes.json'))\nopen('new.txt', 'w').close()\n"
        "open('old.txt', 'a').close()\n"
        "try:\n    open('own/absent.json')\nexcept FileNotFoundError:\n    pass\n"
    )
    write(tmp_path / "own", one=model(code, "nn.Linear(SIZE, n)"))
    build("own/one.py:net")
    assert set(observed.FILES) == {"sizes.json", "own/absent.json"}
    assert observed.FILES["own/absent.json"] is None


@pytest.mark.parametrize("name", ["engine", "cifarlab", "data", "train", "reporting", "metrics"])
def test_a_neighbour_may_have_the_name_of_a_module_of_the_project(tmp_path, name):
    before = sys.modules.get(name)
    write(tmp_path / "own", one=model(f"from {name} import layer"), **{name: LAYER})
    build("own/one.py:net")
    assert set(observed.CODE) >= {"own/one.py", f"own/{name}.py"}
    if before is not None:
        assert sys.modules[name] is before


@pytest.mark.parametrize("name", ["engine", "cifarlab", "data", "train", "reporting", "metrics"])
def test_a_factory_may_import_such_a_neighbour_when_it_is_called(tmp_path, name):
    before = sys.modules.get(name)
    code = f"from torch import nn\ndef net(n):\n    from {name} import layer\n"
    code += "    return nn.Sequential(nn.Flatten(), layer(n))\n"
    write(tmp_path / "own", one=code, **{name: LAYER})
    build("own/one.py:net")
    assert set(observed.CODE) >= {"own/one.py", f"own/{name}.py"}
    if before is not None:
        assert sys.modules[name] is before


def test_two_files_of_one_name_are_two_models(tmp_path):
    write(tmp_path / "a", one=model("", "nn.Linear(3072, n)"))
    write(tmp_path / "b", one=model("", "nn.Linear(3072, n, bias=False)"))
    assert len(list(build("a/one.py:net").parameters())) == 2
    assert len(list(build("b/one.py:net").parameters())) == 1


def test_what_is_opened_elsewhere_is_not_seen(tmp_path):
    write(tmp_path / "own", one=model("", "nn.Linear(3072, n)"))
    build("own/one.py:net")
    (tmp_path / "later.txt").write_text("")
    (tmp_path / "later.txt").read_text()
    assert not observed.FILES
    assert os.listdir(tmp_path / "own")


def test_project_modules_that_a_neighbour_imports_are_seen_with_it(tmp_path):
    layers = f"from cifarlab.evaluation import metrics\n{LAYER}"
    write(tmp_path / "own", one=model("from layers import layer"), layers=layers)
    build("own/one.py:net")
    assert "cifarlab.evaluation.metrics" in observed.CODE
    # What is compared the next time is the same.
    assert Code().now(observed.CODE) == observed.CODE


def test_old_bytecode_of_the_same_size_and_time_is_not_run(tmp_path):
    write(tmp_path / "own", one=model("", "nn.Linear(3072, n)"), layers="X = 1\n")
    path = tmp_path / "own/layers.py"
    py_compile.compile(str(path), importlib.util.cache_from_source(path))
    times = path.stat().st_mtime_ns
    path.write_text("X = 2\n")
    os.utime(path, ns=(times, times))
    factory = model("from layers import X\nassert X == 2", "nn.Linear(3072, n)")
    (tmp_path / "own/one.py").write_text(factory)
    build("own/one.py:net")
