import shutil
from pathlib import Path

import pytest
from made import common_folder
from made import made_once as made_by_one_process
from pages import make_small_run
from project import Project, copy_project
from staleness_table import Scene


def pytest_collection_modifyitems(items):
    # The longest test comes first: it often waits, and the others run beside it.
    items.sort(key=lambda item: item.path.name != "test_faults.py")


@pytest.fixture
def project(tmp_path):
    """A fresh copy, nothing computed."""
    return copy_project(tmp_path / "project")


def compute(folder):
    result = copy_project(folder).snakemake()
    assert result.returncode == 0, result.stderr


@pytest.fixture(scope="session")
def once(tmp_path_factory):
    """once(name, make) -> the Project that make(folder) computes."""
    root = common_folder(tmp_path_factory)
    return lambda name, make: Project(made_by_one_process(root / name / "project", make))


@pytest.fixture(scope="session")
def computed_once(once):
    return once("computed", compute)


def copied(project, tmp_path):
    """A copy of a project, free to be changed."""
    shutil.copytree(project.folder, tmp_path / "project", symlinks=True)
    return Project(tmp_path / "project")


@pytest.fixture
def computed(computed_once, tmp_path):
    """A project in which everything is computed."""
    return copied(computed_once, tmp_path)


@pytest.fixture(scope="session")
def made_once(once):
    """A project in which everything can be edited, computed; not to be changed."""
    return once("made", Scene().make)


@pytest.fixture
def made(made_once, tmp_path):
    """A copy of it."""
    return copied(made_once, tmp_path)


@pytest.fixture(scope="session")
def tried_once(once):
    """A project in which the small run of docs/architecture.md is made; not to be changed."""
    return once("tried", make_small_run)


@pytest.fixture
def tried(tried_once, tmp_path):
    """A copy of it."""
    return copied(tried_once, tmp_path)


@pytest.fixture(scope="session")
def snakemake(request):
    """The program to run: the locked Snakemake, or another."""
    return Path(request.config.getoption("--snakemake")).absolute()
