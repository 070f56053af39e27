"""What is known of every run while a workflow trains, and the table that shows it."""

import glob
import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from engine.errors import UserError
from engine.files import read_json

RUN_LIST = "logs/runs.json"
# In the order in which they are shown where there is no room for all runs.
STATES = ("running", "silent", "failed", "interrupted", "waiting", "done")
# A training writes its progress every few seconds.
SILENT_SECONDS = 60
HEADER = ("data set", "model", "recipe", "seed", "state", "step", "loss", "images/s", "left", "")
TO_THE_RIGHT = {"seed", "step", "loss", "images/s", "left"}
SHORTEST_NAME = 8


@dataclass(frozen=True)
class Sign:
    """A file about a training: when it was written, in seconds, and its JSON object."""

    at: float
    content: dict


@dataclass(frozen=True)
class WatchedRun:
    """One run as it is now. state: of STATES; note: why, in words; progress: a dict, or empty."""

    dataset: str
    model: str
    recipe: str
    seed: int
    state: str
    note: str
    progress: dict


def watched_runs(results, dataset, now):
    """The WatchedRun of every run that the workflow lists, in its order.

    results: folder; dataset: name, or None for all that have a list; now: seconds of the epoch.
    Raises UserError where there is no list.
    """
    pattern = glob.escape(dataset) if dataset else "*"
    lists = sorted(Path(results).glob(f"{pattern}/{RUN_LIST}"))
    if not lists:
        raise UserError(
            f"expected a list of runs at {Path(results) / (dataset or '<dataset>') / RUN_LIST}, "
            "found none; it is written when snakemake starts to make something"
        )
    return [run for path in lists for run in _runs_of_list(path, now)]


def _runs_of_list(path, now):
    listed, folder = read_json(path), path.parents[1]
    for run in listed["runs"]:
        name = Path(run["model"], run["recipe"], f"seed-{run['seed']}")
        record = _read_sign(folder / "records/train" / f"{name}.json", "outputs")
        failure = _read_sign(folder / "failures" / f"{name}.json", "diverged")
        progress = _read_sign(folder / "live" / name / "progress.json", "state")
        since = listed["since"] if run["stale"] else None
        state, note = state_of(record, failure, progress, since, now)
        yield WatchedRun(
            dataset=folder.name,
            model=run["model"],
            recipe=run["recipe"],
            seed=run["seed"],
            state=state,
            note=note,
            progress=progress.content if progress and state != "waiting" else {},
        )


def _read_sign(path, key):
    """The Sign of a JSON object that has `key`; None where the file is missing or another."""
    try:
        at = path.stat().st_mtime
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return Sign(at, content) if isinstance(content, dict) and key in content else None


def state_of(record, failure, progress, since, now):
    """The state of a run, of STATES, and a note on it; what was written last decides.

    record: Sign of a training that ended well; failure: of one whose loss was not finite; progress:
    of one that runs or ran; each None where there is none. since: when the workflow began that is
    to train the run again, None where it is not; now: seconds.
    """
    signs = [sign for sign in (record, failure, progress) if sign]
    last = max(signs, key=lambda sign: sign.at, default=None)
    if last is None or (since is not None and last.at < since):
        return "waiting", ""
    reason = (progress.content.get("reason") if progress else None) or ""
    if last is failure:
        loss, step = failure.content["diverged"]["loss"], failure.content["diverged"]["step"]
        return "failed", reason or f"the loss became {loss} at step {step}"
    if last is record:
        return "done", ""
    age, state = now - last.at, last.content["state"]
    if state == "running" and age > SILENT_SECONDS:
        return "silent", f"no sign for {age // 60:.0f} min"
    if state == "done" and record is None:
        # The results are written after the last step, the record after them.
        return ("running", "writes its results") if age <= SILENT_SECONDS else ("waiting", "")
    return state, reason


def is_over(runs):
    """Whether nothing is left to watch: every WatchedRun is done or failed."""
    return all(run.state in ("done", "failed") for run in runs)


def table(runs, width=None, height=None):
    """Lines that show the runs: how many are in each state, then one each.

    runs: list of WatchedRun; width, height: of the terminal, in characters, None for no limit.
    Where there are too many, those that run come first and the last line counts those left out.
    """
    counts = Counter(run.state for run in runs)
    states = ", ".join(f"{counts[state]} {state}" for state in STATES if counts[state])
    plural = "" if len(runs) == 1 else "s"
    lines, n_left_out = [f"{len(runs)} run{plural}: {states}"], 0
    if height is not None and len(runs) + 2 > height:
        n_shown = max(0, height - 3)
        n_left_out = len(runs) - n_shown
        runs = sorted(runs, key=lambda run: STATES.index(run.state))[:n_shown]
    lines += _aligned([HEADER, *map(_cells, runs)], width)
    if n_left_out:
        lines.append(f"and {n_left_out} more")
    return [_cut(line, width) for line in lines[:height]]


def _aligned(rows, width):
    """The lines of rows as HEADER has them, in columns; long names give way where it is narrow."""
    if len({row[0] for row in rows[1:]}) <= 1:
        rows = [row[1:] for row in rows]
    widths = {column[0]: max(map(len, column)) for column in zip(*rows, strict=True)}
    if width is not None:
        excess = sum(widths.values()) - widths[""] + 2 * (len(widths) - 2) - width
        for name in ("recipe", "model"):
            given = max(0, min(excess, widths[name] - SHORTEST_NAME))
            widths[name] -= given
            excess -= given
    lines = []
    for row in rows:
        cells = [
            cell.rjust(n) if name in TO_THE_RIGHT else _cut(cell, n).ljust(n)
            for cell, (name, n) in zip(row, widths.items(), strict=True)
        ]
        # What has stopped has no speed, so there is more room for the reason.
        if row[-1] and not any(row[-3:-1]):
            del cells[-3:-1]
        lines.append("  ".join(cells).rstrip())
    return lines


def _cells(run):
    """The texts of a run's row, as many as HEADER has."""
    step = loss = speed = left = ""
    # A training that waited for a GPU when it was ended has told of no step.
    if "step" in run.progress:
        step = f"{run.progress['step']:,} of {run.progress['n_steps']:,}"
        loss = run.progress["loss"] or ""
    if run.state == "running":
        speed = f"{run.progress['images_per_second']:,.0f}"
        if run.progress["seconds_left"] is not None:
            left = _duration(run.progress["seconds_left"])
    note = " ".join(run.note.split())
    return (
        *(run.dataset, run.model, run.recipe, str(run.seed), run.state),
        *(step, loss, speed, left, note),
    )


def _duration(seconds):
    """As minutes and seconds, with hours where there are some."""
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes:02}:{seconds:02}"


def _cut(line, width):
    return line if width is None or len(line) <= width else line[: width - 1] + "…"
