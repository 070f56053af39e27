"""What a killed Snakemake leaves in .snakemake/: its locks, and marks of incomplete outputs."""

import os
import socket
from pathlib import Path

SNAKEMAKE_FOLDER = Path(".snakemake")


def release_stale_locks(logger):
    """Remove Snakemake's locks if the invocations that left them were of this machine and are gone.

    Each invocation holds a shared lock of the kernel as long as it lives. Returns the file that
    holds it, to be kept open, or None where that is not possible.
    """
    try:
        import fcntl
    except ImportError:  # Windows; there `snakemake --unlock` is left
        return None
    if not os.access(".", os.W_OK):
        return None
    SNAKEMAKE_FOLDER.mkdir(exist_ok=True)
    file = open(SNAKEMAKE_FOLDER / "host", "a+", encoding="utf-8")  # noqa: SIM115
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:  # another invocation lives
        fcntl.flock(file, fcntl.LOCK_SH)
        return file
    except OSError as error:  # a file system without them
        logger.info(f"Locks of a killed invocation stay: {error.strerror} for {file.name}.")
        return None
    file.seek(0)
    last_host, host = file.read().strip(), socket.gethostname()
    locks = sorted((SNAKEMAKE_FOLDER / "locks").glob("*.lock"))
    if last_host == host or not locks:
        for lock in locks:
            lock.unlink()
        if locks:
            logger.info("The locks of an invocation that was killed were removed.")
        # Records say what is complete. With a marker, a job whose process outlived Snakemake and
        # made everything would run once more.
        for marker in (SNAKEMAKE_FOLDER / "incomplete").rglob("*"):
            if marker.is_file():
                marker.unlink()
        file.truncate(0)
        file.write(host + "\n")
        file.flush()
    fcntl.flock(file, fcntl.LOCK_SH)
    return file
