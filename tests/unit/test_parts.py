"""Parts of a recipe: one file adds one; its settings have one form; what they do reaches a step."""

import csv
import json
import shutil
import subprocess
import sys
from types import SimpleNamespace
from typing import Annotated, Literal, get_args

import pytest
from project import ROOT
from pydantic import Field, TypeAdapter

from cifarlab.training.averages import AVERAGES
from cifarlab.training.losses import LOSSES
from cifarlab.training.optimizers import OPTIMIZERS
from cifarlab.training.parts import InOneStep, OneOf, Part
from cifarlab.training.recipes import Recipe
from cifarlab.training.schedules import SCHEDULES
from engine.errors import UserError
from engine.settings import Number, checked_settings

KINDS = {"optimizers": OPTIMIZERS, "schedules": SCHEDULES, "losses": LOSSES, "averages": AVERAGES}
ADAM = {"name": "adam", "learning_rate": 0.001}
OPTIMIZER = '''"""Adam with Nesterov momentum."""

from typing import Literal

from cifarlab.training.parts import OptimizerSettings, optimizer
from engine.settings import Number


class Settings(OptimizerSettings):
    """A new optimizer."""

    name: Literal["nadam"]

    momentum_decay: Number = 0.004
    """A new key."""

    def build(self, groups):
        from torch.optim import NAdam

        rate = self.learning_rate
        return optimizer(NAdam, groups, lr=rate, momentum_decay=self.momentum_decay)
'''
SCHEDULE = '''"""A part of the learning rate."""

from typing import Literal

from cifarlab.training.parts import ScheduleSettings
from engine.settings import Share


class Settings(ScheduleSettings):
    """A new schedule."""

    name: Literal["part"]

    share: Share = 0.5
    """Of the learning rate."""

    def build(self, n_steps):
        return lambda step: self.share
'''
LOSS = '''"""A multiple of the cross-entropy."""

from typing import Literal

from cifarlab.training.parts import LossSettings
from engine.settings import Count


class Settings(LossSettings):
    """A new loss."""

    name: Literal["multiple"]

    factor: Count
    """How many times."""

    def build(self):
        from torch.nn.functional import cross_entropy

        return lambda logits, labels: self.factor * cross_entropy(logits, labels)
'''
NEW_FILES = {
    "optimizers/nadam.py": OPTIMIZER,
    "schedules/part.py": SCHEDULE,
    "losses/multiple.py": LOSS,
}
NEW_PARTS = {
    "optimizer": {"name": "nadam", "learning_rate": 0.01},
    "schedule": "part",
    "loss": {"name": "multiple", "factor": 3},
}


def recipe(**changes):
    values = {"epochs": 2, "batch_size": 64, "optimizer": ADAM, **changes}
    return checked_settings(Recipe, values)


@pytest.mark.parametrize(("kind", "name"), [(k, n) for k, named in KINDS.items() for n in named])
def test_a_part_has_the_name_of_its_module_and_says_what_it_is(kind, name):
    settings = KINDS[kind][name].Settings
    assert get_args(settings.model_fields["name"].annotation) == (name,)
    assert settings.__doc__.rstrip().endswith(".")


@pytest.fixture(scope="module")
def extended(tmp_path_factory):
    """A copy of the project with one file more for an optimizer, a schedule and a loss."""
    folder = tmp_path_factory.mktemp("extended")
    for name in ("scripts", "config"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / name, folder / name, ignore=ignored)
    for path, text in NEW_FILES.items():
        (folder / "scripts/cifarlab/training" / path).write_text(text)
    run(folder, "data.py", *["--manifest", "manifest.json", "synthetic"], "--train-per-class", "2")
    return folder


def run(folder, script, *words):
    words = [sys.executable, f"scripts/{script}", *words]
    subprocess.run(words, cwd=folder, check=True, timeout=120, capture_output=True)


def train(folder, name, recipe):
    """(rows of the history, record) of a training in a copy of the project."""
    words = ["--dataset", "train.json", "--seed", "0", "--device", "cpu"]
    words += ["--model", json.dumps({"family": "cnn", "blocks": 1}), "--recipe", recipe.to_json()]
    words += [
        *("--weights", f"{name}.safetensors", "--history", f"{name}.csv"),
        *("--epochs", f"{name}.epochs.csv", "--training", f"{name}.json"),
    ]
    run(folder, "train.py", *words, "--record", f"{name}.record.json")
    record = json.loads((folder / f"{name}.record.json").read_text())
    return list(csv.DictReader((folder / f"{name}.csv").open())), record


class Text(SimpleNamespace):
    """A recipe that this process cannot check, because the copy knows more."""

    def to_json(self):
        return json.dumps(vars(self))


