"""Files that are written completely or not at all, and their digests."""

import csv
import errno
import glob
import hashlib
import json
import os
import re
import shutil
import socket
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

from engine.errors import UserError

# A full disk, a full quota, a limit on the size of one file; a place that cannot be written to.
NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
NO_PLACE = {
    errno.EACCES,
    errno.EPERM,
    errno.EROFS,
    errno.EEXIST,
    errno.ENOTDIR,
    errno.EISDIR,
}


# A line break inside a text is escaped in JSON, so these brackets are none of a text.
LIST_OF_NUMBERS = re.compile(r"\[\n[-+.\deE,\s]*\]")


@contextmanager
def writing(path):
    """Turn a full disk or a forbidden place inside the block into a UserError about `path`."""
    try:
        yield
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else str(error)
        if error.errno in NO_ROOM:
            raise UserError(
                f"no room left to write {path} ({reason}); nothing was kept of it; "
                "free some space and run again"
            ) from error
        if error.errno in NO_PLACE:
            raise UserError(
                f"expected a place that may be written to at {path}, found: {reason}; "
                "change its permissions or choose another place"
            ) from error
        raise


# No two processes write into the same temporary file: one may outlive its workflow.
_HOST = re.sub(r"\W", "-", socket.gethostname())
_PARTIAL = f".{_HOST}-{os.getpid()}.partial"


@contextmanager
def new_files(*paths):
    """Temporary paths, one beside each of `paths`, that take their places when the block ends.

    If the block raises, the temporary files are removed and `paths` stay as they were. The last
    path is the seal of the set: it is taken away before the first is replaced and put in place
    after all others, so whoever finds it finds the complete set. Raises UserError on a full
    disk and where one may not write.
    """
    paths = [Path(path) for path in paths]
    partial_paths = [path.with_name(f".{path.name}{_PARTIAL}") for path in paths]
    with writing(paths[-1].parent):
        for path in paths:
            path.parent.mkdir(parents=True, exist_ok=True)
            _remove_leftovers(path)
    try:
        with writing(paths[-1].parent):
            yield partial_paths
            for partial_path in partial_paths:
                _flush_to_disk(partial_path)
            if len(paths) > 1:
                paths[-1].unlink(missing_ok=True)
            for partial_path, path in zip(partial_paths, paths, strict=True):
                partial_path.replace(path)
            for folder in {path.parent for path in paths}:
                _flush_to_disk(folder)
    finally:
        for partial_path in partial_paths:
            partial_path.unlink(missing_ok=True)


@contextmanager
def folder_beside(path):
    """A folder beside `path` as long as the block takes; one of a killed process goes first."""
    folder = Path(path).with_name(f".{Path(path).name}.partial")
    with writing(folder):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def _remove_leftovers(path):
    """Remove the temporary files for `path` of processes that were killed on this machine.

    And what they put beside such a file under a name that goes on after its own.
    """
    for leftover in path.parent.glob(f".{glob.escape(path.name)}.{_HOST}-*.partial*"):
        process = leftover.name.rpartition(".partial")[0].rpartition("-")[2]
        if process.isdecimal() and not _is_running(int(process)):
            if leftover.is_dir():
                shutil.rmtree(leftover, ignore_errors=True)
            else:
                leftover.unlink(missing_ok=True)


def _is_running(process):
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # somebody else's
        return True
    return True


def _flush_to_disk(path):
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def local_path(text):
    """The Path that a user's text names, `~` and file:// understood; None where it is a URL.

    Raises UserError where it is neither.
    """
    try:
        address = urlsplit(text)
    except ValueError as error:
        raise UserError(f"expected a URL or a path, found {text} ({error}); check it") from error
    if address.scheme == "file":
        return Path(url2pathname(address.path))
    # Unlike Path's own, it leaves the home of an unknown user as it is written.
    return None if "://" in text else Path(os.path.expanduser(text))


def file_digest(path, algorithm="sha256"):
    """Hexadecimal digest of a file's bytes."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, algorithm).hexdigest()


def to_json(value):
    """`value` as indented JSON text with a final newline, numbers in a list on one line.

    NaN and infinity are refused.
    """
    text = json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False)
    return LIST_OF_NUMBERS.sub(lambda match: f"[{' '.join(match[0][1:-1].split())}]", text) + "\n"


def write_csv(path, rows):
    """A CSV file of `rows`, dicts with the same keys, which are its header."""
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, fieldnames=rows[0], lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def read_json(path):
    """The value of a JSON file; UserError where it is missing or not JSON."""
    try:
        return json.loads(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError(f"{path} does not exist; run the stage that makes it first") from None
    except ValueError as error:
        raise UserError(f"{path} is not valid JSON ({error}); delete it and run again") from error
