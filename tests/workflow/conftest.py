import os
import shutil
from functools import partial
from pathlib import Path

import pytest
from filelock import FileLock
from project import Project, copy_project
from staleness_table import Scene


@pytest.fixture
def project(tmp_path):
    """A fresh copy, nothing computed."""
    return copy_project(tmp_path / "project")


def shared(tmp_path_factory, name, make):
    """The project that make(folder) computes, once for all processes that test at the same time."""
    root = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        root = root.parent
    folder = root / name / "project"
    with FileLock(root / f"{name}.lock"):
        if not (root / f"{name}.made").exists():
            shutil.rmtree(folder, ignore_errors=True)
            make(folder)
            (root / f"{name}.made").touch()
    return Project(folder)


def compute(folder):
    result = copy_project(folder).snakemake()
    assert result.returncode == 0, result.stderr


@pytest.fixture(scope="session")
def once(tmp_path_factory):
    """A function of a name and of what computes a project in a folder; as `shared`."""
    return partial(shared, tmp_path_factory)


@pytest.fixture(scope="session")
def computed_once(once):
    return once("computed", compute)


@pytest.fixture
def computed(computed_once, tmp_path):
    """A copy in which everything is computed, free to be changed."""
    folder = tmp_path / "project"
    shutil.copytree(computed_once.folder, folder)
    return Project(folder)


@pytest.fixture(scope="session")
def made_once(once):
    """A project in which everything can be edited, computed; not to be changed."""
    return once("made", Scene().make)


@pytest.fixture(scope="session")
def snakemake(request):
    """The program to run: the locked Snakemake, or another."""
    return Path(request.config.getoption("--snakemake")).absolute()
