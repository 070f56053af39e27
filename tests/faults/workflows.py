"""The workflow on a small data set, interrupted while its training runs, and what may interrupt it.

After each fault the same command is given again, and nothing else.
"""

import copy
import itertools
import os
import shutil
import signal
import subprocess
import sys
from contextlib import suppress
from functools import partial
from pathlib import Path

from faults.kits import IMAGES, KITS, N_STEPS, WITH_MUON
from faults.outcomes import (
    PATIENCE_SECONDS,
    Fault,
    NotSurvived,
    differing,
    expect,
    read_parts,
    steps_lost,
    wait_until,
)
from faults.trainings import COUNTED_TRAIN, INTERVAL
from project import SMALL, copy_project

RUN = "results/synthetic/runs/cnn_2/quick/seed-0"
TARGET = f"{RUN}/predictions.npz"
REHEARSAL = "results/synthetic/rehearsals/cnn_2/quick.json"
COMPARED = ("weights.safetensors", "history.csv", "predictions.npz")


def configuration():
    values = copy.deepcopy(SMALL)
    values["dataset"]["synthetic"] = IMAGES
    values["recipes"] = {"quick": KITS[WITH_MUON][1]}
    values["runs"] = [{"models": ["cnn_2"], "recipes": ["quick"], "seeds": [0]}]
    values["checkpoints"] = {"steps": INTERVAL}
    return values


class Workflow:
    """One copy of the project, in which the same command is given as often as it takes."""

    def __init__(self, lab, folder):
        self.lab, self.folder = lab, folder
        self.counts = folder / "counts"
        self.counts.mkdir(exist_ok=True)
        self.injected, self.processes = 0, []

    def start(self, target=TARGET):
        """A Snakemake with a process group of its own, as a terminal gives it one."""
        words = [Path(sys.executable).parent / "snakemake", "--cores", "2"]
        words += ["--configfile", "small.yaml", "--", target]
        with self.log(len(self.processes) + 1).open("w") as log:
            process = subprocess.Popen(
                [str(word) for word in words],
                cwd=self.folder,
                env={"PATH": "/usr/local/bin:/usr/bin:/bin", "COUNTS": str(self.counts)},
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.processes.append(process)
        return process

    def log(self, number):
        return self.folder / f"snakemake-{number}.log"

    def said(self, process):
        """What one of the processes printed."""
        return self.log(self.processes.index(process) + 1).read_text()

    def wait(self, process):
        """The exit status of a Snakemake."""
        try:
            return process.wait(PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            raise NotSurvived(f"Snakemake did not end in {PATIENCE_SECONDS} s") from None

    def finish(self, target=TARGET):
        """The same command once more, undisturbed."""
        process = self.start(target)
        status = self.wait(process)
        expect(status == 0, f"expected it to complete, found:\n{self.said(process)[-2000:]}")

    def training(self):
        """The Part of the training that was started last, or None."""
        parts = read_parts(self.counts)
        return parts[-1] if parts else None

    def await_step(self, step, process):
        """Wait for that step of the training; whether it is still being trained then."""
        wait_until(
            lambda: process.poll() is not None or (self.training() and self.training().end >= step),
            f"step {step}",
        )
        return process.poll() is None and self.training().is_running()

    def abandon(self):
        """End what a fault left running."""
        for process in self.processes:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        for part in read_parts(self.counts):
            if part.is_running():
                with suppress(ProcessLookupError):
                    os.kill(part.process, signal.SIGKILL)

    def steps_lost(self):
        return steps_lost(read_parts(self.counts))

    def differing_files(self):
        return differing(self.folder / RUN, self.lab.undisturbed.folder / RUN, COMPARED)


class WorkflowLab:
    """A project whose training may begin, to be copied, and the undisturbed workflow."""

    def __init__(self, folder):
        self.folder = folder / "workflows"
        self._numbers = itertools.count(1)
        project = copy_project(self.folder / "prepared")
        project.configure(configuration())
        # The training counts its steps. How a command is called is no part of its definition.
        rule = project.folder / "rules/train.smk"
        text = rule.read_text()
        plain = "python scripts/train.py "
        expect(text.count(plain) == 1, f"expected {plain!r} once in {rule.name}")
        rule.write_text(text.replace(plain, f"python {COUNTED_TRAIN} scripts/train.py "))
        self.prepared = Workflow(self, project.folder)
        self.prepared.finish(REHEARSAL)
        self.undisturbed = self.new_run()
        self.undisturbed.finish()

    def new_run(self, _chance=None):
        folder = self.folder / f"workflow-{next(self._numbers)}"
        shutil.copytree(self.prepared.folder, folder)
        return Workflow(self, folder)


def interrupt_workflow(run, chance, _count, signals, to_group):
    """Signals to Snakemake alone, or to all processes of its group, while the training runs."""
    process = run.start()
    if not run.await_step(chance.randrange(1, N_STEPS), process):
        run.wait(process)
        return
    number = chance.choice(signals)
    (os.killpg if to_group else os.kill)(process.pid, number)
    run.injected += 1
    run.wait(process)
    if number == signal.SIGKILL and to_group:
        training = run.training()
        wait_until(lambda: not training.is_running(), "the end of the group's training")
    run.finish()
    # Of a Snakemake that was killed alone, the training lives on at first.
    alive = [part.process for part in read_parts(run.counts) if part.is_running()]
    expect(not alive, f"trainings that still run: {alive}")


def start_twice(run, chance, _count):
    """One completes; the other completes too, or says that the folder is taken."""
    first = run.start()
    if chance.random() < 0.5:
        # Else both begin together.
        run.await_step(chance.randrange(1, N_STEPS), first)
    second = run.start()
    run.injected += 1
    statuses = [run.wait(process) for process in (first, second)]
    expect(0 in statuses, f"expected one to complete, found exit statuses {statuses}")
    for process, status in zip((first, second), statuses, strict=True):
        said = run.said(process)
        expect(
            status == 0 or "Directory cannot be locked" in said,
            f"expected the reason, found:\n{said[-2000:]}",
        )
    run.finish()


KILL = (signal.SIGKILL,)
STOP = (signal.SIGTERM, signal.SIGINT)
WORKFLOW_FAULTS = (
    Fault(
        "kill -9 of Snakemake alone",
        partial(interrupt_workflow, signals=KILL, to_group=False),
        # Its training lives on; if it ends too early to be stopped and too late to be seen.
        limit=INTERVAL,
    ),
    Fault(
        "kill -9 of Snakemake's process group",
        partial(interrupt_workflow, signals=KILL, to_group=True),
        limit=INTERVAL,
    ),
    Fault(
        "SIGTERM or SIGINT to Snakemake alone",
        partial(interrupt_workflow, signals=STOP, to_group=False),
        limit=0,
    ),
    Fault(
        "SIGTERM or SIGINT to Snakemake's process group",
        partial(interrupt_workflow, signals=STOP, to_group=True),
        limit=0,
    ),
    Fault("two workflows at once in one folder", start_twice, limit=0),
)
