"""The configuration is closed: a fault is named by its key, with what was found and is allowed."""

import copy
import json
import re
import sys

import jsonschema
import pytest
import yaml
from project import ROOT

from cifarlab.configuration import Configuration, read_configuration, run_table
from engine.errors import UserError
from engine.key_table import key_table
from schema import with_table

SCRATCH = "published_scratch"


@pytest.fixture
def values():
    return yaml.safe_load((ROOT / "config/config.yaml").read_text())


def test_the_default_configuration_asks_for_the_published_runs(values):
    configuration = read_configuration(values)
    recipe = configuration.recipes[SCRATCH]
    assert (recipe.epochs, recipe.batch_size, recipe.optimizer.name) == (5, 64, "adam")
    assert recipe.optimizer.learning_rate == 1e-3
    assert configuration.dataset.md5 == "eb9058c3a382ffc7106e4002c42a8d85"
    assert [tuple(run) for run in run_table(configuration)] == [
        *((model, SCRATCH, seed) for model in ("cnn_2", "cnn_3", "cnn_5") for seed in (0, 1, 2)),
        *(
            (model, "published_finetune", 0)
            for model in ("vgg19", "resnet101", "vit_b_32", "swin_b")
        ),
    ]
    finetune = configuration.recipes["published_finetune"]
    assert (finetune.epochs, finetune.batch_size, finetune.max_steps) == (5, 64, None)
    assert finetune.optimizer.model_dump() == {
        "name": "sgd",
        "learning_rate": 1e-3,
        "momentum": 0.9,
        "weight_decay": 0.0,
    }


def change(path, value):
    """A function that sets the key at `path` in the values."""

    def apply(values):
        for key in path[:-1]:
            values = values[key]
        values[path[-1]] = value

    return apply


OPTIMIZER = ("recipes", SCRATCH, "optimizer")
FAULTS = [
    (("resource",), 3, ["resource", "unknown key", "3", "allowed here", "published"]),
    (("recipes", SCRATCH, "epoch"), 3, [f"recipes.{SCRATCH}.epoch", "did you mean epochs?"]),
    (("recipes", SCRATCH, "epochs"), "five", [f"recipes.{SCRATCH}.epochs", "integer", "'five'"]),
    (("recipes", SCRATCH, "epochs"), True, [f"recipes.{SCRATCH}.epochs", "integer", "True"]),
    (("recipes", SCRATCH, "batch_size"), 0, ["batch_size", "greater than or equal to 1", "0"]),
    (("recipes", SCRATCH, "loss"), "hinge", ["loss", "'cross_entropy'", "'hinge'"]),
    ((*OPTIMIZER, "learning_rate"), -0.1, ["optimizer.learning_rate", "greater than 0", "-0.1"]),
    ((*OPTIMIZER, "learning_rate"), float("nan"), ["optimizer.learning_rate", "nan"]),
    ((*OPTIMIZER, "momentum"), 0.9, ["optimizer.momentum", "unknown key", "weight_decay"]),
    ((*OPTIMIZER, "name"), "adagrad", ["optimizer.name", "'adam', 'adamw', 'sgd'", "adagrad"]),
    (("recipes", SCRATCH), {"epochs": 1}, ["batch_size: missing", "optimizer: missing"]),
    (("models", "cnn_2", "blocks"), 6, ["models.cnn_2.blocks", "less than or equal to 5", "6"]),
    (
        ("models", "cnn_2", "family"),
        "vgg",
        ["models.cnn_2.family", "'cnn', 'file', 'torchvision'", "'vgg'"],
    ),
    (("models", "a/b"), {"family": "cnn", "blocks": 1}, ["models.a/b", "pattern"]),
    (("runs", 0, "seeds"), [], ["runs[0].seeds", "at least 1", "[]"]),
    (("runs", 0, "seeds"), [-1], ["runs[0].seeds[0]", "greater than or equal to 0", "-1"]),
    (("runs", 0, "seeds"), [4, 4], ["runs[0]", "cnn_2", SCRATCH, "seed 4", "once"]),
    (("runs", 0, "recipes"), ["best"], ["runs[0].recipes", "'best'", SCRATCH]),
    (
        ("runs", 0, "models"),
        ["cnn_9"],
        ["runs[0].models", "'cnn_9'", "cnn_2, cnn_3, cnn_5, resnet101, swin_b"],
    ),
    (("runs",), [], ["runs", "at least 1"]),
    (("recipes",), {1: {"epochs": 1}}, ["recipes", "string"]),
    (("device",), "gpu", ["device", "'auto', 'cuda', 'mps' or 'cpu'", "'gpu'"]),
    (("dataset", "md5"), "abc", ["dataset.md5", "pattern", "'abc'"]),
    (("dataset", "md5"), None, ["dataset.md5", "missing"]),
    (("dataset", "source"), 7, ["dataset.source", "7"]),
    (("dataset", "source"), "synthetic", ["dataset.name", "'cifar100'"]),
    (("dataset", "source"), ["x.tar.gz", "synthetic"], ["dataset.source", "alone"]),
    (("dataset", "name"), "synthetic", ["dataset.name", "'synthetic'"]),
]


