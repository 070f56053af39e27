"""How a bench measures: fresh processes by turns, medians of ratios, a JSON file for each point."""

import json
import os
import platform
import re
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from project import ROOT

BENCHES = Path(__file__).resolve().parent
MEGABYTE = 1e6
# Of what does the work that is measured.
PACKAGES = ("torch", "torchvision", "numpy", "pillow", "snakemake")


class BenchError(Exception):
    """What kept a point from being measured, as one line."""


@dataclass(frozen=True)
class Finished:
    """A process that ended well: its seconds, its peak memory in MB (VmHWM), what it printed."""

    seconds: float
    peak_mb: float
    output: str


@dataclass(frozen=True)
class Started:
    """A process that runs, since when, and where its output goes; `finish` waits for it."""

    words: list
    process: subprocess.Popen
    began: float
    output: object

    def finish(self):
        """The Finished process. Raises BenchError where it failed."""
        _, status, usage = os.wait4(self.process.pid, 0)
        seconds = time.perf_counter() - self.began
        # It was waited for here, so Popen must not look for it again.
        self.process.returncode = os.waitstatus_to_exitcode(status)
        with self.output:
            self.output.seek(0)
            text = self.output.read()
        if status:
            raise BenchError(
                f"{name_of(self.words)} ended with status {self.process.returncode}: "
                f"{last_line(text)}"
            )
        return Finished(seconds, usage.ru_maxrss * 1024 / MEGABYTE, text)


def start(words, folder=ROOT, environment=None):
    """Start a program in a folder; returns a Started. environment: what is added to this one."""
    words = [str(word) for word in words]
    # Closed by `finish`.
    output = tempfile.TemporaryFile("w+")  # noqa: SIM115
    began = time.perf_counter()
    process = subprocess.Popen(
        words,
        cwd=folder,
        env={**os.environ, **(environment or {})},
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output,
    )
    return Started(words, process, began, output)


def run(words, folder=ROOT, environment=None):
    """Run a program in a fresh process to its end; returns a Finished, or raises BenchError."""
    return start(words, folder, environment).finish()


def run_bench(name, *arguments):
    """Run a program of this folder in a fresh process; returns the JSON object of its last line."""
    words = [sys.executable, BENCHES / name, *arguments]
    text = run(words).output
    try:
        return json.loads(last_line(text))
    except ValueError as error:
        raise BenchError(f"{name}: expected JSON, found {last_line(text)!r}") from error


def name_of(words):
    """The program that a command runs, as one would say it."""
    return next((Path(word).name for word in words if word.endswith(".py")), Path(words[0]).name)


def last_line(text):
    lines = [line for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "it printed nothing"


def say(text):
    """A line of progress."""
    print(text, file=sys.stderr, flush=True)


def by_turns(title, n_pairs, **sides):
    """Call two or more functions by turns; returns a list of results for each, by name.

    The order is reversed in every other round, so that what drifts does not favour a side.
    """
    results = {name: [] for name in sides}
    for number in range(n_pairs):
        for name in [*sides] if number % 2 == 0 else [*reversed(sides)]:
            results[name].append(sides[name]())
        said = ", ".join(f"{name} {shown(values[-1])}" for name, values in results.items())
        say(f"{title}: {number + 1} of {n_pairs}: {said}")
    return results


def shown(value):
    if isinstance(value, tuple):
        return f"({', '.join(map(shown, value))})"
    return f"{value:,.4g}" if isinstance(value, float) else str(value)


@dataclass(frozen=True)
class Spread:
    """Median, lowest and highest of some numbers, and how many they were."""

    median: float
    lowest: float
    highest: float
    count: int


def spread_of(values):
    """The Spread of some numbers. Raises BenchError where there are none."""
    if not values:
        raise BenchError("expected measurements, found none")
    return Spread(statistics.median(values), min(values), max(values), len(values))


def ratios_of(numerators, denominators):
    """The Spread of the ratios of pairs: each number over its own neighbour in time."""
    pairs = zip(numerators, denominators, strict=True)
    return spread_of([numerator / denominator for numerator, denominator in pairs])


def n_cores():
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0))


def busy_share(seconds=1.0):
    """Share of all cores that something else uses just now, in [0, 1]."""
    before = Path("/proc/stat").read_text()
    time.sleep(seconds)
    return busy_between(before, Path("/proc/stat").read_text())


def busy_between(*texts):
    """Share of all cores that was in use between two readings of /proc/stat, in [0, 1]."""
    before, after = ([int(word) for word in text.split("\n")[0].split()[1:9]] for text in texts)
    passed = [now - then for then, now in zip(before, after, strict=True)]
    # The fourth and the fifth are idle, and waiting for a disk.
    return 1 - (passed[3] + passed[4]) / max(sum(passed), 1)


def describe_machine():
    """CPU, cores, memory and versions, a JSON object."""
    found = re.search(r"^model name\s*: (.*)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "cpu": found[1] if found else platform.processor() or platform.machine(),
        "cores": n_cores(),
        "memory_gb": round(memory / 1e9, 1),
        "system": f"{platform.system()} {platform.machine()}",
        "versions": {
            "python": platform.python_version(),
            **{name: version(name) for name in PACKAGES},
        },
    }


def keep(folder, point, values, **facts):
    """Write what was measured of a point as JSON, whole or not at all; returns the Path."""
    path = Path(folder) / f"{point}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    content = {
        "point": point,
        "measured_at": datetime.now(UTC).isoformat(timespec="minutes"),
        "machine": describe_machine(),
        **facts,
        "values": values,
    }
    partial = path.with_suffix(".partial")
    partial.write_text(json.dumps(content, indent=1) + "\n")
    partial.replace(path)
    return path


def kept(folder):
    """What was measured, by point: the JSON objects that `keep` wrote."""
    paths = sorted(Path(folder).glob("*.json"))
    return {path.stem: json.loads(path.read_text()) for path in paths}
