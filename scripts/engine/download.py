"""Fetch one file from the first source that has it: resumed, retried, verified."""

import fcntl
import os
import random
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import requests
import urllib3

from engine.errors import UserError
from engine.files import file_digest, local_path, writing
from engine.progress import Progress

CHUNK_BYTES = 1 << 20
# Faults that the same request cannot cure; 408 and 429 ask to come back later.
FINAL_STATUSES = set(range(400, 500)) - {408, 429}


@dataclass(frozen=True)
class Patience:
    """How long to try: seconds without a byte, tries per source, seconds before the second try."""

    timeout_seconds: float = 30.0
    tries: int = 5
    first_pause_seconds: float = 2.0

    def pause_seconds(self, failed_tries):
        """Exponential backoff with jitter, so that many clients do not come back at once."""
        return self.first_pause_seconds * 2 ** (failed_tries - 1) * random.uniform(0.5, 1.0)


def add_patience_arguments(parser):
    """Give a command's parser the options that make a Patience."""
    parser.add_argument(
        "--timeout-seconds",
        type=float,
        default=Patience.timeout_seconds,
        help="give up on a silent server after this long (default: %(default)s)",
    )
    parser.add_argument(
        "--tries", type=int, default=Patience.tries, help="per URL (default: %(default)s)"
    )
    parser.add_argument(
        "--first-pause-seconds",
        type=float,
        default=Patience.first_pause_seconds,
        help="before the second try; doubles with each further one (default: %(default)s)",
    )


def patience_from(arguments):
    """The Patience that a command's parsed arguments ask for."""
    return Patience(arguments.timeout_seconds, arguments.tries, arguments.first_pause_seconds)


class FinalFault(Exception):
    """This source will not give the file, however often it is asked."""


class WrongFile(FinalFault):
    """What a source gave is another file."""


def fetch(sources, digest, folder, patience=Patience()):
    """Path of a file with the given digest, from the first of `sources` that provides it.

    sources: URLs or local paths, tried in order; digest: "md5:…" or "sha256:…", in full or its
    beginning; folder: where downloads are kept, a finished one being used again and a broken-off
    one continued. A local file, also one of a file:// URL or below ~, is used where it lies.
    Raises UserError, with one reason per source, when none provides it.
    """
    reasons = []
    for source in sources:
        try:
            path = local_path(source)
            if path is not None:
                return _check_local(path, digest)
            finished = Path(folder) / _name_of(source)
            # Also where no lock can be had: a folder may be shared and not be written to.
            if _is_whole(finished, digest):
                return finished
            return _fetch_alone(source, digest, finished, patience)
        except FinalFault as fault:
            reasons.append(f"{source}: {fault}")
    raise UserError(
        f"no source gave the file with {digest}; check the sources or add another: "
        + "; ".join(reasons)
    )


def _fetch_alone(url, digest, finished, patience):
    """As `_fetch_url`. A later source may need no place: what cannot be written is a FinalFault."""
    try:
        with writing(finished.parent), _alone_in(finished.parent):
            return _fetch_url(url, digest, finished, patience)
    except UserError as error:
        raise FinalFault(str(error)) from error


@contextmanager
def _alone_in(folder):
    """One download at a time in a folder: two of the same file would write into one another.

    The kernel lets go of the lock when the process ends, however it ends.
    """
    folder.mkdir(parents=True, exist_ok=True)
    # A file, and open for writing: NFS keeps a lock of a folder from no other machine.
    with open(folder / ".lock", "a", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX)
        except OSError as error:  # a file system without locks
            print(f"warning: {folder} cannot be locked ({error.strerror})", file=sys.stderr)
        yield


def _check_local(path, digest):
    if os.path.isdir(path):
        raise FinalFault("expected an archive, found a folder")
    try:
        _check_digest(path, digest)
    except FileNotFoundError as error:
        raise FinalFault("no such file") from error
    except OSError as error:
        raise FinalFault(f"it cannot be read ({error.strerror})") from error
    return path


def _check_digest(path, digest):
    algorithm, expected = digest.split(":")
    found = file_digest(path, algorithm)
    if not found.startswith(expected):
        raise WrongFile(f"expected {algorithm} {expected}, found {found}{_looks_like(path)}")


