"""Messages and sentences of the report, in no language yet."""

from dataclasses import dataclass


def N_(message):
    """Mark a message that is translated later, where it is shown."""
    return message


@dataclass(frozen=True)
class Cell:
    """A number of a table.

    anchor: of the cell; value: as it stands there; digits: after the point, or None for a large
    count, which gets the units of the language: 7.9 M.
    """

    anchor: str
    value: float
    digits: int | None


@dataclass(frozen=True)
class Term:
    """A word of the report's own, which is translated where it stands in a sentence."""

    message: str


@dataclass(frozen=True)
class Sentence:
    """message: with %(name)s for each of `values`: Cells, Terms, texts, numbers, lists of these.

    A text is a name or a number as it is to be read; an int gets separators.
    """

    message: str
    values: dict
