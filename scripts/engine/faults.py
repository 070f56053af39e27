"""What a line that a person reads says of a fault: where it lies, in few words."""

import os
import traceback

from engine.observed import LIBRARIES

MOST_LETTERS = 300


def one_line(value):
    """The text of an error, or of anything else, on one line, the end left out if it is long."""
    text = " ".join(str(value).split())
    return text if len(text) <= MOST_LETTERS else f"{text[:MOST_LETTERS]} …"


def place_of(error):
    """ "file.py, line 3": where an exception came from, in code of the user's if it passed there.

    That is the deepest frame outside the installed libraries and this project's packages, else the
    deepest of all. A SyntaxError lies where it says itself.
    """
    if isinstance(error, SyntaxError) and error.filename and error.lineno:
        return shown(error.filename, error.lineno)
    frames = [f for f in traceback.extract_tb(error.__traceback__) if f.filename[:1] != "<"]
    own = [frame for frame in frames if not os.path.realpath(frame.filename).startswith(LIBRARIES)]
    frame = [*frames, *own][-1]
    return shown(frame.filename, frame.lineno)


def shown(path, line):
    """ "file.py, line 3", with a path that lies in the working folder from there."""
    inside = os.path.relpath(path)
    return f"{path if inside.startswith('..') else inside}, line {line}"
