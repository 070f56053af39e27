"""What outputs are made from, written beside them: the definition, and the digests of the outputs.

A definition is a JSON object: `code`, digests by module; `settings`, values of the command's
arguments by name; `inputs`, digests by path; `read`, digests of what a user's code read besides, by
path. A record is a definition with `outputs`, digests by path.
"""

import json
import os
import time
from functools import cache
from pathlib import Path

from engine.code import code_digests
from engine.errors import UserError
from engine.files import file_digest, read_json
from engine.observed import CODE, FILES

# A file that was written a moment ago may be written again within the same tick of its clock.
SETTLED_SECONDS = 2


def definition(code, settings, inputs):
    """The definition of outputs that are about to be made, as a JSON object.

    code: Python files; settings: values by name, JSON text as what it stands for; inputs: paths.
    """
    return {
        "code": code_digests(code),
        "settings": {name: plain_value(value) for name, value in settings.items()},
        "inputs": made(inputs),
        "read": {},
    }


def completed(definition):
    """A definition with what was observed since it was taken: a user's code and what it read."""
    return {
        **definition,
        "code": dict(sorted({**CODE, **definition["code"]}.items())),
        "read": dict(sorted(FILES.items())),
    }


def made(paths):
    """Digests of files by path; UserError where one is missing."""
    try:
        return {str(path): file_digest(path) for path in paths}
    except FileNotFoundError as error:
        raise UserError(f"expected a file at {error.filename}, found none; make it first") from None


def plain_value(value):
    """A setting as JSON has it: paths as text, JSON objects in text as objects."""
    if isinstance(value, list | tuple):
        return [plain_value(item) for item in value]
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, str) and value.startswith("{"):
        return _from_json(value)
    return value


@cache  # many jobs have the same settings
def _from_json(text):
    try:
        return json.loads(text)
    except ValueError:  # a text that begins like an object
        return text


class Digests:
    """SHA-256 of files, and what code means, each computed once while the file is not written.

    path: JSON file that remembers them. A file is taken for unwritten where its number, size and
    times are the same; nobody can set the time of its last change, so a copy with the old time
    stamp is seen. Losing the file costs time only.
    """

    def __init__(self, path):
        self.path = Path(path)
        try:
            self.known = json.loads(self.path.read_text(encoding="utf-8"))
        except (OSError, ValueError):  # absent or damaged: it is only a memory
            self.known = {}
        self.is_changed = False

    def of(self, path):
        """Digest of a file, or None where it is not there."""
        path = str(path)
        state = _state(path)
        return state and self._once(path, state, lambda: _readable_digest(path))

    def of_code(self, path, reader, read):
        """What read() says of a Python file, a value of JSON, read once as `of` does.

        reader: text that says how it is read; what another reader said does not count.
        """
        state = _state(path)
        return self._once(f"code of {path}", [*state, reader], read) if state else read()

    def _once(self, key, state, compute):
        known = self.known.get(key)
        if known and known[:-1] == state:
            return known[-1]
        value = compute()
        if time.time_ns() - max(state[2:4]) > SETTLED_SECONDS * 1_000_000_000:
            self.known[key] = [*state, value]
            self.is_changed = True
        return value

    def save(self):
        """Write what is known; where that is not allowed, files are read again next time."""
        if self.is_changed and os.access(self.path.parent, os.W_OK):
            partial_path = self.path.with_name(f"{self.path.name}.{os.getpid()}.partial")
            partial_path.write_text(json.dumps(self.known), encoding="utf-8")
            partial_path.replace(self.path)


def _state(path):
    """What changes when a file is written: number, size, times; None where it is not there."""
    try:
        status = os.stat(path)
    except OSError:
        return None
    return [status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns]


def _readable_digest(path):
    try:
        return file_digest(path)
    except OSError as error:
        raise UserError(f"expected a readable file at {path}: {error.strerror}") from error


DEFINITION_KEYS = ("code", "settings", "inputs", "read")


def read_record(path, keys=(*DEFINITION_KEYS, "outputs")):
    """The record at `path` with these keys, or None where there is none that can be read."""
    try:
        record = read_json(path)
    except UserError:
        return None
    except OSError as error:
        raise UserError(
            f"expected a file that may be read at {path}, found: {error.strerror}; change its "
            "permissions"
        ) from error
    is_record = isinstance(record, dict) and all(isinstance(record.get(k), dict) for k in keys)
    return record if is_record else None