def test_one_new_file_each_adds_an_optimizer_a_schedule_and_a_loss(extended):
    plain, plain_record = train(extended, "plain", recipe())
    own, record = train(extended, "own", Text(epochs=2, batch_size=64, **NEW_PARTS))
    # The first step is that of the untrained model with the same images.
    assert float(own[0]["loss"]) == pytest.approx(3 * float(plain[0]["loss"]))
    assert {float(row["learning_rate"]) for row in own} == {0.5 * 0.01}
    assert json.loads((extended / "own.json").read_text())["recipe"] == {
        **recipe().model_dump(),
        **NEW_PARTS,
        "optimizer": {**NEW_PARTS["optimizer"], "momentum_decay": 0.004},
    }
    # What a training comes from is the code of its own parts, and of no other.
    parts = {
        f"cifarlab.training.{path.removesuffix('.py').replace('/', '.')}" for path in NEW_FILES
    }
    assert parts <= set(record["code"])
    assert set(plain_record["code"]) & parts == set()
    assert set(plain_record["code"]) - set(record["code"]) == {
        *("cifarlab.training.optimizers.adam", "cifarlab.training.schedules.constant"),
        "cifarlab.training.losses.cross_entropy",
    }


def test_a_new_file_is_described_by_make_schema(extended):
    run(extended, "schema.py", "config")
    table = (extended / "config/README.md").read_text()
    assert "| `adam`, `adamw`, `muon`, `nadam`, `rmsprop`, `sgd` |" in table
    assert "`nadam`: A new optimizer." in table
    assert "| number | `nadam`: A new key. Default: `0.004`. |" in table
    assert "`multi_step`, `one_cycle`, `part`, `rate_range_test`, `step` |" in table
    assert "| `recipes.<name>.schedule.share` |" in table
    assert (
        "| `recipes.<name>.loss.factor` | whole number ≥ 1 | `multiple`: How many times. |" in table
    )
    schema = json.loads((extended / "config/schema.json").read_text())
    keys = schema["$defs"]["ConfiguredRecipe"]["properties"]
    words = [choice.get("enum") for choice in keys["loss"]["oneOf"]]
    # A loss with a key that is needed is no word.
    assert words[-1] == ["cross_entropy", "focal"]


class Stepwise(Part):
    """A choice with keys."""

    name: Literal["stepwise"]
    every: int = 1
    only: list[int] = Field(default_factory=list)
    factor: Number = 0.5


PART = TypeAdapter(Annotated[Part, OneOf({"stepwise": SimpleNamespace(Settings=Stepwise)})])


@pytest.mark.parametrize(
    ("written", "canonical"),
    [
        ("stepwise", "stepwise"),
        ({"name": "stepwise"}, "stepwise"),
        ({"factor": 0.5, "name": "stepwise"}, "stepwise"),
        ({"every": 1, "name": "stepwise", "factor": 0.5}, "stepwise"),
        (
            {"name": "stepwise", "every": 2},
            {"name": "stepwise", "every": 2, "only": [], "factor": 0.5},
        ),
    ],
)
def test_a_part_has_one_canonical_form_however_it_is_written(written, canonical):
    part = PART.validate_python(written)
    assert PART.dump_python(part) == canonical
    assert PART.validate_python(canonical) == part


@pytest.mark.parametrize("key", ["schedule", "loss"])
def test_a_word_and_its_mapping_are_the_same_recipe(key):
    word = recipe().model_dump()[key]
    assert isinstance(word, str)
    assert recipe(**{key: {"name": word}}) == recipe(**{key: word}) == recipe()
    assert recipe(**{key: {"name": word}}).to_json() == recipe().to_json()


def test_a_key_that_says_nothing_has_a_bearing_on_one_step():
    class Grown(Recipe):
        smoothing: Number = 0.0
        averages: Annotated[Number, InOneStep(0.0)] = 0.0

    plain = checked_settings(Grown, recipe().model_dump())
    assert plain.model_copy(update={"smoothing": 0.1}).of_one_step() != plain.of_one_step()
    assert plain.model_copy(update={"averages": 0.1}).of_one_step() == plain.of_one_step()


def test_a_key_of_a_part_that_says_nothing_has_a_bearing_on_one_step():
    class Other(OPTIMIZERS["adam"].Settings):
        slow: Number = 0.0

    steps = [
        recipe().model_copy(update={"optimizer": Other(**ADAM, slow=slow)}).of_one_step()
        for slow in (0.0, 0.1)
    ]
    assert steps[0] != steps[1]


def test_a_loss_has_a_bearing_on_one_step_and_a_schedule_has_none():
    names = {path.parent.name for path in recipe(schedule="cosine").step_code_files}
    assert names == {"optimizers", "losses"}
    assert recipe(schedule="cosine").of_one_step() == recipe().of_one_step()


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        (
            {"optimizer": "adam"},
            "optimizer.learning_rate: missing; The highest learning rate of the schedule.",
        ),
        ({"schedule": "root"}, "schedule.name: should be one of 'constant', 'cosine', 'linear', "),
        (
            {"schedule": "step"},
            "schedule.every: missing; Share of the steps after the warm-up from ",
        ),
        ({"schedule": {"name": "cosine", "end": 1}}, "schedule.end: unknown key (found 1)"),
        ({"loss": 3}, "loss: should be keys with values"),
        ({"loss": {"smoothing": 0.1}}, "loss.name: missing"),
    ],
)
def test_what_a_part_does_not_have_is_refused_in_one_line(changes, line):
    with pytest.raises(UserError) as error:
        recipe(**changes)
    (found,) = str(error.value).splitlines()[1:]
    assert found.strip().startswith(line)
