"""What a section of the report is built of, for both kinds of page.

Texts are ready for their page, as PageText makes them; the templates lay the blocks out.
"""

from collections.abc import Callable
from dataclasses import dataclass, field


class Block:
    @property
    def kind(self):
        """Name of the macro that lays it out."""
        return type(self).__name__.lower()


@dataclass(frozen=True)
class Paragraph(Block):
    """style: quiet or source, or none."""

    text: str
    style: str = ""


@dataclass(frozen=True)
class Group(Block):
    """Blocks under a heading of their own, which others may lead to."""

    title: str
    blocks: list
    anchor: str = ""


@dataclass(frozen=True)
class Folded(Block):
    """What the report says of one row of the comparison, which a page folds away at first.

    note: beside the title; row: number of the row.
    """

    title: str
    note: str
    blocks: list
    anchor: str
    row: int


@dataclass(frozen=True)
class Listing(Block):
    items: list[str]
    title: str = ""


@dataclass(frozen=True)
class Warnings(Block):
    items: list[str]


@dataclass(frozen=True)
class Pairs(Block):
    """(name, value), one below the other; is_numbers: whether the values are."""

    pairs: list
    title: str = ""
    is_numbers: bool = False


@dataclass(frozen=True)
class Columns(Block):
    """Blocks side by side, where there is room."""

    blocks: list


@dataclass(frozen=True)
class SideBySide(Block):
    """Pictures beside each other, where there is room."""

    blocks: list


@dataclass(frozen=True)
class Field:
    """A cell of a table. attributes: of its HTML element; is_number: whether it stands right."""

    text: str
    is_number: bool = False
    attributes: dict = field(default_factory=dict)


@dataclass(frozen=True)
class Table(Block):
    """head: Fields; rows: lists of Fields, the first of which names its row.

    label: what it is, for those who cannot see it; title: shown above it on the page; style, id: of
    the HTML element; left_out: numbers of the columns that Markdown does not have; at_once: how
    many columns Markdown shows beside the first `repeated`, which stand before each part; of_rows:
    number of the row of the comparison, numbers of several, or None, that each of `rows` is of.
    """

    head: list[Field]
    rows: list
    label: str
    title: str = ""
    style: str = ""
    id: str = ""
    left_out: tuple = ()
    at_once: int | None = None
    repeated: int = 1
    of_rows: tuple = ()

    @property
    def parts(self):
        """Numbers of the columns of each part in Markdown."""
        columns = range(self.repeated, len(self.head))
        further = [number for number in columns if number not in self.left_out]
        size = self.at_once or max(1, len(further))
        starts = range(0, max(1, len(further)), size)
        return [[*range(self.repeated), *further[start : start + size]] for start in starts]


@dataclass(frozen=True)
class Chart:
    """A drawing to point at and zoom, which replaces a picture where scripts run.

    options: (value, text) of what it may be drawn over.
    """

    name: str
    label: str
    options: list
    chosen: str


@dataclass(frozen=True)
class Picture(Block):
    """A figure by its label. description: for those who cannot see it; anchor: of the title;
    is_folded: whether it is in a Folded, and its drawing is made when the reader opens that.
    """

    label: str
    title: str
    description: str
    caption: str
    anchor: str = ""
    is_wide: bool = False
    is_folded: bool = False
    chart: Chart | None = None


@dataclass(frozen=True)
class Details(Block):
    """Blocks that are folded away at first.

    id: of the HTML element; is_printed: whether paper has them too, as they are folded away for
    their height on a screen alone.
    """

    summary: str
    blocks: list
    id: str = ""
    is_printed: bool = False


@dataclass(frozen=True)
class Code(Block):
    """Text in a monospaced font. language: as Markdown names it.

    copied_as: where it may be copied, and saved if this is the name of a file.
    """

    text: str
    language: str = "text"
    copied_as: str = ""


@dataclass(frozen=True)
class Answers(Block):
    """(answer, its word, question, evidence); answer: yes, no or unknown."""

    answers: list


@dataclass(frozen=True)
class ViewControls(Block):
    """Filter, choice of columns and copies of the comparison's table: (name, title, is shown)."""

    columns: list


@dataclass(frozen=True)
class FoldControls(Block):
    """Whether several of the Folded are open at once."""


@dataclass(frozen=True)
class PairControls(Block):
    """The choice of two rows to set side by side: (number, title)."""

    rows: list


@dataclass(frozen=True)
class Section:
    """A part of the report.

    anchor: which leads to it; title: a message; blocks: a function from a Content and a PageText;
    links: a function from a Content to (anchor, text) of parts that the table of contents names;
    is_shown: a function from a Content, by default where something met the test split.
    """

    anchor: str
    title: str
    blocks: Callable
    links: Callable = lambda _content: ()
    is_shown: Callable = lambda content: bool(content.rows)