def _looks_like(path):
    """What a file with a wrong digest probably is, for the message."""
    with open(path, "rb") as file:
        start = file.read(256).lstrip().lower()
    if start.startswith((b"<!doctype html", b"<html", b"<?xml")):
        return " (it is a web page, probably an error page)"
    return f" ({path.stat().st_size:,} bytes)"


def _name_of(url):
    """What the file of a URL is called."""
    return Path(urlsplit(url).path).name or "download"


def _is_whole(path, digest):
    """Whether a finished download is there, with the digest."""
    try:
        _check_digest(path, digest)
    except (OSError, FinalFault):
        return False
    return True


def _fetch_url(url, digest, finished, patience):
    # Another process may have fetched it meanwhile.
    if _is_whole(finished, digest):
        return finished
    finished.unlink(missing_ok=True)
    partial_path, fault = finished.with_name(f"{finished.name}.part"), None
    for tries in range(1, patience.tries + 1):
        if fault:
            pause_seconds = patience.pause_seconds(tries - 1)
            print(f"{url}: {fault}; trying again in {pause_seconds:.1f} s", file=sys.stderr)
            time.sleep(pause_seconds)
        was_continued = False
        try:
            was_continued = _download(url, partial_path, patience.timeout_seconds)
            _check_digest(partial_path, digest)
            return partial_path.replace(finished)
        except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
            fault = _describe(error)
            # A ValueError is an address that cannot be asked, such as ftp://.
            if _status(error) in FINAL_STATUSES or isinstance(error, ValueError):
                raise FinalFault(fault) from error
        except WrongFile as error:
            fault = str(error)
            partial_path.unlink(missing_ok=True)
            # Its beginning may be of another file.
            if not was_continued:
                raise
    raise FinalFault(f"{fault}; gave up after {patience.tries} tries")


def _status(error):
    return getattr(getattr(error, "response", None), "status_code", None)


def _describe(error):
    if isinstance(error, requests.HTTPError):
        return f"the server answered {error.response.status_code} {error.response.reason}"
    if isinstance(error, (requests.Timeout, urllib3.exceptions.TimeoutError)):
        return "the server sent nothing for too long"
    if isinstance(error, requests.ConnectionError):
        return f"the server cannot be reached ({type(error).__name__})"
    if isinstance(error, urllib3.exceptions.ProtocolError):
        return "the connection broke off"
    return str(error)


def _download(url, partial_path, timeout_seconds):
    """Write what `url` has to `partial_path`, after what is there; returns whether some was there.

    The partial file outlives this process: after a broken connection the next try, or the next
    call of the workflow, asks only for the rest, where the server allows it. On a full disk it is
    removed.
    """
    try:
        with writing(partial_path):
            return _stream(url, partial_path, timeout_seconds)
    except UserError:
        partial_path.unlink(missing_ok=True)
        raise


def _asked(url, **options):
    """The response of requests.get. What is wrong with this machine's settings is a FinalFault."""
    try:
        return requests.get(url, **options)
    except requests.RequestException:
        raise
    except OSError as error:  # a file of certificates that is not there
        raise FinalFault(str(error)) from error


def _stream(url, partial_path, timeout_seconds):
    present_bytes = partial_path.stat().st_size if partial_path.exists() else 0
    headers = {"Accept-Encoding": "identity"}
    if present_bytes:
        headers["Range"] = f"bytes={present_bytes}-"
    with _asked(url, headers=headers, timeout=timeout_seconds, stream=True) as response:
        if present_bytes and response.status_code == 416:
            # The partial file is not a beginning of what the server has now.
            partial_path.unlink()
            raise requests.RequestException("what an earlier try left does not fit the file")
        response.raise_for_status()
        is_continued = response.status_code == 206
        if not is_continued:
            present_bytes = 0
        length = response.headers.get("Content-Length")
        total_bytes = present_bytes + int(length) if length else None
        title = f"download {partial_path.stem}"
        with (
            open(partial_path, "ab" if is_continued else "wb") as file,
            Progress(title, total_bytes, "B", done=present_bytes) as progress,
        ):
            # As the bytes come, so that none is lost with the connection, and undecoded: a
            # server may declare the archive's own gzip as an encoding of the transfer.
            while chunk := response.raw.read1(CHUNK_BYTES, decode_content=False):
                file.write(chunk)
                progress.advance(len(chunk))
    return is_continued
