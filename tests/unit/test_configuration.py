"""The configuration is closed: a fault is named by its key, with what was found and is allowed."""

import copy
import json
import re
import sys

import jsonschema
import pytest
import yaml
from project import ROOT

from cifarlab.configuration import read_configuration, run_table
from cifarlab.named_files import check_files
from engine.errors import UserError
from engine.key_table import key_table
from schema import configuration_schema, with_table

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
    (("recipes", SCRATCH, "micro_batch"), "x", ["micro_batch: should be a", "should be 'auto' (f"]),
    (("recipes", SCRATCH, "micro_batch"), 0.5, [".micro_batch: should be 'auto' (found 0.5)"]),
    ((*OPTIMIZER, "name"), "adagrad", ["optimizer.name", "'adam', 'adamw', 'm", "adagrad"]),
    (("recipes", SCRATCH), {"epochs": 1}, ["batch_size: missing", "optimizer: missing"]),
    (("models", "cnn_2", "blocks"), 6, ["models.cnn_2.blocks", "less than or equal to 5", "6"]),
    (
        ("models", "cnn_2", "family"),
        "vgg",
        ["models.cnn_2.family", "'cnn', 'file', 'torchvision'", "'vgg'"],
    ),
    (("models", "a/b"), {"family": "cnn", "blocks": 1}, ["models.a/b", "a name has letters"]),
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
    (("recipes",), {1: {"epochs": 1}}, ["recipes: a key should be text", "a number (found 1)"]),
    (("checkpoints",), {}, ["checkpoints", "give seconds, steps or both"]),
    (("checkpoints",), {"seconds": None}, ["checkpoints", "give seconds, steps or both"]),
    (("device",), "gpu", ["device", "'auto', 'cuda', 'mps' or 'cpu'", "'gpu'"]),
    (("dataset", "md5"), "abc", ["dataset.md5", "32 hexadecimal digits", "'abc'"]),
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
    assert kept == configuration_schema(), "run make schema"


def test_the_table_of_keys_is_up_to_date():
    page = (ROOT / "config/README.md").read_text()
    assert page == with_table(page, key_table(configuration_schema())), "run make schema"


@pytest.mark.parametrize(
    ("changes", "is_valid"),
    [
        ({}, True),
        ({"schedule": "cosine", "loss": "cross_entropy"}, True),
        ({"schedule": {"name": "cosine"}}, True),
        ({"schedule": "linear"}, True),
        ({"schedule": "step"}, False),
        ({"schedule": {"name": "step", "every": 0.3}}, True),
        ({"optimizer": "sgd"}, False),
        ({"optimizer": {"name": "adam", "learning_rate": 0.1, "momentum": 0.9}}, False),
    ],
)
def test_editors_accept_what_the_workflow_accepts(values, changes, is_valid):
    values["recipes"][SCRATCH] |= changes
    validator = jsonschema.Draft202012Validator(configuration_schema())
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


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("no", "true or false (found False)"),
        ("on", "true or false (found True)"),
        ("12", "a number (found 12)"),
        ("1.5e+3", "a number (found 1500.0)"),
        ("null", "nothing (found None)"),
        ("2024-01-01", "a date (found datetime.date(2024, 1, 1))"),
        ("2024-01-01 10:00:00", "a time (found datetime.datetime(2024, 1, 1, 10, 0))"),
    ],
)
@pytest.mark.parametrize("key", ["models", "recipes", "dataset.name", "runs[0].models[0]"])
def test_a_name_that_yaml_reads_as_something_else_is_to_be_put_in_quotes(values, key, text, found):
    name = yaml.safe_load(text)
    if key == "dataset.name":
        values["dataset"]["name"] = name
    elif key == "runs[0].models[0]":
        values["runs"][0]["models"] = [name]
    else:
        values[key][name] = next(iter(values[key].values()))
    what = "a key should" if key in ("models", "recipes") else "should"
    line = f"  {key}: {what} be text; put it in quotes, without it is {found}"
    with pytest.raises(UserError) as error:
        read_configuration(values)
    assert line in str(error.value).splitlines()


