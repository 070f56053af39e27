"""The fault of a user's input."""


class UserError(Exception):
    """One sentence for the user: what was expected, what was found, what to do."""
