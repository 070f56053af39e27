import shutil
from pathlib import Path

import made
import pytest
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
    root = made.common_folder(tmp_path_factory)
    return lambda name, make: Project(made.made_once(root / name / "project", make))


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
