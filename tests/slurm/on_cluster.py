"""The workflow with profiles/slurm, and trainings that a test holds up."""

import json
import shutil
import signal
import subprocess
import sys
from pathlib import Path

from project import SMALL, copy_project

# On an idle machine of two cores the longest run takes two and a half minutes.
LONGEST_RUN_SECONDS = 300
RUNS = "results/synthetic/runs"


class Workflow:
    """`snakemake --profile profiles/slurm` in a project's folder, a process of its own."""

    def __init__(self, project, *arguments):
        words = [Path(sys.executable).parent / "snakemake", "--profile", "profiles/slurm"]
        # The profile's waits are those of a large cluster.
        words += ["--slurm-init-seconds-before-status-checks", "2", "--latency-wait", "10"]
        words += [*arguments, "--configfile", "small.yaml"]
        self.output = project.folder / "workflow.log"
        with self.output.open("w") as output:
            self.process = subprocess.Popen(
                [str(word) for word in words],
                cwd=project.folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    def finish(self):
        """Wait for its end; what it said where it succeeded, else AssertionError with the rest."""
        try:
            self.process.wait(LONGEST_RUN_SECONDS)
        except subprocess.TimeoutExpired:
            self.interrupt()
        text = self.output.read_text()
        assert self.process.returncode == 0, text[-5000:]
        return text

    def interrupt(self):
        """As Ctrl-C: it cancels its jobs and ends."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            self.process.wait(60)

    def kill(self):
        """What no process can react to."""
        self.process.kill()
        self.process.wait()


def slow_project(folder, seeds):
    """A project with a training for each seed; all are slow until its file `slow` is removed."""
    project = copy_project(folder)
    shutil.copy(Path(__file__).parent / "obedient.py", project.folder)
    (project.folder / "slow").touch()
    model = {"family": "file", "factory": "obedient.py:obedient", "input_size": 32}
    project.configure(
        {
            **SMALL,
            "device": "auto",
            "models": {"obedient": model},
            "recipes": {"long": {**SMALL["recipes"]["quick"], "epochs": 100}},
            "runs": [{"models": ["obedient"], "recipes": ["long"], "seeds": seeds}],
            "checkpoints": {"seconds": 1},
        }
    )
    return project


def trainings(jobs):
    """Of these jobs of Slurm the trainings."""
    return [job for job in jobs if job.rule.startswith("rule_train_")]


def with_checkpoint(project, jobs):
    """Of these trainings those that run and have kept something to go on from, by their seed."""
    running = {int(job.rule.rpartition("_")[2]): job for job in jobs if job.state == "RUNNING"}
    folder = project.folder / "results/synthetic/checkpoints/obedient/long"
    return {
        seed: job for seed, job in running.items() if any(folder.glob(f"seed-{seed}/*.checkpoint"))
    }


def training_records(project):
    """training.json of every run, by its seed."""
    paths = (project.folder / RUNS).glob("*/*/*/training.json")
    records = [json.loads(path.read_text()) for path in paths]
    return {record["seed"]: record for record in records}


def bytes_of_runs(project, names):
    """The bytes of these files of all runs, by path; a missing one raises FileNotFoundError."""
    runs = sorted((project.folder / RUNS).glob("*/*/seed-*"))
    paths = [run / name for run in runs for name in names]
    return {path.relative_to(project.folder): path.read_bytes() for path in paths}
