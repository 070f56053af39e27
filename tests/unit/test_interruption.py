"""Signals that ask for an end, in a process of its own."""

import subprocess
import sys

import pytest
from project import ROOT

from engine.interruption import STOP_SIGNALS

NOTED = """
import os, signal, sys
sys.path.insert(0, "scripts")
from engine.interruption import StopRequest
signal.signal(signal.SIGHUP, signal.SIG_IGN if {is_ignored} else signal.SIG_DFL)
stop = StopRequest()
os.kill(os.getpid(), signal.{name})
print(stop.name)
"""


def noted(name, is_ignored=False):
    program = NOTED.format(name=name, is_ignored=is_ignored)
    words = [sys.executable, "-c", program]
    result = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True)
    return result.stdout.strip()


@pytest.mark.parametrize("name", STOP_SIGNALS)
def test_a_stop_signal_is_noted_and_does_not_end_the_process(name):
    assert noted(name) == name


def test_a_closed_terminal_is_none_of_the_work_below_nohup():
    assert noted("SIGHUP", is_ignored=True) == "None"
