"""Measure how fast the project is, side by side with the usual way, and write docs/performance.md.

Each point keeps what it measured as JSON, and the page is written from all that are there, so that
points can be measured one after the other. The machine should have nothing else to do.
"""

import argparse
import sys
import time
from dataclasses import dataclass
from pathlib import Path

# Before the folder of this file, which has programs of the same names as scripts/.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts"))

from benches.images import prepare
from benches.measuring import ROOT, BenchError, busy_share, keep, kept, say
from benches.page import BUSY, render
from benches.points import (
    comparison,
    inputs,
    jobs,
    many_runs,
    memory,
    step,
    together,
    training,
)

from engine.provenance import source_state

POINTS = {
    point.name: point
    for module in (training, step, inputs, together, memory, jobs, comparison, many_runs)
    for point in module.POINTS
}
PAIRS = 7


@dataclass(frozen=True)
class Options:
    """pairs: how often each side is measured; folder: Path of what is kept."""

    pairs: int
    folder: Path

    def images(self):
        """The BenchImages, which are made when a point asks for them first."""
        return prepare(self.folder / "images")


def measure(point, options):
    """Measure a point and keep it; returns the error that prevented it as text, or None."""
    busy = busy_share()
    say(f"{point.name}: {point.title}")
    if busy >= BUSY:
        say(f"warning: something else uses {100 * busy:.0f} % of this machine; the page says so")
    started = time.perf_counter()
    try:
        values = point.measure(options)
    except BenchError as error:
        return str(error)
    seconds = time.perf_counter() - started
    facts = {"source": source_state(), "busy_share": busy, "seconds": seconds}
    path = keep(options.folder, point.name, values, **facts)
    say(f"{point.name}: {seconds:.0f} s, kept in {path}")
    return None


def argument_parser():
    texts = [
        f"  {point.name}: {point.title}{'' if point.by_default else ' (only when it is named)'}"
        for point in POINTS.values()
    ]
    parser = argparse.ArgumentParser(
        description=__doc__,
        epilog="points:\n" + "\n".join(texts),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("points", nargs="*", metavar="POINT", help="those to measure (default: see below)")
    add("--pairs", type=int, default=PAIRS, help="of each comparison (default: %(default)s)")
    add("--results", type=Path, default=ROOT / "results/bench", help="folder of the JSON files")
    add("--page", type=Path, default=ROOT / "docs/performance.md", help="Markdown file to write")
    add("--page-only", action="store_true", help="measure nothing, write the page")
    return parser


def main(arguments):
    """Measure what was asked for; returns the exit status."""
    if unknown := sorted(set(arguments.points) - set(POINTS)):
        say(f"error: expected points of {', '.join(POINTS)}; found {', '.join(unknown)}")
        return 2
    if arguments.pairs < 1:
        say(f"error: expected at least 1 pair, found --pairs {arguments.pairs}")
        return 2
    names = arguments.points or [name for name, point in POINTS.items() if point.by_default]
    options = Options(arguments.pairs, arguments.results)
    failed = False
    for name in [] if arguments.page_only else names:
        if error := measure(POINTS[name], options):
            failed = True
            say(f"error: {name} was not measured: {error}")
    arguments.page.write_text(render(POINTS.values(), kept(arguments.results)), encoding="utf-8")
    say(f"written: {arguments.page}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(argument_parser().parse_args()))
