"""Many jobs, each a process that leases a device; some are killed at random moments.

    jobs_under_fire.py FOLDER JOBS DEVICES

Prints what happened, in order: "begin PID DEVICE" and "end PID DEVICE", written by a job that has
its lease; "kill PID", written before the signal is sent; last "exit PID STATUS" for each job.
"""

import os
import random
import signal
import sys
import time
import traceback
from pathlib import Path

from engine.leases import lease_device

KILLED_SHARE = 0.15


def run_job(names, folder, note):
    lease_device(names, folder)
    device = os.environ["CUDA_VISIBLE_DEVICES"]
    note("begin", os.getpid(), device)
    time.sleep(0.01)  # the work, long enough for another to begin on the same device if it could
    if random.random() < KILLED_SHARE:
        kill(os.getpid(), note)
    note("end", os.getpid(), device)


def kill(pid, note):
    note("kill", pid)
    os.kill(pid, signal.SIGKILL)


def fork_job(*arguments):
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            run_job(*arguments)
            status = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(status)
    return pid


def main(folder, n_jobs, n_devices):
    read_end, write_end = os.pipe()

    # One pipe for all: what is short is written to it whole, so its order is that of the events.
    def note(*words):
        os.write(write_end, f"{' '.join(map(str, words))}\n".encode())

    names = [str(number) for number in range(n_devices)]
    pids = [fork_job(names, folder, note) for _ in range(n_jobs)]
    unfinished = set(pids)
    with open(read_end) as journal:
        while unfinished:
            line = journal.readline()
            print(line, end="")
            event, pid = line.split()[:2]
            if event != "begin":
                unfinished.discard(int(pid))
            elif random.random() < KILLED_SHARE:
                # Mostly one that waits; those that have a device see to it themselves.
                kill(random.choice(sorted(unfinished)), note)
    for pid in pids:
        print("exit", pid, os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
