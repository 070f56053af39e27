"""Many runs: a dry run with nothing to do beside bare Snakemake; comparison, figures and report."""

import json
import shlex
import tempfile
from functools import partial
from pathlib import Path

from benches.dag import SEED_0, configuration, copy_runs, make_bare, measured_run
from benches.jobs import SmallWorkflow
from benches.measuring import MEGABYTE, BenchError, by_turns, ratios_of, run, say, spread_of
from benches.page import Point, goal, pairs_of, spread, table

GOAL = 1.2
SIZES = (10, 100, 1_000)
MOST_RUNS = 5_000
# A pair of dry runs takes a minute then.
PAIRS_OF_THE_MOST = 3
CONFIGURATION = "--configuration"


def measure(options, sizes=SIZES, n_pairs=None):
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        for n_runs in sizes:
            say(f"many runs: {n_runs:,} copies of one run")
            workflow = SmallWorkflow(folder / f"project-{n_runs}")
            copy_runs(workflow.project, n_runs)
            workflow.project.configure(of_runs(workflow.values, n_runs))
            make_bare(folder / f"bare-{n_runs}", n_runs)
            dry = dry_runs(workflow.folder, folder / f"bare-{n_runs}", n_pairs or options.pairs)
            found[n_runs] = {**dry, "jobs": jobs_of(workflow, n_runs)}
    return {"sizes": found}


def of_runs(values, n_runs):
    """The configuration of the copied run, with so many seeds."""
    return {**values, "runs": configuration(n_runs)["runs"]}


def dry_runs(ours, bare, n_pairs):
    """(seconds, MB) of dry runs with nothing to do, by turns, for each side."""
    configured = ("--configfile", "small.yaml")
    try:
        # Reads every file once and keeps the digests, which a dry run does not.
        measured_run(ours, *configured)
        return by_turns(
            "dry run, (s, MB)",
            n_pairs,
            ours=lambda: measured_run(ours, "--dry-run", *configured),
            bare=lambda: measured_run(bare, "--dry-run"),
        )
    except SystemExit as error:
        raise BenchError(str(error.code).replace("\n", " ")[:500]) from error


def jobs_of(workflow, n_runs):
    """What comparison, figures and report take, or the line with which they fail, by name."""
    names = ["compare", *(n for n in workflow.commands if n.startswith("figure ")), "report"]
    found = {}
    for name in names:
        words = with_all_runs(shlex.split(workflow.commands[name]), n_runs)
        try:
            job = run(["env", *workflow.path(), *words], workflow.folder)
        except (BenchError, OSError) as error:
            found[name] = {"error": str(error)}
        else:
            found[name] = {"seconds": job.seconds, "mb": job.peak_mb}
        say(f"many runs: {n_runs:,}: {name} {found[name]}")
    report = max(workflow.folder.glob("results/*/report/*.html"), key=lambda p: p.stat().st_size)
    return {**found, "report": {**found["report"], "page_mb": report.stat().st_size / MEGABYTE}}


def with_all_runs(words, n_runs):
    """The words of a job of one run as those of a job of all its copies."""
    result = []
    for word in words:
        if word.startswith("results/") and word.endswith(f"/{SEED_0}"):
            result += [word.replace(SEED_0, f"seed-{seed}") for seed in range(n_runs)]
        elif result and result[-1] == CONFIGURATION:
            settings = json.loads(word)
            settings["runs"][0]["seeds"] = list(range(n_runs))
            result.append(json.dumps(settings))
        else:
            result.append(word)
    return result


def lines(values):
    sizes = values["sizes"]
    dry = [dry_row(n_runs, found) for n_runs, found in sizes.items()]
    jobs = [job_row(n_runs, found["jobs"]) for n_runs, found in sizes.items()]
    titles = ("runs", "this project, s", "bare Snakemake, s", "ratio", "goal", "MB", "bare, MB")
    of_jobs = ("comparison, s", "MB", "slowest figure, s", "MB", "report, s", "MB", "page, MB")
    pairs = min(len(found["ours"]) for found in sizes.values())
    return [
        "A dry run with nothing to do, beside a bare workflow of the same rules and files, with "
        "`touch` for commands, and neither parameters nor records (`make bench-dag`). "
        f"{pairs_of(pairs)}.",
        "",
        *table(titles, dry),
        "",
        "The jobs that read all runs, each once, with the peak memory of its process:",
        "",
        *table(("runs", *of_jobs), jobs),
        "",
        "All runs are copies of one of a few steps under other seeds, so a run's own files are as "
        "small as they can be, and all runs are one row of the comparison.",
        *failures(sizes),
    ]


def dry_row(n_runs, found):
    own, bare = ([*zip(*found[side], strict=True)] for side in ("ours", "bare"))
    ratio = ratios_of(own[0], bare[0])
    seconds = [f"{spread_of(side[0]).median:.2f}" for side in (own, bare)]
    megabytes = [f"{spread_of(side[1]).median:,.0f}" for side in (own, bare)]
    met = goal(ratio.median, GOAL, at_least=False)
    return (f"{int(n_runs):,}", *seconds, spread(ratio), met, *megabytes)


def job_row(n_runs, jobs):
    figures = [job for name, job in jobs.items() if name.startswith("figure ")]
    slowest = max(figures, key=lambda job: job.get("seconds", float("inf")))
    cells = []
    for job in (jobs["compare"], slowest, jobs["report"]):
        known = "seconds" in job
        cells += [f"{job['seconds']:.2f}", f"{job['mb']:,.0f}"] if known else ["failed", ""]
    return (f"{int(n_runs):,}", *cells, f"{jobs['report']['page_mb']:.2f}")


def failures(sizes):
    """Lines on the jobs that failed, the smallest size first."""
    found = [
        f"- {name} fails at {int(n_runs):,} runs: {job['error']}"
        for n_runs, one in sizes.items()
        for name, job in one["jobs"].items()
        if "error" in job
    ]
    return ["", *(found or ["Nothing failed at these sizes."])]


POINTS = [
    Point("many_runs", "Many runs", measure, lines),
    Point(
        "most_runs",
        f"{MOST_RUNS:,} runs",
        partial(measure, sizes=(MOST_RUNS,), n_pairs=PAIRS_OF_THE_MOST),
        lines,
        by_default=False,
    ),
]
