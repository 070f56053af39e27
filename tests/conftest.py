import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from hypothesis import settings
from project import ROOT

# How long an example takes is no matter of its test.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

# Several tests run at the same time: each, and what it starts, takes one core.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# A configuration that selects the real archive; its paths are relative to the project.
REAL_CONFIG = Path(os.environ.get("CIFAR100_CONFIG", "../shared/data/source.yaml"))


def pytest_addoption(parser):
    locked = str(Path(sys.executable).parent / "snakemake")
    parser.addoption("--snakemake", default=locked, help="program that tests/workflow run")
    parser.addoption("--write-table", help="Markdown file to write with all answers")


@pytest.fixture
def run_command():
    """Run one of scripts/ as a user would: a process of its own, its output as text."""

    def run(name, *arguments, **options):
        words = [sys.executable, ROOT / "scripts" / name, *arguments]
        return subprocess.run(
            [str(word) for word in words], capture_output=True, text=True, timeout=300, **options
        )

    return run


@pytest.fixture(scope="session")
def real_config():
    """Path of a configuration for the real CIFAR-100 archive; skips where that is absent."""
    path = ROOT / REAL_CONFIG
    if not path.is_file():
        pytest.skip(f"needs the real archive: no configuration at {path}, set CIFAR100_CONFIG")
    archive = ROOT / yaml.safe_load(path.read_text())["dataset"]["source"]
    if not archive.is_file():
        pytest.skip(f"needs the real archive: {archive} is not there")
    return path.resolve()
