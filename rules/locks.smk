# In: what a killed run of this workflow left in .snakemake/locks and .snakemake/incomplete.
# Out: the same folders without it, where it is sure that the run is no more.

import socket

from snakemake.logging import logger

SNAKEMAKE_FOLDER = Path(".snakemake")


def release_stale_locks():
    """Take away Snakemake's locks if the runs that left them were of this machine and are gone.

    Each run holds a shared lock of the kernel as long as it lives. Returns the file that holds it.
    """
    try:
        import fcntl
    except ImportError:  # Windows; there `snakemake --unlock` is left
        return None
    if not os.access(".", os.W_OK):
        return None
    SNAKEMAKE_FOLDER.mkdir(exist_ok=True)
    file = open(SNAKEMAKE_FOLDER / "host", "a+", encoding="utf-8")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:  # another run lives
        fcntl.flock(file, fcntl.LOCK_SH)
        return file
    file.seek(0)
    last_host, host = file.read().strip(), socket.gethostname()
    locks = sorted((SNAKEMAKE_FOLDER / "locks").glob("*.lock"))
    if last_host == host or not locks:
        for lock in locks:
            lock.unlink()
        if locks:
            logger.info("The locks of a run that was killed were removed.")
        # What is whole is told by records. With a marker, a job whose process outlived Snakemake and
        # made all would run alone: its outputs are ancient(), so nothing after it would follow.
        for marker in (SNAKEMAKE_FOLDER / "incomplete").rglob("*"):
            if marker.is_file():
                marker.unlink()
        file.truncate(0)
        file.write(host + "\n")
        file.flush()
    fcntl.flock(file, fcntl.LOCK_SH)
    return file


if workflow.is_main_process:
    # Open, and so locked, until this run ends.
    HOST_FILE = release_stale_locks()
