import shutil

import pytest
from project import Project, copy_project
from staleness_table import Scene


@pytest.fixture
def project(tmp_path):
    """A fresh copy, nothing computed."""
    return copy_project(tmp_path / "project")


@pytest.fixture(scope="session")
def computed_once(tmp_path_factory):
    project = copy_project(tmp_path_factory.mktemp("computed") / "project")
    result = project.snakemake()
    assert result.returncode == 0, result.stderr
    return project


@pytest.fixture
def computed(computed_once, tmp_path):
    """A copy in which everything is computed, free to be changed."""
    folder = tmp_path / "project"
    shutil.copytree(computed_once.folder, folder)
    return Project(folder)


@pytest.fixture(scope="session")
def made_once(tmp_path_factory):
    """A project in which everything can be edited, computed; not to be changed."""
    return Scene().make(tmp_path_factory.mktemp("made") / "project")
