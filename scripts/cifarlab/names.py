"""Names of a user's choice: each becomes a folder and a wildcard."""

from typing import Annotated

from pydantic import Field

from engine.settings import text_like

NAME_LENGTH = 64
NAME_PATTERN = r"[A-Za-z0-9][A-Za-z0-9_.-]*"
Name = text_like(
    NAME_PATTERN,
    "a name has letters from A to Z, digits, _, - and ., and starts with a letter or a digit",
    max_length=NAME_LENGTH,
)
Names = Annotated[list[Name], Field(min_length=1)]
