"""A GPU for each process: leases that the kernel ends with the process that holds them.

A lease is a lock (flock) on a file per device. Whoever finds no free device waits in line for a
second lock, which the kernel gives to those who wait in order of arrival; its holder alone looks
for a device. The library filelock keeps no such order, and refuses another user's file in /tmp.
"""

import hashlib
import os
import sys
import time
from pathlib import Path
from urllib.parse import quote

from engine.errors import UserError
from engine.gpus import VISIBLE

# Names the folder of the lock files for those whose /tmp is not that of all who share the devices.
FOLDER_VARIABLE = "CIFARLAB_LOCK_FOLDER"
# Set in the environment of a process that holds a lease, and so in its children's.
LEASED = "CIFARLAB_LEASED_DEVICE"
SECONDS_BETWEEN_LOOKS = 0.05
# Each is set in the jobs of a scheduler that hands out devices: Slurm, PBS, LSF, Grid Engine,
# HTCondor, Flux, OAR.
SCHEDULER_VARIABLES = (
    "SLURM_JOB_ID",
    "PBS_JOBID",
    "LSB_JOBID",
    "SGE_TASK_ID",
    "_CONDOR_JOB_AD",
    "FLUX_JOB_ID",
    "OAR_JOB_ID",
)

# Open until this process ends; that, and nothing else, keeps its lease.
_held = []


def lock_folder():
    """Where the lock files are."""
    # Not tempfile's folder, which Snakemake sets per job: all projects and users share the devices.
    return Path(os.environ.get(FOLDER_VARIABLE) or "/tmp")


def scheduler_chooses():
    """Whether this process is a job of a scheduler, which has chosen its devices."""
    return any(name in os.environ for name in SCHEDULER_VARIABLES)


def lease_device(names, folder, on_wait=None):
    """Take one device for this process alone until it ends, and let it see no other.

    names: list of str, the devices to choose from, as CUDA_VISIBLE_DEVICES names them; folder:
    Path of the lock files, the same for all who share the devices. Waits in line while none is
    free, and says so once on standard error and to `on_wait`, a function of the text, which is
    called with None when the wait is over. Returns the name of the device, which is then the
    value of CUDA_VISIBLE_DEVICES: call it before CUDA is initialised. A child of a process that
    holds a lease gets that device at once. Raises UserError where the lock files cannot be used.
    """
    if LEASED in os.environ:
        _end_with_parent()
        return os.environ[LEASED]
    files = {name: folder / f"cifarlab-gpu-{quote(name, safe='')}.lock" for name in names}
    # A line for each choice of devices: whoever waits for a busy one must not hold up others.
    choice = hashlib.sha256(",".join(sorted(names)).encode()).hexdigest()[:16]
    try:
        name, descriptor = _wait_for_one(files, folder / f"cifarlab-line-{choice}.lock", on_wait)
        # For the message of those who wait. Of fixed length: nobody reads half of two numbers.
        os.pwrite(descriptor, f"{os.getpid():<20}\n".encode(), 0)
    except OSError as error:
        raise UserError(
            f"expected lock files in {folder} that everyone on this host can open, found: {error}; "
            "correct their permissions or remove them while no job runs"
        ) from error
    _held.append(descriptor)
    os.register_at_fork(after_in_child=_forget)
    os.environ[LEASED] = os.environ[VISIBLE] = name
    return name


def _wait_for_one(files, line_path, on_wait):
    """(name, descriptor) of the device whose file this process has locked."""
    line = _lock(line_path)
    has_waited = line is None
    if line is None:
        _say_that_it_waits(files, on_wait)
        line = _lock(line_path, wait=True)
    try:
        while True:
            for name, path in files.items():
                if (descriptor := _lock(path)) is not None:
                    return name, descriptor
            if not has_waited:
                _say_that_it_waits(files, on_wait)
                has_waited = True
            time.sleep(SECONDS_BETWEEN_LOOKS)
    finally:
        os.close(line)
        if has_waited and on_wait:
            on_wait(None)


def _lock(path, wait=False):
    """The descriptor of the locked file; None if another process has it and `wait` is false."""
    import fcntl  # absent on Windows

    while True:
        descriptor = _open(path)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            os.close(descriptor)
            return None
        # What cleans the folder may have removed the file in between; others lock the next one.
        if os.fstat(descriptor).st_nlink:
            return descriptor
        os.close(descriptor)


def _open(path):
    while True:
        try:
            # Without O_CREAT, which Linux may refuse for another user's file in a sticky folder.
            return os.open(path, os.O_RDWR | os.O_NOFOLLOW)
        except FileNotFoundError:
            umask = os.umask(0)  # so that every user can open it
            try:
                return os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o666)
            except FileExistsError:
                continue
            finally:
                os.umask(umask)


def _say_that_it_waits(files, on_wait):
    written = [path.read_text().strip() for path in files.values() if path.exists()]
    processes = [process for process in written if process and Path("/proc", process).exists()]
    text = (
        f"waiting for a free one of {len(files)} GPUs; "
        f"processes that use them: {', '.join(processes) or 'none seen'}"
    )
    print(text, file=sys.stderr, flush=True)
    if on_wait:
        on_wait(text)


def _forget():
    """In a forked child: the lease ends with the parent, even if the child lives on."""
    while _held:
        os.close(_held.pop())


def _end_with_parent():
    """Let this process end when its parent does: with it ends the lease that both live on."""
    from multiprocessing import parent_process
    from threading import Thread

    parent = parent_process()
    if parent is None or _held:
        return

    def follow():
        parent.join()
        os._exit(1)

    Thread(target=follow, daemon=True).start()
