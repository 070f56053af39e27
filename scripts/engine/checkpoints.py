"""Checkpoints of a training: written completely, verified when read, the last two kept."""

import hashlib
import io
import os
import shutil
import signal
import socket
import sys
import time
from contextlib import suppress
from pathlib import Path

import torch

from engine.errors import UserError
from engine.files import new_files, writing
from engine.settings import canonical_json

KEPT = 2
SUFFIX = ".checkpoint"


class Checkpoints:
    """The checkpoints of one training, in a folder of its own.

    folder: Path, taken with `take_over`, so that one process uses it at a time; definition: a JSON
    object, all that the training's result follows from: what was kept for another one is never
    read; seconds, steps: a checkpoint is due after so many of either since the last one, or never
    where both are None. `write_seconds` is the time that writing took.
    """

    def __init__(self, folder, definition, seconds=None, steps=None):
        self.folder = Path(folder)
        self.define(definition)
        self.seconds, self.steps = seconds, steps
        self.last_seconds, self.last_step = time.monotonic(), 0
        self.write_seconds = 0.0
        # Nobody else writes here.
        for leftover in self.folder.glob(".*.partial"):
            leftover.unlink()

    def define(self, definition):
        """Say what the training's result follows from, a JSON object, before the first is read."""
        self.definition = hashlib.sha256(canonical_json(definition).encode()).hexdigest()
        return self

    def is_due(self, step):
        """Whether it is time to save, `step` steps having been taken."""
        if self.seconds is not None and time.monotonic() - self.last_seconds >= self.seconds:
            return True
        return self.steps is not None and step - self.last_step >= self.steps

    def save(self, step, state):
        """Keep `state` after `step` steps; returns whether that could be done.

        state: tensors, numbers and texts in dicts, lists and tuples. Where it cannot be written,
        that is said on standard error and the older ones stay: it is no reason to lose a training.
        """
        started = time.monotonic()
        buffer = io.BytesIO()
        torch.save({"definition": self.definition, "step": step, "state": state}, buffer)
        content = buffer.getbuffer()
        path = self.folder / f"step-{step:09d}{SUFFIX}"
        try:
            with new_files(path) as (partial_path,), open(partial_path, "wb") as file:
                file.write(hashlib.sha256(content).hexdigest().encode() + b"\n")
                file.write(content)
        except (UserError, OSError) as error:
            print(f"no checkpoint after step {step}, continuing: {error}", file=sys.stderr)
        for older in self._paths()[KEPT:]:
            older.unlink()
        self.last_seconds, self.last_step = time.monotonic(), step
        self.write_seconds += time.monotonic() - started
        return path.exists()

    def latest(self):
        """The state that was saved last and is complete, or None; says which ones it skips."""
        for path in self._paths():
            checkpoint, fault = _read(path)
            if checkpoint and checkpoint["definition"] != self.definition:
                fault = "it belongs to another training"
            if not fault:
                self.last_step = checkpoint["step"]
                return checkpoint["state"]
            print(f"checkpoint {path} is not used: {fault}", file=sys.stderr)
            path.unlink()
        return None

    def clear(self):
        """Remove all checkpoints, and the folder where the file system lets it go.

        NFS keeps files that are open, such as the one by which this process owns the folder.
        """
        for path in self._paths():
            path.unlink()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _paths(self):
        """Newest first."""
        return sorted(self.folder.glob(f"*{SUFFIX}"), reverse=True)


def _read(path):
    """(checkpoint, None) or (None, what is wrong with the file)."""
    checksum, _, content = path.read_bytes().partition(b"\n")
    if hashlib.sha256(content).hexdigest().encode() != checksum:
        return None, "it is damaged, its checksum differs"
    # Only plain values and tensors: a pickle of anything else could run code.
    return torch.load(io.BytesIO(content), map_location="cpu", weights_only=True), None


def take_over(folder):
    """Make `folder` this process's alone as long as it lives; returns the file that it must keep.

    Another process that holds it is one whose workflow was killed. On this host it is asked to
    end, which it does after a checkpoint; on another one it is waited for.
    """
    folder = Path(folder)
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        file = open(folder / "lock", "a+", encoding="utf-8")  # noqa: SIM115
    try:
        import fcntl
    except ImportError:  # Windows; there nothing keeps two processes apart
        return file
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.seek(0)
        host, _, process = file.read().strip().rpartition(" ")
        print(f"process {process} on {host} still trains this run", file=sys.stderr, flush=True)
        if host == socket.gethostname():
            with suppress(ProcessLookupError):
                os.kill(int(process), signal.SIGTERM)
        fcntl.flock(file, fcntl.LOCK_EX)
    except OSError as error:  # a file system without locks
        warning = f"warning: nothing keeps two processes from {folder} ({error.strerror})"
        print(warning, file=sys.stderr)
        return file
    file.seek(0)
    file.truncate()
    file.write(f"{socket.gethostname()} {os.getpid()}\n")
    file.flush()
    return file
