"""Only what is stale is made again: every edit, and the exact set of jobs that it asks for."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time

import pytest
import yaml
from project import SMALL, Project, copy_project

RUNS = ("cnn_2/quick/0", "cnn_2/other/0", "cnn_3/quick/0", "own/quick/0")
MODELS = ("cnn_2", "cnn_3", "own")
RESULTS = "results/synthetic"
OWN_MODEL = '''"""A user's own model."""

from torch import nn


def tiny(n_classes):
    # One layer suffices.
    return nn.Sequential(nn.Flatten(), nn.Linear(3 * 32 * 32, n_classes))
'''
OTHER = {"name": "adamw", "learning_rate": 0.01, "weight_decay": 0.02}
CONFIGURATION = {
    **SMALL,
    "models": {
        "own": {
            "family": "file",
            "factory": "own/model.py:tiny",
            "input_size": 32,
            "weights": "own/weights.pth",
        }
    },
    "recipes": {
        **SMALL["recipes"],
        "other": {**SMALL["recipes"]["quick"], "optimizer": OTHER},
    },
    "runs": [
        {"models": ["cnn_2"], "recipes": ["quick", "other"], "seeds": [0]},
        {"models": ["cnn_3", "own"], "recipes": ["quick"], "seeds": [0]},
    ],
}


def save_own_weights(folder, value):
    """Weights for the user's model, all of one value, written by a process as a user would."""
    code = (
        "import torch; torch.save({'1.weight': torch.full((100, 3072), VALUE),"
        " '1.bias': torch.zeros(100)}, 'own/weights.pth')"
    ).replace("VALUE", str(value))
    subprocess.run([sys.executable, "-c", code], cwd=folder, check=True)


@pytest.fixture(scope="module")
def made_once(tmp_path_factory):
    project = copy_project(tmp_path_factory.mktemp("staleness") / "project")
    (project.folder / "own").mkdir()
    (project.folder / "own/model.py").write_text(OWN_MODEL)
    save_own_weights(project.folder, 0.0)
    project.configure(CONFIGURATION)
    result = project.snakemake()
    assert result.returncode == 0, result.stderr
    return project


@pytest.fixture
def made(made_once, tmp_path):
    shutil.copytree(made_once.folder, tmp_path / "project", symlinks=True)
    return Project(tmp_path / "project")


def jobs_in(text):
    """The jobs that Snakemake's output names: "train cnn_2/quick/0", "compare", without `all`."""
    found = set()
    for block in re.split(r"\n(?=\[\w{3} \w{3} )", text):
        if head := re.search(r"^(?:local)?(?:rule|checkpoint) (\w+):", block, re.MULTILINE):
            values = re.search(r"^ +wildcards: (.*)$", block, re.MULTILINE)
            parts = [part.partition("=")[2] for part in values[1].split(", ")] if values else []
            found.add(f"{head[1]} {'/'.join(parts)}".strip())
    return found - {"all"}


def would_make(project, *arguments):
    result = project.snakemake("--dry-run", *arguments)
    assert result.returncode == 0, result.stderr
    return jobs_in(result.stdout + result.stderr)


def made_by(project, *arguments):
    """Run for real; the jobs that ran."""
    result = project.snakemake(*arguments)
    assert result.returncode == 0, result.stderr
    return jobs_in(result.stdout + result.stderr)


END = {"compare", "accuracy", "report"}
NOTHING = set()


def of(stages, names):
    return {f"{stage} {name}" for stage in stages.split() for name in names}


def runs(*names):
    """What a training of these runs asks for."""
    rows = {name.rpartition("/")[0] for name in names}
    return of("train evaluate metrics", names) | of("loss", rows) | {"losses"} | END


def costs(*models):
    """What new costs of these models ask for."""
    return of("cost structure", models) | END


ROWS = [name.rpartition("/")[0] for name in RUNS]
ALL_RUNS = runs(*RUNS)
ALL_COSTS = costs(*MODELS)


def replace(name, before, after):
    """An edit of a file's text."""

    def edit(project):
        path = project.folder / name
        text = path.read_text()
        assert before in text, f"{name} has no {before!r}"
        path.write_text(text.replace(before, after, 1))

    return edit


def append(name, text):
    def edit(project):
        with (project.folder / name).open("a") as file:
            file.write(text)

    return edit


def configure(change):
    """An edit of the configuration: change(values) in place."""

    def edit(project):
        values = yaml.safe_load((project.folder / "small.yaml").read_text())
        change(values)
        project.configure(values)

    return edit


def setting(*path, value):
    def change(values):
        for key in path[:-1]:
            values = values.setdefault(key, {})
        values[path[-1]] = value

    return configure(change)


def with_old_time(edit, name):
    """The same edit, the file's time stamp set back, as `cp -p` would."""

    def edited(project):
        before = (project.folder / name).stat()
        edit(project)
        os.utime(project.folder / name, ns=(before.st_atime_ns, before.st_mtime_ns))

    return edited


def touch_everything(project):
    for path in project.folder.rglob("*"):
        if path.is_file() and ".snakemake" not in path.parts:
            os.utime(path)


def touch_in_the_future(project):
    for path in project.folder.glob("results/*/runs/*/*/*/weights.safetensors"):
        os.utime(path, (time.time() + 86_400,) * 2)


def clone(project):
    """A fresh copy: other inodes and times, no .snakemake."""
    shutil.rmtree(project.folder / ".snakemake")
    shutil.copytree(project.folder, project.folder.with_name("clone"), copy_function=shutil.copy)
    project.folder = project.folder.with_name("clone")


def move(project):
    project.folder = project.folder.rename(project.folder.with_name("moved"))


def rewrite_own_weights(project):
    path = project.folder / "own/weights.pth"
    content = path.read_bytes()
    path.unlink()
    path.write_bytes(content)


def reorder_keys(project):
    values = yaml.safe_load((project.folder / "small.yaml").read_text())

    def turned(value):
        if isinstance(value, dict):
            return {key: turned(item) for key, item in reversed(value.items())}
        return value

    text = yaml.safe_dump(turned(values), sort_keys=False)
    (project.folder / "small.yaml").write_text("# a comment\n" + text)


def forget_metadata_and(edit):
    def edited(project):
        shutil.rmtree(project.folder / ".snakemake/metadata")
        edit(project)

    return edited


def both(*edits):
    def edited(project):
        for edit in edits:
            edit(project)

    return edited


def delete(name):
    return lambda project: (project.folder / RESULTS / name).unlink()


def truncate(name):
    def edit(project):
        path = project.folder / RESULTS / name
        content = path.read_bytes()
        path.write_bytes(content[: len(content) // 2])

    return edit


def flip_a_byte(name):
    def edit(project):
        path = project.folder / RESULTS / name
        content = bytearray(path.read_bytes())
        content[-1] ^= 1
        path.write_bytes(content)

    return with_old_time(edit, f"{RESULTS}/{name}")


def another_seed(values):
    values["runs"][1]["seeds"] = [0, 1]
    values["runs"][1]["models"] = ["cnn_3"]
    values["runs"].append({"models": ["own"], "recipes": ["quick"], "seeds": [0]})


def without_cnn_3(values):
    values["runs"][1]["models"] = ["own"]


def without_other(values):
    values["runs"][0]["recipes"] = ["quick"]


def swapped(values):
    optimizer = values["recipes"]["other"]["optimizer"]
    optimizer["learning_rate"], optimizer["weight_decay"] = (
        optimizer["weight_decay"],
        optimizer["learning_rate"],
    )


LEARNING_RATE = setting("recipes", "other", "optimizer", "learning_rate", value=0.03)
COMMENT = "\n\n# A comment of its own.\n"
CNNS = ("cnn_2/quick/0", "cnn_2/other/0", "cnn_3/quick/0")
CNN_CODE = replace("scripts/cifarlab/models/cnn.py", "padding=2", "padding=1 + 1")
LOCK = replace("requirements.lock", "torch==2.14.1", "torch==2.15.0")
AFTER_METRICS = of("metrics", RUNS) | END

TABLE = {
    "nothing": (lambda project: None, NOTHING),
    "touch every file": (touch_everything, NOTHING),
    "touch weights with a time in the future": (touch_in_the_future, NOTHING),
    "fresh clone, results copied in, without .snakemake": (clone, NOTHING),
    "move the folder": (move, NOTHING),
    "same bytes of the weights again": (rewrite_own_weights, NOTHING),
    "comment in train.py": (append("scripts/train.py", COMMENT), NOTHING),
    "comment in a model family": (append("scripts/cifarlab/models/cnn.py", COMMENT), NOTHING),
    "comment in the training loop": (append("scripts/cifarlab/training.py", COMMENT), NOTHING),
    "comment in the user's model": (append("own/model.py", COMMENT), NOTHING),
    "docstring in the training loop": (
        replace("scripts/cifarlab/training.py", "The training loop.", "How one trains."),
        NOTHING,
    ),
    "reformatting in the training loop": (
        replace("scripts/cifarlab/training.py", "started = time", "started   =  time"),
        NOTHING,
    ),
    "order of keys and a comment in the configuration": (reorder_keys, NOTHING),
    "an unused model": (
        setting("models", "cnn_1", value={"family": "cnn", "blocks": 1}),
        NOTHING,
    ),
    "an unused recipe": (
        configure(lambda v: v["recipes"].update(unused=v["recipes"]["quick"])),
        NOTHING,
    ),
    "a report template": (append("templates/report.md.j2", "\nEnd.\n"), {"report"}),
    "a caption": (append("templates/captions/accuracy.rst", "\nMore.\n"), {"report"}),
    "a figure's code": (
        replace("scripts/cifarlab/report/figures/accuracy.py", "height=0.56", "height=0.5"),
        {"accuracy", "report"},
    ),
    "code of a figure of each model": (
        replace(
            "scripts/cifarlab/report/figures/loss.py", "ENVELOPE_BINS = 200", "ENVELOPE_BINS = 9"
        ),
        of("loss", ROWS) | {"report"},
    ),
    "code of the drawing of structures": (
        replace(
            "scripts/cifarlab/report/figures/structure.py", "MARGIN, PADDING", "PADDING, MARGIN"
        ),
        of("structure", MODELS) | {"report"},
    ),
    "the published numbers": (
        replace("config/published.csv", "39.75", "39.76"),
        {"compare", "accuracy", "report"},
    ),
    "a metric's code": (
        replace("scripts/cifarlab/metrics.py", "def top_k", "UNUSED = 1\n\n\ndef top_k"),
        AFTER_METRICS,
    ),
    "learning rate of one recipe": (LEARNING_RATE, runs("cnn_2/other/0")),
    "learning rate and weight decay swapped": (configure(swapped), runs("cnn_2/other/0")),
    "one model's setting": (
        setting("models", "own", "normalize", value="imagenet"),
        {"weights own"} | costs("own") | runs("own/quick/0"),
    ),
    "code of one model family": (CNN_CODE, costs("cnn_2", "cnn_3") | runs(*CNNS)),
    "code of the user's model": (
        replace("own/model.py", "nn.Flatten()", "nn.Flatten(1)"),
        {"weights own"} | costs("own") | runs("own/quick/0"),
    ),
    "code of the training loop": (
        replace("scripts/cifarlab/training.py", "weighted / n_images", "1.0 * weighted / n_images"),
        ALL_RUNS,
    ),
    "a helper imported by a helper of train.py": (
        append("scripts/cifarlab/steps.py", "\n\nUNUSED = 1\n"),
        ALL_RUNS | ALL_COSTS,
    ),
    "code of prediction": (
        append("scripts/cifarlab/prediction.py", "\n\nUNUSED = 1\n"),
        of("evaluate metrics", RUNS) | ALL_COSTS | END,
    ),
    "one more seed": (configure(another_seed), runs("cnn_3/quick/1")),
    "a model removed": (configure(without_cnn_3), END | {"losses"}),
    "torch version in the lock": (LOCK, ALL_RUNS),
    "torch version in the lock, accepted": (
        both(LOCK, setting("library_versions", value="any")),
        {"report"},
    ),
    "weights file changed": (
        lambda project: save_own_weights(project.folder, 0.5),
        {"weights own"} | runs("own/quick/0"),
    ),
    "metrics deleted": (
        delete("runs/cnn_3/quick/seed-0/metrics.json"),
        of("metrics", [CNNS[2]]) | END,
    ),
    "an array deleted": (delete("data/train_images.npy"), {"data"}),
    "an array edited, with its old time": (flip_a_byte("data/test_labels.npy"), {"data"}),
    "metrics truncated": (
        truncate("runs/cnn_3/quick/seed-0/metrics.json"),
        of("metrics", [CNNS[2]]),
    ),
    "weights edited, with their old time": (
        flip_a_byte("runs/cnn_3/quick/seed-0/weights.safetensors"),
        runs("cnn_3/quick/0"),
    ),
    "a record damaged": (truncate("records/compare.json"), END),
    "metadata deleted, then the learning rate": (
        forget_metadata_and(LEARNING_RATE),
        runs("cnn_2/other/0"),
    ),
    "code edited, with its old time": (
        with_old_time(CNN_CODE, "scripts/cifarlab/models/cnn.py"),
        costs("cnn_2", "cnn_3") | runs(*CNNS),
    ),
    "configuration edited, with its old time": (
        with_old_time(LEARNING_RATE, "small.yaml"),
        runs("cnn_2/other/0"),
    ),
    "two edits at once": (
        both(LEARNING_RATE, setting("models", "own", "normalize", value="imagenet")),
        {"weights own"} | costs("own") | runs("own/quick/0", "cnn_2/other/0"),
    ),
    "an array deleted and a metric's code edited": (
        both(
            delete("data/train_labels.npy"),
            replace("scripts/cifarlab/metrics.py", "def top_k", "UNUSED = 1\n\n\ndef top_k"),
        ),
        {"data"} | AFTER_METRICS,
    ),
    "an edit undone": (
        both(LEARNING_RATE, setting("recipes", "other", "optimizer", "learning_rate", value=0.01)),
        NOTHING,
    ),
}


@pytest.mark.parametrize("name", TABLE)
def test_an_edit_recomputes_exactly(made, name):
    edit, expected = TABLE[name]
    edit(made)
    assert would_make(made) == expected


def test_a_recipe_removed_trains_nothing_and_its_results_stay(made):
    configure(without_other)(made)
    # The memory of a model's step is measured with each of its recipes.
    assert would_make(made) == costs("cnn_2") | {"losses"}
    assert (made.folder / RESULTS / "runs/cnn_2/other/seed-0/weights.safetensors").exists()


@pytest.mark.parametrize(
    "arguments",
    [("--cores", "1"), ("--resources", "gpu=3", "mem_mb=9000"), ("--workflow-profile", "none")],
    ids=" ".join,
)
def test_where_it_runs_changes_nothing(made, arguments):
    assert would_make(made, *arguments) == NOTHING


def test_another_test_split_leaves_the_training_as_it_is(made):
    setting("dataset", "synthetic", "test_per_class", value=2)(made)
    evaluated = of("evaluate metrics", RUNS) | END
    weights = made.folder / RESULTS / "runs/cnn_3/quick/seed-0/weights.safetensors"
    before = weights.stat()
    assert made_by(made) == {"data"} | evaluated
    assert weights.stat().st_mtime_ns == before.st_mtime_ns
    assert would_make(made) == NOTHING


def test_another_training_split_trains_all(made):
    setting("dataset", "synthetic", "train_per_class", value=3)(made)
    assert made_by(made) == {"data"} | ALL_RUNS
    assert would_make(made) == NOTHING


def test_code_of_the_data_that_gives_the_same_bytes_makes_the_data_alone(made):
    append("scripts/cifarlab/dataset/synthetic.py", "\n\nUNUSED = 1\n")(made)
    result = made.snakemake("--dry-run")
    assert "train cnn_2/quick/0, cnn_2/other/0, cnn_3/quick/0 and 1 more: decided when data" in (
        result.stdout + result.stderr
    )
    assert made_by(made) == {"data"}
    assert would_make(made) == NOTHING


@pytest.mark.parametrize("name", ["train.json", "manifest.json"])
def test_a_lost_description_of_the_data_is_made_again_alone(made, name):
    delete(f"data/{name}")(made)
    assert made_by(made) == {"data"}
    assert would_make(made) == NOTHING


def test_the_reason_names_the_key_and_both_values_and_the_module(made):
    both(LEARNING_RATE, append("scripts/cifarlab/metrics.py", "\n\nUNUSED = 1\n"))(made)
    result = made.snakemake("--dry-run")
    text = result.stdout + result.stderr
    assert "train cnn_2/other/0: recipe.optimizer.learning_rate: 0.01 → 0.03" in text
    assert re.search(r"metrics cnn_2/quick/0, .* and 1 more: code changed: cifarlab.metrics", text)
    assert text.count("Stale, by content:") == 1
    assert "learning_rate: 0.01 → 0.03" in (made.folder / RESULTS / "logs/stale.txt").read_text()


def test_an_edited_output_is_named_and_made_again(made):
    name = f"{RESULTS}/runs/cnn_3/quick/seed-0/metrics.json"
    path = made.folder / name
    before = path.read_bytes()
    path.write_bytes(before.replace(b"1", b"2"))
    result = made.snakemake()
    assert result.returncode == 0, result.stderr
    assert f"{name} was changed after it was made" in result.stdout + result.stderr
    assert path.read_bytes() == before
    assert would_make(made) == NOTHING


def test_what_is_announced_is_what_is_made(made):
    LEARNING_RATE(made)
    announced = would_make(made)
    assert made_by(made) == announced
    assert would_make(made) == NOTHING


def test_an_interrupted_run_and_an_edit_ask_for_these_two_alone(made):
    setting("recipes", "other", "epochs", value=10_000)(made)
    words = [sys.executable, "-m", "snakemake", "--cores", "2", "--configfile", "small.yaml"]
    process = subprocess.Popen(
        words, cwd=made.folder, start_new_session=True, stderr=subprocess.PIPE, text=True
    )
    assert any("rule train" in line for line in process.stderr)
    weights = made.folder / RESULTS / "runs/cnn_2/other/seed-0/weights.safetensors"
    while weights.exists():
        assert process.poll() is None
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    process.stderr.close()
    setting("recipes", "other", "epochs", value=1)(made)
    setting("models", "own", "normalize", value="imagenet")(made)
    made.snakemake("--unlock")
    assert would_make(made) == {"weights own"} | costs("own") | runs("own/quick/0", "cnn_2/other/0")


def test_a_forced_rule_runs_with_what_follows(made):
    assert would_make(made, "--forcerun", "evaluate") == of("evaluate metrics", RUNS) | END


def test_results_of_another_version_are_accepted_where_asked_and_the_report_says_so(made):
    LOCK(made)
    setting("library_versions", value="any")(made)
    assert made_by(made) == {"report"}
    for name in ("report.en.html", "report.en.md"):
        text = (made.folder / RESULTS / "report" / name).read_text()
        assert "Other versions accepted." in text
        assert "(locked: 2.15.0)" in text.replace("\\", "")
    assert would_make(made) == NOTHING


def test_records_are_what_people_can_read(made):
    record = json.loads((made.folder / RESULTS / "records/train/own/quick/seed-0.json").read_text())
    assert list(record) == ["code", "settings", "inputs", "outputs"]
    assert {"train", "cifarlab.models.file", "own/model.py"} <= set(record["code"])
    assert "cifarlab.models.cnn" not in record["code"]
    assert record["settings"]["recipe"]["optimizer"]["learning_rate"] == 0.001
    assert set(record["inputs"]) == {
        f"{RESULTS}/data/train.json",
        f"{RESULTS}/weights/own.safetensors",
    }
