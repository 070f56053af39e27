"""What the campaign counts: steps that were lost, faults that were survived."""

import itertools
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

# Of everything that is waited for: far longer than it takes on a busy machine.
PATIENCE_SECONDS = 180
POLL_SECONDS = 0.005


class NotSurvived(Exception):
    """One sentence: what was expected after a fault, what was found."""


def expect(condition, complaint):
    if not condition:
        raise NotSurvived(complaint)


def wait_until(condition, what):
    """The first true value of `condition()`; NotSurvived if it does not come."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        if value := condition():
            return value
        time.sleep(POLL_SECONDS)
    raise NotSurvived(f"waited {PATIENCE_SECONDS} s for {what}")


@dataclass(frozen=True)
class Part:
    """What one process of a training did, in the words of counted_train.py."""

    folder: Path
    process: int
    start: int
    begun: int

    @property
    def end(self):
        return self.start + self.begun

    def is_running(self):
        """Whether the process is there, and not another one that was given its number since."""
        try:
            environment = Path(f"/proc/{self.process}/environ").read_bytes()
        except OSError:
            return False
        # Of one that has ended and that no parent has taken note of, it is empty.
        return f"COUNTS={self.folder}".encode() in environment.split(b"\0")


def read_parts(folder):
    """The Parts whose files lie in a folder, in their order."""
    return [
        Part(folder, int(path.name.partition("-")[2]), *map(int, words))
        for path in sorted(folder.iterdir())
        # Empty: made, but not written to yet.
        if (words := path.read_text().split())
    ]


def steps_lost(parts):
    """The most steps that any of the processes began and the next one had to take again."""
    pairs = itertools.pairwise(parts)
    return max((part.end - following.start for part, following in pairs), default=0)


def differing(folder, undisturbed, names):
    """Those of the files `names` of one folder that are missing or other than in `undisturbed`."""
    return [
        name
        for name in names
        if not (folder / name).exists()
        or (folder / name).read_bytes() != (undisturbed / name).read_bytes()
    ]


@dataclass(frozen=True)
class Fault:
    """What can befall a run.

    name: as the table says it; limit: of the steps that one injection may lose; to_a_run: how many
    are injected into one run at most; inject(run, chance, count): injects up to `count` of them,
    with random numbers of `chance`, counts them in `run.injected` and brings the run to its end.
    """

    name: str
    inject: Callable
    limit: int
    to_a_run: int = 1


@dataclass
class Row:
    """What became of the runs that a fault befell; complaints: a sentence for each that failed."""

    fault: Fault
    injected: int = 0
    survived: int = 0
    equal: int = 0
    lost: int = 0
    complaints: list[str] = field(default_factory=list)

    def disturb(self, run, chance, count):
        """Inject the fault into one run, and count what became of it."""
        try:
            self.fault.inject(run, chance, count)
            leftovers = [path.name for path in run.folder.rglob(".*.partial")]
            expect(not leftovers, f"left behind: {', '.join(leftovers)}")
            self.survived += run.injected
            files = run.differing_files()
            expect(not files, f"missing or of other bytes: {', '.join(files)}")
            self.equal += run.injected
        except NotSurvived as complaint:
            self.complaints.append(f"{run.folder.name}: {complaint}")
        finally:
            run.abandon()
        self.injected += run.injected
        self.lost = max(self.lost, run.steps_lost())
        if self.lost > self.fault.limit:
            self.complaints.append(f"{run.folder.name}: lost {self.lost} steps")
        if not self.complaints:
            shutil.rmtree(run.folder)

    def cells(self):
        lost = f"{self.lost} (limit {self.fault.limit})"
        return [self.fault.name, self.injected, self.survived, self.equal, lost]


def befall(fault, lab, chance, times):
    """The Row of a fault that is injected so many times into runs of `lab`."""
    row = Row(fault)
    # A run that ends before it is disturbed is followed by another one, but not for ever.
    for _ in range(10 + 3 * times):
        if row.injected >= times or row.complaints:
            return row
        row.disturb(lab.new_run(chance), chance, min(fault.to_a_run, times - row.injected))
    row.complaints.append(f"injected {row.injected} times, not {times}: the runs ended before")
    return row
