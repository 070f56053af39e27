"""Progress: a bar on a terminal, plain lines with the time left in a log."""

import os
import pty
import subprocess
import sys
import termios

from project import ROOT

PROGRAM = """
from engine import progress
progress.SECONDS_BETWEEN_LINES = 0
with progress.Progress("train", 4, "step", done=1) as shown:
    for _ in range(3):
        shown.advance(1, "loss 2.5" if shown.due() else "")
"""


def run(**options):
    words = [sys.executable, "-c", PROGRAM]
    return subprocess.run(words, cwd=ROOT / "scripts", check=True, timeout=60, **options)


def test_a_log_gets_plain_lines_with_the_time_left():
    lines = run(stderr=subprocess.PIPE, text=True).stderr.splitlines()
    assert lines[0].startswith("train: 2 of 4 step (50 %), ")
    assert lines[0].endswith("00:00 left, loss 2.5")
    assert lines[-1].startswith("train: 4 of 4 step (100 %), ")
    assert "left" not in lines[-1]


def test_a_terminal_gets_a_bar():
    terminal, end = pty.openpty()
    termios.tcsetwinsize(end, (24, 100))
    run(stderr=end)
    os.close(end)
    shown = os.read(terminal, 10_000).decode()
    os.close(terminal)
    assert "4/4" in shown
    assert "loss 2.5" in shown
    assert " of " not in shown