NAMES_THAT_DO = ["no", "12", "1e3", "null", "2024-01-01", "a.b", "a--b_", "0", "a" * 64]
NAMES_THAT_DO_NOT = [
    "",
    "a/b",
    "a b",
    "a\n",
    ".a",
    "..",
    "-a",
    "{a}",
    "名字",
    "é",
    "a+b",
    "~",
    "a:b",
]


@pytest.mark.parametrize("name", NAMES_THAT_DO)
def test_a_name_in_quotes_may_look_like_something_else(values, name):
    values["models"][name] = {"family": "cnn", "blocks": 1}
    values["recipes"][name] = values["recipes"][SCRATCH]
    values["dataset"]["name"] = name
    values["runs"] = [{"models": [name], "recipes": [name], "seeds": [0]}]
    assert run_table(read_configuration(values)) == [(name, name, 0)]


@pytest.mark.parametrize("name", [*NAMES_THAT_DO_NOT, "a" * 300])
def test_a_name_that_is_no_folder_everywhere_is_one_line(values, name):
    values["dataset"]["name"] = name
    values["models"][name] = {"family": "cnn", "blocks": 1}
    with pytest.raises(UserError) as error:
        read_configuration(values)
    _, *lines = str(error.value).splitlines()
    words = "a name has letters from A to Z" if len(name) < 64 else "at most 64 characters"
    assert [line for line in lines if words not in line or len(line) > 600] == []


@pytest.mark.parametrize("kind", ["models", "recipes"])
def test_names_of_runs_that_differ_only_in_capitals_are_refused(values, kind):
    known = next(iter(values[kind]))
    values[kind][known.upper()] = values[kind][known]
    assert run_table(read_configuration(values))
    values["runs"][0] = {"models": ["cnn_2"], "recipes": [SCRATCH], "seeds": [0]}
    values["runs"][0][kind] = [known, known.upper()]
    with pytest.raises(UserError, match=f"^{kind}: {known!r} and {known.upper()!r} differ only in"):
        run_table(read_configuration(values))


def of_config(text):
    """A value of --config as Snakemake gives it: what is nested has texts alone."""
    return yaml.load(text, Loader=yaml.loader.BaseLoader)


def with_overrides(values, **texts):
    """The configuration with --config KEY=TEXT for each."""
    overrides = {key: of_config(text) for key, text in texts.items()}
    return read_configuration(_laid_on_top(values, overrides), overrides)


def _laid_on_top(values, overrides):
    values = dict(values)
    for key, value in overrides.items():
        is_nested = isinstance(value, dict) and isinstance(values.get(key), dict)
        values[key] = _laid_on_top(values[key], value) if is_nested else value
    return values


def test_numbers_truth_values_and_null_of_config_are_what_they_are_in_a_file(values):
    configuration = with_overrides(
        values,
        threads="3",
        dataset="{name: 12, source: 34, md5: 00000000000000000000000000000000}",
        recipes="{new: {epochs: 2, batch_size: 8, optimizer: {name: sgd, learning_rate: 1e-3},"
        " channels_last: no, max_steps: null, validation: 0.25, precision: bf16}}",
        models="{own: {family: file, factory: a.py:net, head: null,"
        " options: {width: 3, deep: true, note: it is}}}",
        runs="[{models: [own, cnn_2], recipes: [new], seeds: [0, 1]}]",
        library_versions="any",
    )
    assert configuration.threads == 3
    dataset = configuration.dataset
    assert (dataset.name, dataset.source, dataset.md5) == ("12", ["34"], "0" * 32)
    recipe = configuration.recipes["new"]
    assert (recipe.epochs, recipe.channels_last, recipe.max_steps) == (2, False, None)
    assert (recipe.validation, recipe.optimizer.learning_rate) == (0.25, 0.001)
    own = configuration.models["own"]
    assert (own.head, own.options) == (None, {"width": 3, "deep": True, "note": "it is"})
    assert [run.seed for run in run_table(configuration)] == [0, 1, 0, 1]


