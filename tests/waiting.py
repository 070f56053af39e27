"""Waiting for what other processes do, without guessing how long it takes."""

import re
import time
from pathlib import Path


def wait_until_in_line(*processes):
    """Return when the kernel lists one of these Popens among those that wait for a lock."""
    pids = "|".join(str(process.pid) for process in processes)
    waiting = rf"-> FLOCK +ADVISORY +WRITE ({pids}) "
    while not re.search(waiting, Path("/proc/locks").read_text()):
        assert all(process.poll() is None for process in processes)
        time.sleep(0.01)
