"""The environments: conda's pins are the lock's, and hold what the commands import."""

import ast
import re
import sys

import pytest
import yaml
from packaging.requirements import Requirement
from project import ROOT

from cifarlab.datasets.registry import DATASETS

CONDA_NAMES = {"pytorch": "torch", "matplotlib-base": "matplotlib"}
# Packages whose modules are not imported by name.
FOUND_BY_FILE = {
    "cifarlab.evaluation.corruptions",
    "cifarlab.models.families",
    "reporting.figures",
}
ENVIRONMENTS = sorted((ROOT / "envs").glob("*.yaml"))
# The packages that an import comes with, where it is called otherwise or another one brings it.
BROUGHT_BY = {
    "pydantic_core": {"pydantic"},
    "urllib3": {"requests"},
    "markupsafe": {"jinja2"},
    "PIL": {"matplotlib", "torchvision"},
}


def locked_versions():
    """Package name to version, of requirements.lock, for the Python of the conda environments."""
    lines = (ROOT / "requirements.lock").read_text().splitlines()
    pins = [Requirement(line) for line in lines if line[:1].isalnum()]
    python = {"python_version": "3.11", "python_full_version": "3.11.0"}
    return {
        pin.name.lower(): next(iter(pin.specifier)).version
        for pin in pins
        if pin.marker is None or pin.marker.evaluate(python)
    }


def conda_versions(path):
    """Package name to version, of one conda environment, under the names of the lock."""
    entries = [entry.split("=") for entry in yaml.safe_load(path.read_text())["dependencies"]]
    return {CONDA_NAMES.get(name, name): version for name, version, *_ in entries}


@pytest.mark.parametrize("path", ENVIRONMENTS, ids=lambda path: path.stem)
def test_conda_pins_are_the_locks(path):
    pins = conda_versions(path)
    assert pins.pop("python") == "3.11"
    locked = locked_versions()
    if "torch" in pins:
        # The package of conda has the number of CUDA, the lock's has one of its own behind it.
        assert pins.pop("cuda-version") == locked["cuda-toolkit"].partition(".")[0]
    assert pins == {name: locked[name] for name in pins}


def test_conda_is_told_to_take_the_torch_that_is_built_for_cuda():
    dependencies = yaml.safe_load((ROOT / "envs/torch.yaml").read_text())["dependencies"]
    assert [one.split("=")[2:] for one in dependencies if one.startswith("pytorch=")] == [["cuda*"]]


def test_the_lock_names_every_direct_dependency_and_the_pair_of_torch():
    text = (ROOT / "requirements.in").read_text()
    direct = re.findall(r"^([a-z][\w-]*)", text, re.MULTILINE)
    locked = locked_versions()
    assert len(direct) > 10
    assert [name for name in direct if name not in locked] == []
    assert (locked["torch"], locked["torchvision"]) == ("2.14.1", "0.29.1")


def imported_names(path, seen):
    """Third-party names that a file imports, through the project's own modules too."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        modules = []
        if isinstance(node, ast.Import):
            modules = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            modules = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        for module in modules:
            top = module.partition(".")[0]
            if top in ("cifarlab", "engine", "reporting"):
                own = ROOT / "scripts" / module.replace(".", "/")
                for file in (own.with_suffix(".py"), own / "__init__.py"):
                    if file.is_file() and file not in seen:
                        seen.add(file)
                        names |= imported_names(file, seen)
                # Their modules are found by their files, not by import statements.
                found = []
                if module in FOUND_BY_FILE:
                    found = own.glob("*.py")
                elif module == "cifarlab.datasets.registry":
                    found = [own.with_name(f"{name}.py") for name in DATASETS]
                for file in set(found) - seen:
                    seen.add(file)
                    names |= imported_names(file, seen)
            elif top not in sys.stdlib_module_names:
                names.add(top)
    return names


def commands_and_environments():
    """(command, environment) of every rule."""
    for file in sorted((ROOT / "rules").glob("*.smk")):
        for rule in re.split(r"^ *(?:rule|checkpoint)\b.*:$", file.read_text(), flags=re.M)[1:]:
            (command,) = re.findall(r"python (scripts/\w+\.py)", rule)
            (environment,) = re.findall(r"envs/\w+\.yaml", rule)
            yield command, environment


@pytest.mark.parametrize(("command", "environment"), list(commands_and_environments()))
def test_a_rules_environment_holds_what_its_command_imports(command, environment):
    needed = imported_names(ROOT / command, set())
    assert len(needed) > 0
    there = set(conda_versions(ROOT / environment))
    assert sorted(name for name in needed if not BROUGHT_BY.get(name, {name}) & there) == []


def test_every_environment_is_used():
    used = {environment for _, environment in commands_and_environments()}
    assert used == {f"envs/{path.name}" for path in ENVIRONMENTS}