def test_text_that_looks_like_a_number_stays_text_in_a_file(values):
    options = {"width": "3", "deep": "no"}
    values["models"]["own"] = {"family": "file", "factory": "a.py:net", "options": options}
    assert with_overrides(values, threads="3").models["own"].options == options
    values["recipes"][SCRATCH]["epochs"] = "5"
    with pytest.raises(UserError, match=rf"recipes.{SCRATCH}.epochs: .* integer \(found '5'\)"):
        with_overrides(values, threads="3")


@pytest.mark.parametrize(
    ("key", "text", "line"),
    [
        ("threads", "two", "threads: should be a valid integer (found 'two')"),
        ("threads", "2.5", "threads: should be a valid integer"),
        ("device", "no", "device: should be 'auto', 'cuda', 'mps' or 'cpu' (found 'no')"),
        ("recipes", "{r: {epochs: x}}", "recipes.r.epochs: should be a valid integer (found 'x')"),
        ("recipes", f"{{{SCRATCH}: {{loss: 12}}}}", f"recipes.{SCRATCH}.loss"),
        ("recipes", f"{{{SCRATCH}: {{micro_batch: x}}}}", f"recipes.{SCRATCH}.micro_batch: should"),
        ("models", "{m: {family: 12}}", "models.m.family: should be one of"),
        ("models", "{m: 3}", "models.m: should be keys with values, as in `key: value` (found 3)"),
        ("dataset", "synthetic", "dataset: should be keys with values"),
        ("dataset", "'{name: ['", "dataset: should be keys with values"),
        ("runs", "[1, 2]", "runs[0]: should be keys with values, as in `key: value` (found 1)"),
        ("seeds", "[1]", "seeds: unknown key"),
    ],
)
def test_a_fault_of_config_is_named_by_its_key(values, key, text, line):
    with pytest.raises(UserError) as error:
        with_overrides(values, **{key: text})
    assert f"  {line}" in str(error.value)


@pytest.mark.parametrize(
    ("key", "value", "line"),
    [
        (("published",), "folder", "published: expected a file at folder, found a folder"),
        (("published",), "https://example.org/p.csv", "published: expected a file at https:/"),
        (("models", "cnn_2", "weights"), "./folder", "models.cnn_2.weights: expected a file at f"),
        (
            ("models", "cnn_2"),
            {"family": "file", "factory": "folder.py:net"},
            "models.cnn_2.factory: expected a file at folder.py, found a folder",
        ),
        (
            ("dataset", "source"),
            "folder",
            "dataset.source: expected an archive, found the folder f",
        ),
        (
            ("dataset", "source"),
            "file://{}/folder",
            "dataset.source: expected an archive, found th",
        ),
        (("dataset", "source"), ["absent", "folder"], "expected an archive, found the folder f"),
        (("dataset", "source"), "absent", "dataset.source: expected a file at absent, found none"),
        # What the operating system refuses to look for.
        (("published",), "a" * 300, "aaa, found none; check the path"),
        (("published",), "http://[x/a.csv", "expected a URL or a path, found http://[x/a.csv ("),
    ],
)
def test_a_folder_where_a_file_is_expected_is_one_line(
    values, tmp_path, monkeypatch, key, value, line
):
    monkeypatch.chdir(tmp_path)
    for name in ("folder", "folder.py"):
        (tmp_path / name).mkdir()
    values["published"] = str(ROOT / "config/published.csv")
    change(key, value.format(tmp_path) if isinstance(value, str) else value)(values)
    configuration = read_configuration(values)
    with pytest.raises(UserError) as error:
        check_files(configuration, run_table(configuration), has_data=False)
    assert line in str(error.value)
