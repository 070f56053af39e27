"""The workflow through Snakemake itself, in a copy of the project."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parent.parent
PROJECT = (
    "Snakefile",
    "config",
    "envs",
    "profiles",
    "requirements.lock",
    "rules",
    "scripts",
    "templates",
)
# Two models and two seeds on few images: every stage, in seconds.
SMALL = {
    "dataset": {
        "name": "synthetic",
        "source": "synthetic",
        "synthetic": {"train_per_class": 2, "test_per_class": 1},
    },
    "device": "cpu",
    "threads": 1,
    "recipes": {
        "quick": {
            "epochs": 1,
            "batch_size": 64,
            "optimizer": {"name": "adam", "learning_rate": 0.001},
        }
    },
    "runs": [{"models": ["cnn_2", "cnn_3"], "recipes": ["quick"], "seeds": [0, 1]}],
}


class Project:
    """A copy of the project with a configuration of its own, small.yaml."""

    def __init__(self, folder):
        self.folder = folder

    def configure(self, values):
        (self.folder / "small.yaml").write_text(yaml.safe_dump(values, sort_keys=False))

    def snakemake(self, *arguments, configfile="small.yaml", programs=""):
        """Run snakemake as `.venv/bin/snakemake`, without an activated environment.

        programs: a folder whose programs are found before those of the system.
        """
        words = [Path(sys.executable).parent / "snakemake", "--cores", "2", *arguments]
        words += ["--configfile", configfile]
        return subprocess.run(
            [str(word) for word in words],
            cwd=self.folder,
            env={**os.environ, "PATH": f"{programs}:/usr/local/bin:/usr/bin:/bin".lstrip(":")},
            capture_output=True,
            text=True,
            timeout=600,
        )

    def would_run(self, *arguments):
        """The jobs that a dry run announces: a dict from rule to their number, without `all`."""
        result = self.snakemake("--dry-run", *arguments)
        assert result.returncode == 0, result.stderr
        _, _, table = result.stdout.partition("Job stats:")
        rows = re.findall(r"^(\w+) +(\d+)$", table.partition("\n\n")[0], flags=re.MULTILINE)
        return {rule: int(count) for rule, count in rows if rule not in ("all", "total")}

    def files(self, folder="results"):
        """All files below a folder, relative to it."""
        root = self.folder / folder
        return sorted(str(p.relative_to(root)) for p in root.rglob("*") if p.is_file())


# A speed that means something takes seconds to measure, and tests of the workflow need none.
QUICK = {"WARM_UP_SECONDS": "0.02", "LEAST_SECONDS": "0.02", "MOST_ROUNDS": "2"}


def measure_quickly(path):
    """Let the stage `cost` of a copied project measure speeds in an instant."""
    text = path.read_text()
    for name, value in QUICK.items():
        text, count = re.subn(rf"^{name} = .*$", f"{name} = {value}", text, flags=re.MULTILINE)
        assert count == 1, f"{path} has no {name}"
    path.write_text(text)


def copy_project(folder, quick=True):
    """A Project in a new folder. quick: whether speeds are measured in an instant."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in PROJECT:
        source = ROOT / name
        if source.is_dir():
            # With what Python has compiled, but for what another process is just writing.
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("*.pyc.*"))
        else:
            shutil.copy2(source, folder / name)
    if quick:
        measure_quickly(folder / "scripts/cifarlab/cost/measurements.py")
    project = Project(folder)
    project.configure(SMALL)
    return project
