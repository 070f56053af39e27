"""The table of edits on the demo's seven models, with the answers of plain Snakemake beside."""

import os
import re
import shutil
from pathlib import Path

import pytest
import yaml
from project import ROOT, Project
from staleness_table import NOTHING, Scene, described, late_table, made_by, table, would_make

LARGE_BYTES = 20_000_000
MODELS = yaml.safe_load((ROOT / "config/demo.yaml").read_text())["models"]
SCENE = Scene({"cnn_5": {"family": "cnn", "blocks": 5}, **MODELS})
EDITS = table(SCENE) | late_table(SCENE)
LATE = late_table(SCENE)
# A plain workflow has no records.
WITHOUT_PLAIN = {"a record damaged"}
HEADING = """# What each edit recomputes

Written by `make staleness`. Both answers are Snakemake's own, asked on the seven models of the
demo and a user's model with weights of its own, everything computed. Plain Snakemake is the same
workflow with its default triggers: its inputs without `ancient()`, the command's file as an input
of each rule, no records. What it misses is wrong afterwards; what it runs in vain costs the time.

| edit | this project | plain Snakemake |
|---|---|---|
"""


def linked_copy(source, target):
    """A copy of a project's folder; large files, which no edit writes into, are links."""

    def copy(path, place):
        is_large = os.path.getsize(path) > LARGE_BYTES
        return os.link(path, place) if is_large else shutil.copy2(path, place)

    shutil.copytree(source, target, symlinks=True, copy_function=copy)
    return Project(target)


def make_plain(project):
    """Turn a project into the plain workflow of the same rules, its results up to date."""
    rules = project.folder / "rules"
    snakefile = project.folder / "Snakefile"
    # The list of runs to watch tells of the decisions.
    for name in ("staleness.smk", "watch.smk"):
        (rules / name).unlink()
        text = snakefile.read_text()
        assert f'include: "rules/{name}"\n' in text
        snakefile.write_text(text.replace(f'include: "rules/{name}"\n', ""))
    for path in rules.glob("*.smk"):
        command = "figure" if path.stem == "figure" else r"\1"
        text = path.read_text().replace("ancient(", "(")
        text = re.sub(r'stale=if_stale\("(\w+)"\)', f'command="scripts/{command}.py"', text)
        path.write_text(re.sub(r"^checkpoint ", "rule ", text, flags=re.MULTILINE))
    result = project.snakemake("--touch")
    assert result.returncode == 0, result.stderr


@pytest.fixture(scope="module")
def made_once(tmp_path_factory):
    return SCENE.make(tmp_path_factory.mktemp("made") / "project")


@pytest.fixture(scope="module")
def plain_once(made_once, tmp_path_factory):
    folder = tmp_path_factory.mktemp("plain") / "project"
    project = Project(shutil.copytree(made_once.folder, folder, symlinks=True))
    make_plain(project)
    assert would_make(project) == NOTHING
    return project


@pytest.fixture
def copy_of(tmp_path):
    """A function that gives a copy of a project; the times of what is linked are set back."""
    times, copies = {}, []

    def copy(project):
        for path in project.folder.rglob("*"):
            if path.is_file() and path.stat().st_size > LARGE_BYTES:
                times[path] = path.stat()
        copies.append(linked_copy(project.folder, tmp_path / f"{len(copies)}" / "project"))
        return copies[-1]

    yield copy
    for path, status in times.items():
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    shutil.rmtree(tmp_path)


@pytest.fixture(scope="module")
def answers(request):
    """Rows of the page by the name of the edit, written when all are there."""
    rows = {}
    yield rows
    path = request.config.getoption("--write-table")
    if path and list(rows) == list(EDITS):
        Path(path).write_text(HEADING + "".join(rows.values()), encoding="utf-8")


def judged(answer, expected):
    """An answer in words, with what is wrong about it."""
    missed, vain = len(expected - answer), len(answer - expected)
    words = [described(answer)]
    words += [f"**misses {missed}**"] * bool(missed) + [f"**{vain} in vain**"] * bool(vain)
    return "; ".join(words)


@pytest.mark.parametrize("name", EDITS)
def test_an_edit_recomputes_exactly(made_once, plain_once, copy_of, answers, name):
    edit, expected = EDITS[name]
    answer_of = made_by if name in LATE else would_make
    project = copy_of(made_once)
    edit(project)
    answer = answer_of(project)
    plain = "–"
    if name not in WITHOUT_PLAIN:
        project = copy_of(plain_once)
        edit(project)
        plain = judged(answer_of(project), expected)
    answers[name] = f"| {name} | {judged(answer, expected)} | {plain} |\n"
    assert answer == expected
