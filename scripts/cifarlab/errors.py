"""The fault of a user's input, and how a command ends on it."""

import sys


class UserError(Exception):
    """One sentence for the user: what was expected, what was found, what to do."""


def run_command(main):
    """Call `main()`; a UserError becomes one line on standard error and exit code 1.

    Every other exception keeps its traceback, because it is a bug.
    """
    try:
        main()
    except UserError as error:
        sys.exit(f"error: {error}")
