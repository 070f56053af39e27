"""scripts/train.py as it is, its steps counted, with a fault at an exact point if one is asked for.

    counted_train.py SCRIPT ARGUMENT...

What is patched is patched in this process alone: the code of the project stays as it is, and so
do the digests of it. From the environment:

COUNTS: a folder that gets one file per process, NANOSECONDS-PID, with two numbers: the step that
    the process started from and the number of steps that it has begun since.
FAULT: "pause STEP": this process stops itself (SIGSTOP) before it takes that step.
    "kill MOMENT NAME": it kills itself (SIGKILL) when a file is to take its place at NAME; moment
    half: half of its bytes are written; whole: all are, in the temporary file; placed: just after.
"""

import os
import runpy
import signal
import sys
import time
from functools import wraps
from pathlib import Path


def count_steps(folder, pause_at):
    """Keep the file of this process up to date; stop before the step `pause_at`, if any."""
    from cifarlab.training.steps import Stepper
    from engine.checkpoints import Checkpoints

    latest, step = Checkpoints.latest, Stepper.step
    counts = {}

    def write_counts():
        text = f"{counts['start']:>9} {counts['begun']:>9}\n"
        os.pwrite(counts["file"], text.encode(), 0)

    @wraps(latest)
    def noted_latest(self):
        state = latest(self)
        # Here and not earlier: whoever waits for another process comes after it.
        path = folder / f"{time.time_ns()}-{os.getpid()}"
        counts.update(file=os.open(path, os.O_WRONLY | os.O_CREAT), start=self.last_step, begun=0)
        write_counts()
        return state

    @wraps(step)
    def counted_step(self, *arguments):
        counts["begun"] += 1
        write_counts()
        if counts["start"] + counts["begun"] == pause_at:
            os.kill(os.getpid(), signal.SIGSTOP)
        return step(self, *arguments)

    Checkpoints.latest, Stepper.step = noted_latest, counted_step


def kill_at_replacement(moment, name):
    """Let this process end when a file is to take its place under `name`."""
    replace = Path.replace

    @wraps(replace)
    def fatal_replace(self, target):
        is_fatal = Path(target).name == name
        if is_fatal and moment == "half":
            os.truncate(self, self.stat().st_size // 2)
        if is_fatal and moment != "placed":
            os.kill(os.getpid(), signal.SIGKILL)
        replaced = replace(self, target)
        if is_fatal:
            os.kill(os.getpid(), signal.SIGKILL)
        return replaced

    Path.replace = fatal_replace


def main():
    sys.argv = sys.argv[1:]
    sys.path[0] = str(Path(sys.argv[0]).resolve().parent)
    kind, *details = (os.environ.get("FAULT") or "none").split()
    count_steps(Path(os.environ["COUNTS"]), int(details[0]) if kind == "pause" else None)
    if kind == "kill":
        kill_at_replacement(*details)
    runpy.run_path(sys.argv[0], run_name="__main__")


if __name__ == "__main__":
    main()
