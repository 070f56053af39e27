"""docs/performance.md from the JSON files that the points left."""

from collections.abc import Callable
from dataclasses import dataclass

INTRODUCTION = """# Performance

This page is written by `make bench`; do not edit it. Both numbers of a ratio were measured one
after the other on one machine, so a ratio says more than seconds and rates, which are those of
that machine alone. Of several pairs, the median ratio is given, with the lowest and the highest. A
goal is a limit that this project set itself; "missed" says that the value does not reach it."""
# Of all cores; from here on the other work is said.
BUSY = 0.1


@dataclass(frozen=True)
class Point:
    """Something that is measured.

    measure(options): returns what is kept, a JSON object; lines(values): the page's lines on it;
    by_default: whether it is measured where no point is named.
    """

    name: str
    title: str
    measure: Callable
    lines: Callable
    by_default: bool = True


def table(titles, rows):
    """Lines of a Markdown table; the first column is text."""
    return [
        f"| {' | '.join(titles)} |",
        "|---|" + "---:|" * (len(titles) - 1),
        *(f"| {' | '.join(map(str, row))} |" for row in rows),
    ]


def pairs_of(count):
    """How many pairs were measured, as the beginning of a sentence."""
    return f"{count} pair{'s' * (count > 1)} by turns"


def spread(value, digits=2):
    """A Spread as text."""
    if value.count == 1:
        return f"{value.median:,.{digits}f}"
    low, high = f"{value.lowest:,.{digits}f}", f"{value.highest:,.{digits}f}"
    return f"{value.median:,.{digits}f} ({low} to {high})"


def goal(value, limit, at_least=True, unit=""):
    """A goal, and whether a value meets it."""
    is_met = value >= limit if at_least else value <= limit
    words = f"at {'least' if at_least else 'most'} {limit:,}{unit and ' '}{unit}"
    return f"{words}: {'met' if is_met else 'missed'}"


def machine_of(facts):
    """A machine as one sentence."""
    versions = ", ".join(f"{name} {number}" for name, number in facts["versions"].items())
    return (
        f"{facts['cpu']}, {facts['cores']} cores, {facts['memory_gb']:.0f} GB of memory, "
        f"{facts['system']}; {versions}."
    )


def commit_of(source):
    """A state of the project's source as text. source: as `source_state` gives it."""
    if source is None:
        return "an unknown commit"
    changed = " with changes that are not committed" if source["dirty"] else ""
    return f"commit {source['commit'][:10]}{changed}"


def measured_with(facts, machine):
    """The line below a section: when, with which commit, on which machine if on another one."""
    line = f"Measured on {facts['measured_at'][:10]} with {commit_of(facts['source'])}"
    if facts["busy_share"] >= BUSY:
        line += (
            f"; other work took {100 * facts['busy_share']:.0f} % of the machine before it began"
        )
    if facts["machine"] != machine:
        line += f"; on another machine: {machine_of(facts['machine'])}"
    return line.removesuffix(".") + "."


def render(points, measured):
    """The page as text. points: Points in their order; measured: JSON objects by their names."""
    known = [point for point in points if point.name in measured]
    lines = [INTRODUCTION, ""]
    machine = None
    if known:
        newest = max((measured[point.name] for point in known), key=lambda m: m["measured_at"])
        machine = newest["machine"]
        lines += [f"The machine: {machine_of(machine)}", ""]
    for point in known:
        facts = measured[point.name]
        lines += [f"## {point.title}", "", *point.lines(facts["values"]), ""]
        lines += [measured_with(facts, machine), ""]
    if missing := [point.name for point in points if point.name not in measured]:
        names = ", ".join(f"`{name}`" for name in missing)
        lines += [f"Not measured yet: {names}; `make bench POINTS=...` takes their names.", ""]
    return "\n".join(lines).rstrip() + "\n"
