"""Only what is stale reruns: every edit, and the exact set of jobs that it asks for."""

import json
import os
import re
import signal
import subprocess
import sys
import time

import pytest
from edits import RESULTS, append, both, configure, setting, without_other
from staleness_table import (
    END,
    LEARNING_RATE,
    LOCK,
    NOTHING,
    UNUSED,
    Scene,
    costs,
    late_table,
    made_by,
    of,
    rehearsed,
    table,
    would_make,
)

pytestmark = pytest.mark.long

SCENE = Scene()
TABLE, LATE = table(SCENE), late_table(SCENE)


# What changes files as a whole, or nothing, and a comment that the next edit would lose. All other
# edits that ask for nothing are tried at once: none of them can hide what another one makes stale.
OF_FILES = {
    *("nothing", "touch every file", "touch weights with a time in the future", "move the folder"),
    *("fresh clone, results copied in", "fresh clone, results copied in, without .snakemake"),
    *("same bytes of the weights again", "order of keys and a comment in the configuration"),
}
TOGETHER = [name for name, (_, jobs) in TABLE.items() if not jobs and name not in OF_FILES]


@pytest.mark.parametrize("name", [name for name in TABLE if name not in TOGETHER])
def test_an_edit_recomputes_exactly(made, name):
    edit, expected = TABLE[name]
    edit(made)
    assert would_make(made) == expected


def test_edits_that_change_no_result_recompute_nothing(made):
    assert len(TOGETHER) > 15
    for name in TOGETHER:
        edit, _ = TABLE[name]
        edit(made)
    assert would_make(made) == NOTHING


def test_a_recipe_removed_trains_nothing_and_its_results_stay(made):
    configure(without_other)(made)
    # The memory of a model's step is measured with each of its recipes.
    assert would_make(made) == costs("cnn_2") | {"losses", "coverage"}
    assert (made.folder / RESULTS / "runs/cnn_2/other/seed-0/weights.safetensors").exists()


def test_where_it_runs_changes_nothing(made):
    words = ["--cores", "1", "--resources", "gpu=3", "mem_mb=9000", "--workflow-profile", "none"]
    assert would_make(made, *words) == NOTHING


@pytest.mark.parametrize("name", LATE)
def test_an_edit_of_the_data_recomputes_exactly(made, name):
    edit, expected = LATE[name]
    edit(made)
    assert made_by(made) == expected
    assert would_make(made) == NOTHING


def test_what_is_decided_late_is_announced(made):
    append("scripts/cifarlab/datasets/synthetic.py", UNUSED)(made)
    result = made.snakemake("--dry-run")
    names = "cnn_2/other/0, cnn_2/quick/0, cnn_3/quick/0 and 1 more"
    assert f"train {names}: decided after data has run" in result.stdout + result.stderr


def test_the_reason_names_the_key_and_both_values_and_the_module(made):
    both(LEARNING_RATE, append("scripts/cifarlab/evaluation/metrics.py", UNUSED))(made)
    result = made.snakemake("--dry-run")
    text = result.stdout + result.stderr
    assert "train cnn_2/other/0: recipe.optimizer.learning_rate: 0.01 → 0.03" in text
    assert re.search(
        r"metrics cnn_2/other/0, .* and 1 more: code changed: cifarlab.evaluation.metrics", text
    )
    assert text.count("Stale, by content:") == 1


def test_an_edited_output_is_named_and_its_job_reruns(made):
    name = f"{RESULTS}/runs/cnn_3/quick/seed-0/metrics.json"
    path = made.folder / name
    before = path.read_bytes()
    path.write_bytes(before.replace(b"1", b"2"))
    result = made.snakemake()
    assert result.returncode == 0, result.stderr
    assert f"{name} was changed after the job" in result.stdout + result.stderr
    assert path.read_bytes() == before
    assert would_make(made) == NOTHING


def test_what_is_announced_of_a_changed_value_and_a_new_row_is_what_is_made(made):
    LEARNING_RATE(made)
    configure(with_slow)(made)
    announced = would_make(made)
    assert announced == rehearsed("cnn_2/other/0", "cnn_2/slow/0") | costs("cnn_2")
    assert made_by(made) == announced
    slow = made.folder / RESULTS / "runs/cnn_2/slow/seed-0/training.json"
    assert json.loads(slow.read_text())["steps"] == 8
    assert would_make(made) == NOTHING


def with_slow(values):
    """Add a recipe of twice the epochs, and a run with it."""
    values["recipes"]["slow"] = {**values["recipes"]["quick"], "epochs": 2}
    values["runs"].append({"models": ["cnn_2"], "recipes": ["slow"], "seeds": [0]})


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
    stale = rehearsed("own/quick/0", "cnn_2/other/0")
    assert would_make(made) == {"weights own"} | costs("own") | stale


def test_a_forced_rule_runs_with_what_follows(made):
    assert (
        would_make(made, "--forcerun", "evaluate")
        == of("evaluate metrics", SCENE.runs)
        | of("classes examples confusion", SCENE.rows)
        | {"coverage"}
        | END
    )


def test_results_of_another_version_are_accepted_where_asked_and_the_report_says_so(made):
    LOCK(made)
    setting("library_versions", value="any")(made)
    assert made_by(made) == {"report"}
    for name in ("report.en.html", "report.en.md"):
        text = (made.folder / RESULTS / "report" / name).read_text()
        assert "Not the locked version:" in text
        assert "instead of 2.15.0" in text.replace("\\", "")
    assert would_make(made) == NOTHING


def test_records_are_what_people_can_read(made):
    record = json.loads((made.folder / RESULTS / "records/train/own/quick/seed-0.json").read_text())
    assert list(record) == ["code", "settings", "inputs", "read", "outputs"]
    assert {"train", "cifarlab.models.families.file", "own/model.py"} <= set(record["code"])
    assert "cifarlab.models.families.cnn" not in record["code"]
    assert record["settings"]["recipe"]["optimizer"]["learning_rate"] == 0.001
    assert set(record["inputs"]) == {
        f"{RESULTS}/data/train.json",
        f"{RESULTS}/weights/own.safetensors",
        f"{RESULTS}/rehearsals/own/quick.json",
    }