@pytest.mark.parametrize(("path", "value", "words"), FAULTS)
def test_a_fault_is_named_with_what_was_found_and_what_is_allowed(values, path, value, words):
    change(path, value)(values)
    with pytest.raises(UserError) as error:
        run_table(read_configuration(values))
    for word in words:
        assert word in str(error.value)


def test_all_faults_are_named_at_once(values):
    change(("recipes", SCRATCH, "epochs"), 0)(values)
    change(("threads",), "two")(values)
    with pytest.raises(UserError) as error:
        read_configuration(values)
    assert "epochs" in str(error.value)
    assert "threads" in str(error.value)


def test_yaml_1e_3_is_the_number(values):
    change((*OPTIMIZER, "learning_rate"), yaml.safe_load("1e-3"))(values)
    assert read_configuration(values).recipes[SCRATCH].optimizer.learning_rate == 0.001


def test_the_order_of_keys_does_not_change_the_canonical_settings(values):
    other = copy.deepcopy(values)
    other["recipes"][SCRATCH] = dict(reversed(values["recipes"][SCRATCH].items()))
    before, after = (read_configuration(v).recipes[SCRATCH].to_json() for v in (values, other))
    assert before == after


def test_the_order_of_a_models_options_does_not_change_its_canonical_settings(values):
    model = {"family": "file", "factory": "m.py:f"}
    texts = []
    for options in ({"a": 1, "b": 2}, {"b": 2, "a": 1}):
        values["models"]["own"] = {**model, "options": options}
        texts.append(read_configuration(values).models["own"].to_json())
    assert texts[0] == texts[1]


def test_reading_the_configuration_does_not_import_torch(run_command):
    import subprocess

    program = "import sys, cifarlab.configuration; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], cwd=ROOT / "scripts").returncode == 0


def test_the_schema_for_editors_is_up_to_date():
    kept = json.loads((ROOT / "config/schema.json").read_text())
    assert kept == Configuration.model_json_schema(), "run make schema"


def test_the_table_of_keys_is_up_to_date():
    page = (ROOT / "config/README.md").read_text()
    assert page == with_table(page, key_table(Configuration.model_json_schema())), "run make schema"


@pytest.mark.parametrize(
    ("changes", "is_valid"),
    [
        ({}, True),
        ({"schedule": "cosine", "loss": "cross_entropy"}, True),
        ({"schedule": {"name": "cosine"}}, True),
        ({"schedule": "linear"}, False),
        ({"optimizer": "sgd"}, False),
        ({"optimizer": {"name": "adam", "learning_rate": 0.1, "momentum": 0.9}}, False),
    ],
)
def test_editors_accept_what_the_workflow_accepts(values, changes, is_valid):
    values["recipes"][SCRATCH] |= changes
    validator = jsonschema.Draft202012Validator(Configuration.model_json_schema())
    assert validator.is_valid(values) is is_valid
    if is_valid:
        read_configuration(values)


def test_every_key_is_described():
    schema = json.loads((ROOT / "config/schema.json").read_text())
    readme = (ROOT / "config/README.md").read_text()
    assert [line for line in readme.splitlines() if re.search(r"\|\s*\|$", line)] == []
    for definition in [schema, *schema["$defs"].values()]:
        for key in definition["properties"]:
            assert re.search(rf"`[^`]*\b{key}\b[^`]*`", readme), f"config/README.md lacks {key}"
