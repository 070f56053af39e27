"""The project's commands as checks run them: each with a log of its own in the place's folder."""

import json
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import yaml

from engine.files import read_json, to_json

ROOT = Path(__file__).resolve().parents[2]
# Longer than any command takes on a GPU that works.
PATIENCE_SECONDS = 600
POLL_SECONDS = 0.05
THREADS = 2


class Failed(Exception):
    """One sentence: what was expected, what was found."""


class Skipped(Exception):
    """Why a check has no meaning on this machine, in a few words."""


def expect(condition, sentence):
    if not condition:
        raise Failed(sentence)


@dataclass(frozen=True)
class Place:
    """With what is checked, and where what is written lies.

    device: as of commands, cuda; folder: Path; input_size: of the models, in pixels; demo: the
    configuration file of a whole run; n_steps: of a training that a signal interrupts after a tenth
    of them.
    """

    device: str
    folder: Path
    input_size: int = 224
    demo: str = "config/demo.yaml"
    n_steps: int = 10_000

    @property
    def data(self):
        return self.folder / "data"

    def models(self):
        """Settings of the seven models by name, with random weights, at the place's input size."""
        models = yaml.safe_load((ROOT / "config/config.yaml").read_text())["models"]
        for settings in models.values():
            settings["input_size"] = self.input_size
            if settings["family"] == "torchvision":
                settings["weights"] = "none"
        return models


def start(words, log):
    """A process of a command, whose output goes into the file `log`."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("w", encoding="utf-8") as file:
        return subprocess.Popen(list(map(str, words)), cwd=ROOT, stdout=file, stderr=file)


def end(process, log, status=0):
    """Wait for its end; Failed where it does not end with this exit status."""
    try:
        found = process.wait(PATIENCE_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        raise Failed(f"expected an end within {PATIENCE_SECONDS} s; see {log}") from None
    if found != status:
        lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        raise Failed(
            f"expected exit status {status}, found {found}: {lines[-1] if lines else ''} ({log})"
        )


def run(words, log):
    """Run a command to its end."""
    end(start(words, log), log)


def make_data(place):
    """A data set of 5,000 synthetic images to train on."""
    words = [sys.executable, "scripts/data.py", "--manifest", place.data / "manifest.json"]
    words += ["synthetic", "--train-per-class", 50, "--test-per-class", 1]
    run(words, place.folder / "data.log")


def recipe(**changes):
    """A recipe as JSON has it: a few steps on batches of 64 images."""
    optimizer = {"name": "sgd", "learning_rate": 0.001, "momentum": 0.9}
    return {
        "epochs": 1000,
        "max_steps": 20,
        "batch_size": 64,
        "micro_batch": "auto",
        "optimizer": optimizer,
        **changes,
    }


def training_command(place, folder, model, recipe, device=None):
    """The words of scripts/train.py; its outputs lie in `folder`."""
    files = {
        "weights": "weights.safetensors",
        "history": "history.csv",
        "epochs": "epochs.csv",
        "training": "training.json",
        "checkpoints": "checkpoints",
    }
    words = [sys.executable, "scripts/train.py", "--dataset", place.data / "train.json"]
    words += ["--model", json.dumps(model), "--recipe", json.dumps(recipe), "--seed", 0]
    words += ["--device", device or place.device, "--threads", THREADS]
    words += ["--checkpoint-steps", place.n_steps // 10]
    for argument, name in files.items():
        words += [f"--{argument}", folder / name]
    return words


def train(place, name, model, recipe, device=None):
    """A whole training; returns its record, training.json, with all its `losses`."""
    folder = place.folder / name
    run(training_command(place, folder, model, recipe, device), folder / "log")
    return record_of(folder)


def record_of(folder):
    rows = (folder / "history.csv").read_text().splitlines()[1:]
    losses = [float(row.split(",")[1]) for row in rows]
    return {**read_json(folder / "training.json"), "losses": losses}


def cost(place, name, model, recipes):
    """The costs of a model with recipes, by name: cost.json."""
    folder = place.folder / name
    words = [sys.executable, "scripts/cost.py", "--dataset", place.data / "classes.json"]
    words += ["--model", json.dumps(model), "--recipes", json.dumps(recipes)]
    words += ["--device", place.device, "--threads", THREADS, "--cost", folder / "cost.json"]
    run(words, folder / "cost.log")
    return read_json(folder / "cost.json")


def snakemake(place, name, values, log):
    """A whole run of the workflow with a configuration on top of place.demo."""
    path = place.folder / f"{name}.yaml"
    path.write_text(to_json(values), encoding="utf-8")
    words = [Path(sys.executable).parent / "snakemake", "--cores", "all", "--resources", "gpu=1"]
    run([*words, "--configfile", place.demo, path], log)


def wait_for_checkpoint(process, folder):
    """Return when a training has saved a checkpoint, or has ended."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        if any((folder / "checkpoints").glob("*.checkpoint")):
            return
        time.sleep(POLL_SECONDS)
