"""A user's model and the files that a configuration names, through the real workflow."""

import copy
import datetime
import functools
import json
import os
import subprocess
import sys

import pytest
from project import SMALL

WEIGHTS = "results/synthetic/runs/own/quick/seed-0/weights.safetensors"
METRICS = "results/synthetic/runs/own/quick/seed-0/metrics.json"
RECORD = "results/synthetic/records/train/own/quick/seed-0.json"
LOG = "results/synthetic/logs/train/own/quick/seed-0.log"
MODEL = """from torch import nn

import data
from .layers import WIDTH


def net(n_classes, note):
    print("模型")
    assert note == "it{is}"
    head = nn.Linear(WIDTH, n_classes, data.BIAS)
    return nn.Sequential(nn.Flatten(), nn.Linear(3072, WIDTH), head)
"""
SAVE = (
    "import torch; torch.save({'1.weight': torch.ones(8, 3072), '1.bias': torch.ones(8)},"
    " 'weights/{a}.pth')"
)


@pytest.fixture
def own(project, monkeypatch):
    """A project with a model whose files, weights and options have awkward names.

    It prints one too, and the locale, C, has no letters but those of ASCII.
    """
    monkeypatch.setenv("LC_ALL", "C")
    files = {
        "own/网络.py": MODEL,
        "own/layers.py": "WIDTH = 8\n",
        # The name of one of the project's commands.
        "own/data.py": "import json\n\nBIAS = json.load(open('own/bias.json'))\n",
        "own/bias.json": "true",
    }
    for name, text in files.items():
        (project.folder / name).parent.mkdir(exist_ok=True)
        (project.folder / name).write_text(text)
    (project.folder / "weights").mkdir()
    project.values = copy.deepcopy(SMALL)
    project.values["models"] = {
        "own": {"family": "file", "factory": "own/网络.py:net", "options": {"note": "it{is}"}}
    }
    project.values["runs"] = [{"models": ["own"], "recipes": ["quick"], "seeds": [0]}]
    project.configure(project.values)
    return project


def trained(project):
    """Ask for the weights; whether they were trained, and their bytes."""
    result = project.snakemake(WEIGHTS)
    assert result.returncode == 0, result.stderr
    return "rule train:" in result.stderr, (project.folder / WEIGHTS).read_bytes()


def test_each_edit_of_what_a_model_imports_and_reads_trains_it_again(own):
    assert trained(own)[0]
    assert "模型" in (own.folder / LOG).read_text(encoding="utf-8")
    record = json.loads((own.folder / RECORD).read_text())
    assert {"own/网络.py", "own/layers.py", "own/data.py"} <= set(record["code"])
    assert set(record["read"]) == {"own/bias.json"}
    assert not trained(own)[0]
    found = []
    for name, text in (("layers.py", "WIDTH = 9\n"), ("layers.py", "WIDTH = 8\n")):
        (own.folder / "own" / name).write_text(text)
        was_trained, weights = trained(own)
        assert was_trained
        found.append(weights)
    assert found[0] != found[1]
    (own.folder / "own/bias.json").write_text("false")
    assert trained(own)[0]


def test_weights_whose_path_has_braces_are_used(own):
    subprocess.run([sys.executable, "-c", SAVE], cwd=own.folder, check=True)
    own.values["models"]["own"]["weights"] = "weights/{a}.pth"
    own.configure(own.values)
    result = own.snakemake("results/synthetic/weights/own.safetensors")
    assert result.returncode == 0, result.stderr
    record = json.loads((own.folder / "results/synthetic/records/weights/own.json").read_text())
    assert "weights/{a}.pth" in record["inputs"]


@pytest.mark.parametrize(
    "named",
    [
        {
            "models.own.weights": ("my_weights.pth", "my_weights.pth"),
            "models.own.factory": ("own/absent.py:net", "own/absent.py"),
            "published": ("config/nope.csv", "config/nope.csv"),
        },
        {
            "models.own.weights": ("~/absent/w.pth", f"{os.path.expanduser('~')}/absent/w.pth"),
            "published": ("config/{nope}.csv", "config/{nope}.csv"),
        },
        {"models.own.weights": ("file:///absent/my%20w.pth", "/absent/my w.pth")},
    ],
)
def test_a_named_file_that_is_missing_is_one_line_before_anything_is_planned(own, named):
    for keys, (value, _) in named.items():
        *parents, key = keys.split(".")
        functools.reduce(dict.get, parents, own.values)[key] = value
    # Another edit in the same configuration is not lost either: nothing is planned.
    own.values["recipes"]["quick"]["epochs"] = 2
    own.configure(own.values)
    result = own.snakemake()
    assert result.returncode == 1
    for keys, (_, path) in named.items():
        assert result.stderr.count(f"{keys}: expected a file at {path}, found none") == 1
    assert f"relative to {own.folder}" in result.stderr
    assert "Nothing to be done" not in result.stderr
    assert "Traceback" not in result.stderr
    assert own.files() == []


def test_options_that_json_does_not_have_are_one_line_each(own):
    values = [float("nan"), datetime.date(2026, 1, 1), {1: 2}, [float("inf")]]
    own.values["models"]["own"]["options"] |= {f"note_{n}": v for n, v in enumerate(values)}
    own.configure(own.values)
    result = own.snakemake("--dry-run")
    assert result.returncode == 1
    for n in range(len(values)):
        (line,) = [x for x in result.stderr.splitlines() if f"models.own.options.note_{n}" in x]
        assert "should be a text, a finite number" in line
    assert "Traceback" not in result.stderr


def test_a_model_that_ends_the_process_at_once_fails_its_job(own):
    text = """import os
from torch import nn


class Net(nn.Linear):
    def forward(self, images):
        os._exit(0)


def net(n_classes, note):
    return Net(3072, n_classes)
"""
    (own.folder / "own/网络.py").write_text(text)
    result = own.snakemake(METRICS, "--latency-wait", "0")
    assert result.returncode == 1
    assert "some output files are missing" in result.stderr
    assert "Traceback" not in result.stderr
