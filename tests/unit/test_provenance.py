"""The state of the source that a result comes from, asked of real git checkouts."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from project import ROOT

PROGRAM = (
    "import json; from engine.provenance import source_state; print(json.dumps(source_state()))"
)


def git(folder, *words):
    """What git prints; without the settings of whoever runs this."""
    identity = ["-c", "user.name=Test", "-c", "user.email=test@example.org"]
    identity += ["-c", "commit.gpgsign=false", "-c", "core.hooksPath=/dev/null"]
    result = subprocess.run(
        ["git", *identity, "-C", folder, *words], check=True, capture_output=True, text=True
    )
    return result.stdout.strip()


def source_state(folder, **environment):
    """What a process with the code in `folder` says, from another folder."""
    result = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        cwd=folder.parent,
        env={**os.environ, "PYTHONPATH": str(folder / "scripts"), **environment},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert result.returncode == 0, result.stderr
    assert result.stderr == ""
    return json.loads(result.stdout)


@pytest.fixture
def copy(tmp_path):
    """The project's scripts in a folder of their own, no git checkout."""
    folder = tmp_path / "project"
    shutil.copytree(
        ROOT / "scripts", folder / "scripts", ignore=shutil.ignore_patterns("__pycache__")
    )
    (folder / ".gitignore").write_text("__pycache__/\nresults/\n")
    return folder


@pytest.fixture
def checkout(copy):
    """The same as a git repository with one commit."""
    git(copy, "init", "--quiet")
    git(copy, "add", "--all")
    git(copy, "commit", "--quiet", "--message", "all")
    return copy


def test_a_clean_checkout_gives_its_commit(checkout):
    expected = {"commit": git(checkout, "rev-parse", "HEAD"), "dirty": False}
    assert source_state(checkout) == expected
    assert len(expected["commit"]) == 40


def test_a_changed_tracked_file_is_dirty_until_it_is_committed(checkout):
    commit = git(checkout, "rev-parse", "HEAD")
    with (checkout / "scripts/train.py").open("a") as file:
        file.write("# more\n")
    assert source_state(checkout) == {"commit": commit, "dirty": True}
    git(checkout, "add", "scripts/train.py")
    assert source_state(checkout) == {"commit": commit, "dirty": True}
    git(checkout, "commit", "--quiet", "--message", "more")
    state = source_state(checkout)
    assert state == {"commit": git(checkout, "rev-parse", "HEAD"), "dirty": False}
    assert state["commit"] != commit
    (checkout / "scripts/train.py").unlink()
    assert source_state(checkout)["dirty"] is True


def test_a_changed_page_is_no_change(checkout):
    page = checkout / "docs/performance.md"
    page.parent.mkdir()
    page.write_text("measured\n")
    git(checkout, "add", "--all")
    git(checkout, "commit", "--quiet", "--message", "page")
    page.write_text("measured anew\n")
    assert source_state(checkout)["dirty"] is False


def test_results_and_other_untracked_files_are_no_change(checkout):
    (checkout / "results").mkdir()
    for name in ("results/report.html", "mine.yaml"):
        (checkout / name).write_text("new")
    assert source_state(checkout)["dirty"] is False


@pytest.mark.parametrize("name", ["scripts/cifarlab/models/mine.py", "rules/mine.smk"])
def test_a_new_file_among_the_source_is_a_change(checkout, name):
    path = checkout / name
    path.parent.mkdir(exist_ok=True)
    path.write_text("# new\n")
    assert source_state(checkout)["dirty"] is True
    path.unlink()
    assert source_state(checkout)["dirty"] is False


def test_a_touched_file_is_no_change_and_the_index_is_left_alone(checkout):
    os.utime(checkout / "scripts/train.py", (1, 1))
    before = (checkout / ".git/index").read_bytes()
    assert source_state(checkout)["dirty"] is False
    assert (checkout / ".git/index").read_bytes() == before


def test_without_a_checkout_nothing_is_known(copy):
    assert source_state(copy) is None


def test_a_checkout_around_the_project_is_not_its_own(copy):
    git(copy.parent, "init", "--quiet")
    (copy.parent / "other").write_text("other")
    git(copy.parent, "add", "other")
    git(copy.parent, "commit", "--quiet", "--message", "other")
    assert source_state(copy) is None


def test_a_checkout_without_a_commit_is_not_known(copy):
    git(copy, "init", "--quiet")
    assert source_state(copy) is None


def test_without_git_nothing_is_known(checkout, tmp_path):
    (tmp_path / "empty").mkdir()
    assert source_state(checkout, PATH=str(tmp_path / "empty")) is None


def test_a_training_records_it(checkout, tmp_path):
    data = tmp_path / "data"
    words = [sys.executable, checkout / "scripts/data.py", "--manifest", data / "manifest.json"]
    words += ["synthetic", "--train-per-class", "1", "--test-per-class", "1"]
    subprocess.run(list(map(str, words)), check=True, timeout=60)
    out = Path(tmp_path / "out")
    recipe = {"epochs": 1, "batch_size": 64, "optimizer": {"name": "adam", "learning_rate": 0.001}}
    words = [sys.executable, checkout / "scripts/train.py", "--dataset", data / "train.json"]
    words += ["--model", json.dumps({"family": "cnn", "blocks": 1}), "--recipe", json.dumps(recipe)]
    words += ["--seed", 0, "--device", "cpu", "--weights", out / "weights.safetensors"]
    words += ["--history", out / "history.csv", "--epochs", out / "epochs.csv"]
    words += ["--training", out / "training.json"]
    subprocess.run(list(map(str, words)), check=True, timeout=120)
    record = json.loads((out / "training.json").read_text())
    assert record["source"] == {"commit": git(checkout, "rev-parse", "HEAD"), "dirty": False}


def test_another_repository_that_the_environment_names_is_not_asked(checkout, tmp_path):
    commit = source_state(checkout)
    other = tmp_path / "other"
    other.mkdir()
    git(other, "init", "--quiet")
    assert source_state(checkout, GIT_DIR=str(other / ".git"), GIT_WORK_TREE=str(other)) == commit
