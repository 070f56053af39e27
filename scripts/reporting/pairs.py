"""Pairs of rows, as the comparison tells them apart."""

from dataclasses import dataclass

from reporting.rows import Row


@dataclass(frozen=True)
class Pair:
    """Two rows and their line of pairwise.csv, a dict. number: of the line, from 0."""

    number: int
    first: Row
    other: Row
    line: dict

    @property
    def better(self):
        """The row that is more accurate, or None where it cannot be told."""
        return {"better": self.first, "worse": self.other}.get(self.line["answer"])

    @property
    def by_accuracy(self):
        """The two rows, the more accurate first."""
        return sorted((self.first, self.other), key=lambda row: -row.accuracy)

    def cell(self, column):
        """The anchor of a cell of its line in the report."""
        return f"pair-{self.number}-{column}"

    def seen_from(self, row):
        """(difference, low, high) in points, of this row minus the other."""
        names = ("difference_points", "low_points", "high_points")
        difference, low, high = (self.line[name] for name in names)
        return (difference, low, high) if row is self.first else (-difference, -high, -low)


def pairs_of(rows, lines):
    """The Pairs of Rows. lines: of pairwise.csv, dicts."""
    by_key = {row.key: row for row in rows}
    return [
        Pair(
            number,
            by_key[line["model"], line["recipe"]],
            by_key[line["other_model"], line["other_recipe"]],
            line,
        )
        for number, line in enumerate(lines)
    ]
