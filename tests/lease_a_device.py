"""Lease a device, say which, and keep it until standard input ends.

    lease_a_device.py FOLDER NAMES [forked|spawned]

NAMES has commas between. A child, forked or spawned after the lease, says which device it sees; it
ends with standard input too if it is forked, never by itself if it is spawned.
"""

import os
import signal
import sys
from multiprocessing import get_context
from pathlib import Path

from engine.leases import lease_device


def say(who, device):
    os.write(1, f"{who} {os.getpid()} {device}\n".encode())


def lease_again_and_stay(names, folder):
    say("child", lease_device(names, folder))
    signal.pause()


if __name__ == "__main__":
    folder, names, child = (*sys.argv[1:], None)[:3]
    folder, names = Path(folder), names.split(",")
    lease_device(names, folder)
    say("leased", os.environ["CUDA_VISIBLE_DEVICES"])
    if child == "forked" and os.fork() == 0:
        say("child", os.environ["CUDA_VISIBLE_DEVICES"])
    if child == "spawned":
        get_context("spawn").Process(target=lease_again_and_stay, args=(names, folder)).start()
    os.read(0, 1)
