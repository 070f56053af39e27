"""What ends a command early and is no bug."""

# EX_TEMPFAIL of sysexits.h: not done yet, try again.
EXIT_INTERRUPTED = 75


class UserError(Exception):
    """One sentence for the user: what was expected, what was found, what to do."""


class Interrupted(Exception):
    """A signal asked for an end: one sentence that says where, and what was kept."""
