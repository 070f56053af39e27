"""scripts/train.py on a small data set, started as often as it takes."""

import itertools
import json
import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

from faults.kits import IMAGES, KITS, N_STEPS, NOISY_MODEL
from faults.outcomes import (
    PATIENCE_SECONDS,
    NotSurvived,
    differing,
    expect,
    read_parts,
    steps_lost,
    wait_until,
)
from project import copy_project

# No multiple of the steps of an epoch: checkpoints fall within epochs, and at the end of some.
INTERVAL = 8
COMPARED = ("weights.safetensors", "history.csv")
COUNTED_TRAIN = Path(__file__).resolve().parent / "counted_train.py"


class Training:
    """One training in a folder of its own, a process at a time."""

    def __init__(self, lab, kit, seed=0):
        self.lab, self.kit, self.seed = lab, kit, seed
        self.folder = lab.new_folder(f"{kit}-")
        self.counts = self.folder / "counts"
        self.counts.mkdir()
        self.injected, self.n_processes, self.process = 0, 0, None

    def start(self, fault=""):
        """Start a process; fault: of counted_train.py."""
        out = self.folder
        words = [sys.executable, COUNTED_TRAIN, "scripts/train.py"]
        words += ["--dataset", "data/train.json", "--seed", self.seed]
        model, recipe = KITS[self.kit]
        words += ["--model", json.dumps(model), "--recipe", json.dumps(recipe)]
        words += ["--device", "cpu", "--threads", 1]
        words += ["--checkpoints", out / "checkpoints", "--checkpoint-steps", INTERVAL]
        words += ["--weights", out / "weights.safetensors", "--history", out / "history.csv"]
        words += ["--epochs", out / "epochs.csv", "--training", out / "training.json"]
        words += ["--record", out / "record.json"]
        self.n_processes += 1
        self.log = out / f"process-{self.n_processes}.log"
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [str(word) for word in words],
                cwd=self.lab.folder,
                env={**os.environ, "COUNTS": str(self.counts), "FAULT": fault},
                stdout=log,
                stderr=log,
            )

    def wait(self, *statuses):
        """The exit status of the process; NotSurvived if it is none of `statuses`."""
        try:
            status = self.process.wait(PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise NotSurvived(f"{self.log.name}: did not end in {PATIENCE_SECONDS} s") from None
        expected = " or ".join(map(str, statuses))
        last = self.log.read_text().strip().rpartition("\n")[2]
        expect(
            status in statuses,
            f"{self.log.name}: expected exit status {expected}, found {status}: {last}",
        )
        return status

    def finish(self):
        """The same command once more, undisturbed."""
        self.start()
        self.wait(0)

    def part(self):
        """What the process that was started last has done, or None before its first step."""
        parts = [part for part in read_parts(self.counts) if part.process == self.process.pid]
        return parts[-1] if parts and parts[-1].begun else None

    def await_first_step(self):
        wait_until(lambda: self.part() or self.process.poll() is not None, "the first step")

    def signal_after(self, seconds, *numbers, between=0.0):
        """Send signals some time after the first step, unless the process has ended by then."""
        self.await_first_step()
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            for number in numbers:
                self.process.send_signal(number)
                if number != numbers[-1]:
                    time.sleep(between)

    def start_until(self, step):
        """Start a process and return when it has stopped before that step."""
        self.start(f"pause {step}")
        stopped = os.WSTOPPED | os.WNOHANG
        wait_until(
            lambda: (
                self.process.poll() is not None
                or os.waitid(os.P_PID, self.process.pid, stopped) is not None
            ),
            f"step {step}",
        )
        expect(self.process.returncode is None, f"{self.log.name}: ended before step {step}")

    def go_on_with_room_for(self, n_bytes):
        """Let the stopped process go on, with no room for larger files (EFBIG)."""
        resource.prlimit(self.process.pid, resource.RLIMIT_FSIZE, (n_bytes, n_bytes))
        self.process.send_signal(signal.SIGCONT)

    def kill(self):
        self.process.kill()
        self.wait(-signal.SIGKILL)

    def abandon(self):
        """End what a fault left running."""
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def checkpoints(self):
        """Newest first."""
        return sorted(self.folder.glob("checkpoints/*.checkpoint"), reverse=True)

    def outputs(self):
        """Names of the outputs that are there, and of their temporary files."""
        files = [path for path in self.folder.iterdir() if path.is_file()]
        return [path.name for path in files if path.suffix != ".log"]

    def expect_said(self, text):
        """NotSurvived unless the last process said this, and no traceback."""
        said = self.log.read_text()
        expect(text in said, f"{self.log.name}: expected {text!r} in it")
        expect("Traceback" not in said, f"{self.log.name}: expected no traceback")

    def random_pauses(self, chance, count):
        """The times between `count` random moments of an undisturbed training, in seconds."""
        seconds = self.lab.seconds[self.kit]
        moments = sorted(chance.uniform(0, seconds) for _ in range(count))
        return [after - before for before, after in itertools.pairwise([0.0, *moments])]

    def steps_lost(self):
        return steps_lost(read_parts(self.counts))

    def undisturbed(self, name):
        """The file of that name of the training that nothing befell."""
        return self.lab.undisturbed[self.kit].folder / name

    def differing_files(self):
        return differing(self.folder, self.lab.undisturbed[self.kit].folder, COMPARED)


class TrainingLab:
    """A copy of the project with a data set, and the undisturbed trainings to compare with."""

    def __init__(self, folder):
        self.folder = copy_project(folder / "trainings").folder
        self._numbers = itertools.count(1)
        (self.folder / "noisy.py").write_text(NOISY_MODEL)
        words = [sys.executable, "scripts/data.py", "--manifest", "data/manifest.json", "synthetic"]
        for name, value in IMAGES.items():
            words += [f"--{name.replace('_', '-')}", str(value)]
        subprocess.run(words, cwd=self.folder, check=True)
        self.undisturbed, self.seconds = {}, {}
        for kit in KITS:
            training = Training(self, kit)
            training.start()
            training.await_first_step()
            started = time.monotonic()
            training.wait(0)
            self.undisturbed[kit], self.seconds[kit] = training, time.monotonic() - started
            [part] = read_parts(training.counts)
            expect(part.end == N_STEPS, f"{kit}: expected {N_STEPS} steps, found {part.end}")

    def new_folder(self, prefix):
        folder = self.folder / f"{prefix}{next(self._numbers)}"
        folder.mkdir()
        return folder

    def new_run(self, chance):
        return Training(self, chance.choice(sorted(KITS)))
