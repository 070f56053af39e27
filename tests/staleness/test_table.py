"""The table of edits, each as a real invocation, with the answers of plain Snakemake."""

import re
import shutil
from pathlib import Path

import pytest
from project import Project
from staleness_table import NOTHING, Scene, described, late_table, made_by, table, would_make

# From random weights on small images: one more family, with a batch normalisation.
RESNET = {"family": "torchvision", "architecture": "resnet18", "input_size": 32}
SCENE = Scene({"resnet": RESNET})
EDITS = table(SCENE) | late_table(SCENE)
# A plain workflow has no records.
WITHOUT_PLAIN = {"a record damaged"}
HEADING = """# What each edit reruns

Written by `make staleness`. On the left are the jobs that really ran, in a workflow of two CNNs, a
ResNet of torchvision and a user's model with its own weights, one of the CNNs with two recipes. All
was computed before the edit, and a dry run afterwards plans nothing. On the right is what plain
Snakemake plans then: the same workflow with Snakemake's default triggers, its inputs
without `ancient()`, the command's file as an input of each rule, no records. What it misses stays
wrong; what it runs in vain costs the time.

Earlier versions of this table were dry runs, and wrong in one way: a dry run named the jobs, and
the real invocation did not always run them. An edit with the same reason as the one before it was
announced, and then nothing ran.

| edit | this project | plain Snakemake |
|---|---|---|
"""


def replaced(path, *pairs):
    text = path.read_text()
    for before, after in pairs:
        assert before in text, f"{path} has no {before!r}"
        text = text.replace(before, after)
    path.write_text(text)


def make_plain(project):
    """Turn a project into the plain workflow of the same rules, its results up to date."""
    rules = project.folder / "rules"
    replaced(
        rules / "engine.smk",
        ("snakemake.workflow.DAG = ContentDag", "pass"),
        ("workflow.dag.check_end()", "pass"),
    )
    replaced(rules / "common.smk", ("ancient(item)", "item"))
    # Files at paths that a user chose are inputs too.
    replaced(rules / "compare.smk", ("**inputs(", "published=PUBLISHED,\n        **inputs("))
    replaced(rules / "weights.smk", ("**inputs(", "local=local_weights,\n        **inputs("))
    replaced(rules / "data.smk", ("    output:", "    input:\n        **inputs(),\n    output:"))
    for path in rules.glob("*.smk"):
        text = re.sub(r"^checkpoint ", "rule ", path.read_text(), flags=re.MULTILINE)
        command = re.compile(r"scripts/(\w+)\.py --|scripts/(figure)\.py ")
        parts = re.split(r"(?=^ +\*\*inputs\()", text, flags=re.MULTILINE)
        for number, part in enumerate(parts[1:], start=1):
            name = next(filter(None, command.search(part).groups()))
            indent = part[: len(part) - len(part.lstrip())]
            parts[number] = f'{indent}command="scripts/{name}.py",\n{part}'
        path.write_text("".join(parts))
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
    """A function that gives a copy of a project."""
    copies = []

    def copy(project):
        folder = tmp_path / f"{len(copies)}" / "project"
        copies.append(Project(shutil.copytree(project.folder, folder, symlinks=True)))
        return copies[-1]

    yield copy
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
def test_an_edit_reruns_exactly(made_once, plain_once, copy_of, answers, name):
    edit, expected = EDITS[name]
    project = copy_of(made_once)
    edit(project)
    answer = made_by(project)
    plain = "–"
    if name not in WITHOUT_PLAIN:
        copy = copy_of(plain_once)
        edit(copy)
        plain = judged(would_make(copy), expected)
    answers[name] = f"| {name} | {judged(answer, expected)} | {plain} |\n"
    assert answer == expected
    assert would_make(project) == NOTHING
