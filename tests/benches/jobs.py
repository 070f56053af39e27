"""Commands of the project as a bench runs them: a training, and all jobs of a small workflow."""

import json
import os
import re
import shutil
import sys
from pathlib import Path

import yaml
from benches.dag import configuration
from benches.measuring import ROOT, BenchError, run
from project import copy_project

RECIPE = "published_scratch"
TRAIN = "scripts/train.py"
OUTPUTS = {
    "weights": "weights.safetensors",
    "history": "history.csv",
    "epochs": "epochs.csv",
    "training": "training.json",
}
COMMAND = re.compile(r"^Shell command: (.*python scripts/(\w+)\.py.*?)(?: > \S+ 2>&1)?$", re.M)


def train_words(images, model, threads, folder, **of_recipe):
    """The words of scripts/train.py for a model of config/config.yaml and the published recipe.

    images: BenchImages; folder: Path of the outputs; of_recipe: what its recipe has instead.
    """
    values = yaml.safe_load((ROOT / "config/config.yaml").read_text())
    recipe = {**values["recipes"][RECIPE], **of_recipe}
    words = [sys.executable, TRAIN, "--dataset", images.train, "--seed", "0"]
    words += ["--model", json.dumps(values["models"][model]), "--recipe", json.dumps(recipe)]
    words += ["--device", "cpu", "--threads", threads]
    folder.mkdir(parents=True, exist_ok=True)
    for name, file in OUTPUTS.items():
        words += [f"--{name}", folder / file]
    return words


class SmallWorkflow:
    """One run of one training step and all that follows, made by Snakemake in a folder.

    commands: the shell command of every job without the redirection to its log, by the name of the
    program; those of scripts/figure.py by that and the figure's name.
    """

    def __init__(self, folder):
        self.folder = Path(folder)
        project = copy_project(self.folder, quick=False)
        values = configuration(1)
        values["recipes"]["quick"]["max_steps"] = 1
        project.configure(values)
        self.project, self.values = project, values
        result = project.snakemake("--printshellcmds")
        if result.returncode != 0:
            raise BenchError(f"the small workflow failed: {result.stderr.strip()[-300:]}")
        self.commands = commands_in(result.stdout + result.stderr)

    def path(self):
        """The variable with which a command finds the Python of this bench, as a list of words."""
        return [f"PATH={Path(sys.executable).parent}:{os.environ['PATH']}"]

    def run(self, name, environment=None):
        """Run a job's command again, as if for the first time; returns the Finished process."""
        for checkpoints in self.folder.glob("results/*/checkpoints"):
            shutil.rmtree(checkpoints)
        words = ["env", *self.path(), "bash", "-c", self.commands[name]]
        return run(words, self.folder, environment)


def commands_in(text):
    """The commands that Snakemake printed, by name."""
    commands = {}
    for command, program in COMMAND.findall(text):
        name = program
        if program == "figure":
            name += " " + re.search(r"figure\.py (\w+)", command)[1]
        commands[name] = command.removeprefix("exec ")
    if not commands:
        raise BenchError("expected shell commands in what Snakemake printed, found none")
    return commands
