"""Measuring what may fail: an empty value with its reason, and the job goes on."""

import traceback

from engine.errors import UserError

LONGEST_REASON = 200


def attempt(names, measure, *arguments):
    """`measure(*arguments)`, a dict of values, with the reasons why others are empty.

    names: keys of that dict. Where it raises, every name has None, and the reason, a line of text,
    in the dict "unmeasured"; the traceback goes to standard error.
    """
    try:
        return together(measure(*arguments))
    except (Exception, SystemExit) as error:  # a user's model can raise anything
        traceback.print_exc()
        return unmeasured(names, reason_of(error))


def unmeasured(names, reason):
    """None for every name, and the reason, as `attempt` returns it."""
    return {**dict.fromkeys(names), "unmeasured": dict.fromkeys(names, reason)}


def together(*parts):
    """Dicts, some as `attempt` returns them, as one."""
    reasons = {name: why for part in parts for name, why in part.get("unmeasured", {}).items()}
    values = {name: value for part in parts for name, value in part.items()}
    return {**values, "unmeasured": reasons}


def reason_of(error):
    """What an exception says, one short line without a full stop."""
    text = str(error)
    lines = [line.strip() for line in text.splitlines() if line.strip()] or [""]
    # TorchScript's messages hold a traceback, whose last line is the message.
    line = lines[-1 if "Traceback" in text else 0]
    if not isinstance(error, UserError):
        line = f"{type(error).__name__}: {line}"
    line = "".join(letter for letter in line if letter.isprintable()).rstrip(" :.")
    return line if len(line) <= LONGEST_REASON else f"{line[: LONGEST_REASON - 1]}…"
