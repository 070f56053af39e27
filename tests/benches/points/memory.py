"""Peak memory of a training, and of two at once."""

import os
import re
import tempfile
import time
from pathlib import Path

from benches.jobs import train_words
from benches.measuring import MEGABYTE, n_cores, run, say, start
from benches.page import Point, goal, table

GOAL_MB = 800
MODEL = "cnn_2"
STEPS = 200
SECONDS_BETWEEN_LOOKS = 0.05


def measure(options):
    images = options.images()
    with tempfile.TemporaryDirectory() as folder:

        def words(threads, number):
            return train_words(images, MODEL, threads, Path(folder) / str(number), max_steps=STEPS)

        alone = run(words(n_cores(), 0)).peak_mb
        say(f"memory: {alone:.0f} MB alone")
        trainings = [start(words(1, number)) for number in (0, 1)]
        together = highest_pss_mb([training.process.pid for training in trainings])
        peaks = [training.finish().peak_mb for training in trainings]
    values = {"alone_mb": alone, "two_mb": peaks, "two_pss_mb": together}
    return {"images": images.kind, "threads": n_cores(), **values}


def highest_pss_mb(pids):
    """The highest sum of the processes' PSS until all have ended: what both take, shared once."""
    highest = 0.0
    while running := [pid for pid in pids if is_running(pid)]:
        highest = max(highest, sum(pss_mb(pid) for pid in running))
        time.sleep(SECONDS_BETWEEN_LOOKS)
    return highest


def is_running(pid):
    """Whether a child has not ended yet; it can be waited for afterwards."""
    return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None


def pss_mb(pid):
    """Memory of a process in MB, a share of what it has in common with others; 0 at its end."""
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except (ProcessLookupError, FileNotFoundError):
        return 0.0
    found = re.search(r"^Pss:\s+(\d+) kB", text, re.MULTILINE)
    return int(found[1]) * 1024 / MEGABYTE if found else 0.0


def lines(values):
    alone = values["alone_mb"]
    threads = values["threads"]
    both = " and ".join(f"{peak:,.0f}" for peak in values["two_mb"])
    rows = [
        (f"one, {threads} threads", f"{alone:,.0f}", goal(alone, GOAL_MB, False, "MB")),
        ("two at once, 1 thread each: of each", both, ""),
        ("two at once: sum, what they share counted once", f"{values['two_pss_mb']:,.0f}", ""),
    ]
    return [
        f"Trainings of {MODEL} on {values['images']}, batch 64, by `scripts/train.py`. The peak of "
        "a process is VmHWM, which has the libraries' pages in it. The sum is the highest of the "
        "processes' PSS, looked at every 50 ms, so a shorter peak may be missed.",
        "",
        *table(("trainings", "peak, MB", "goal"), rows),
    ]


POINTS = [Point("memory", "Memory of a training", measure, lines)]
