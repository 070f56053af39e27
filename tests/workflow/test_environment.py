"""Where the workflow runs and what its environment says: it works, or one line says why not."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from project import Project

from engine.errors import UserError
from engine.process import NOT_FOR_JOBS, check_place

FIGURE = "results/synthetic/figures/accuracy.svg"
TABLES = ("comparison", "runs", "published")
# What a notebook, a hardened shell or a debugging session leaves in the environment.
HOSTILE = {
    "MPLBACKEND": "module://matplotlib_inline.backend_inline",
    "PYTHONSAFEPATH": "1",
    "PYTHONOPTIMIZE": "2",
    "PYTHONWARNINGS": "error::DeprecationWarning",
    "PYTHONIOENCODING": "ascii",
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONNOUSERSITE": "1",
    "PYTHONPATH": "/absent",
    "TMPDIR": "/absent",
    "LC_ALL": "C",
}


def test_the_environment_of_a_notebook_or_a_hardened_shell_changes_nothing(computed, monkeypatch):
    figure = computed.folder / FIGURE
    expected = figure.read_bytes()
    figure.unlink()
    for name, value in HOSTILE.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("HOME")
    (computed.folder / "matplotlibrc").write_text("text.usetex: True\nfont.size: 40\n")
    result = computed.snakemake(FIGURE)
    assert result.returncode == 0, result.stderr
    assert figure.read_bytes() == expected


def test_no_variable_that_is_kept_from_jobs_was_forgotten_by_the_test_above():
    # PYTHONINSPECT would keep Snakemake itself open.
    assert set(NOT_FOR_JOBS) - set(HOSTILE) == {"PYTHONINSPECT"}


@pytest.mark.parametrize("backend", ["module://matplotlib_inline.backend_inline", "nonsense", ""])
def test_a_figure_alone_is_drawn_whatever_the_backend(computed_once, tmp_path, backend):
    tables = [f"results/synthetic/compare/{name}.csv" for name in TABLES]
    words = [sys.executable, "scripts/figure.py", "accuracy", "--files", *tables]
    result = subprocess.run(
        [*words, "--figure", str(tmp_path / "new.svg")],
        cwd=computed_once.folder,
        env={**os.environ, "MPLBACKEND": backend},
        stderr=subprocess.PIPE,
        text=True,
    )
    assert result.returncode == 0, result.stderr
    assert (tmp_path / "new.svg").read_bytes() == (computed_once.folder / FIGURE).read_bytes()


ALONE = "error: this workflow stands alone and cannot be a module or an include of another one"
MODULE = 'module bench:\n    snakefile: "../project/Snakefile"\n\n\nuse rule * from bench as b_*\n'


@pytest.mark.parametrize(
    ("snakefile", "arguments", "line"),
    [
        (
            None,
            ["--snakefile", "../project/Snakefile"],
            "this is {other}; go there first (cd {own})",
        ),
        (MODULE, [], f"{ALONE} (found the Snakefile of {{other}}); run it by itself"),
        ('include: "../project/Snakefile"\n', [], "cd {own} && snakemake --cores 8"),
    ],
)
def test_elsewhere_one_line_says_where_to_run(project, tmp_path, snakefile, arguments, line):
    other = tmp_path / "other"
    other.mkdir()
    shutil.copy(project.folder / "small.yaml", other)
    if snakefile:
        (other / "Snakefile").write_text(snakefile)
    result = Project(other).snakemake("--dry-run", *arguments)
    assert result.returncode == 1
    assert line.format(own=project.folder, other=other) in result.stderr.splitlines()[-1]
    assert "Traceback" not in result.stderr
    assert [
        path.name for path in other.iterdir() if path.name not in (".snakemake", "Snakefile")
    ] == ["small.yaml"]


def test_from_elsewhere_with_the_directory_it_runs_as_at_home(project, tmp_path):
    arguments = ["--dry-run", "--snakefile", project.folder / "Snakefile"]
    arguments += ["--directory", project.folder, "--config"]
    # A nested value of --config, in which Snakemake leaves numbers as text.
    arguments += [
        "recipes={quick: {epochs: 2, validation: 0.5, channels_last: no, max_steps: null}}"
    ]
    shutil.copy(project.folder / "small.yaml", tmp_path)
    result = Project(tmp_path).snakemake(*arguments)
    assert result.returncode == 0, result.stderr
    assert '"epochs": 2' in Project(tmp_path).snakemake(*arguments, "--printshellcmds").stdout


def test_braces_in_the_path_of_the_workflow_are_one_line(tmp_path, monkeypatch):
    folder = tmp_path / "a{b}"
    folder.mkdir()
    monkeypatch.chdir(folder)
    with pytest.raises(UserError, match="has braces, which Snakemake reads as wildcards"):
        check_place(folder, folder)


def test_a_link_to_the_workflow_is_its_folder(tmp_path, monkeypatch):
    (tmp_path / "own").mkdir()
    (tmp_path / "link").symlink_to("own")
    monkeypatch.chdir(tmp_path / "link")
    check_place(Path.cwd().resolve(), tmp_path / "link")


@pytest.mark.parametrize(
    ("file", "text", "line"),
    [
        ("config/config.yaml", "", "error: config/config.yaml: expected keys with values (`key: v"),
        ("small.yaml", "threads: 1\nthreads: 2\n", "error: small.yaml, line 2: the key 'threads'"),
    ],
)
def test_a_fault_of_a_configuration_file_is_one_line_with_its_place(project, file, text, line):
    (project.folder / file).write_text(text)
    result = project.snakemake("--dry-run")
    assert result.returncode == 1
    assert line in result.stderr
    assert "Traceback" not in result.stderr
