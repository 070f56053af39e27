"""What a job costs beside its work; the whole demo; nine runs against nine plain scripts."""

import re
import sys
import tempfile
import time
from pathlib import Path

from benches.images import real_source
from benches.jobs import SmallWorkflow
from benches.measuring import by_turns, n_cores, run, say, spread_of
from benches.page import Point, goal, spread, table
from benches.points.training import BLOCKS, plain
from project import copy_project

GOAL_OVERHEAD_SECONDS = 1.5
GOAL_DEMO_SECONDS = 150
GOAL_SCRATCH = 3
# In the order in which they need each other's outputs; one figure stands for all.
JOBS = ("data", "rehearse", "train", "evaluate", "metrics", "cost", "compare")
FIGURE = "figure accuracy"
JOBS = (*JOBS, FIGURE, "report")
TORCH = "import torch"
# What scripts/cost.py says.
MEASURED = re.compile(r"^speed was measured for ([\d.]+) s$", re.MULTILINE)
IMPORTS_TORCH = re.compile(r"\| +torch$", re.MULTILINE)
SEEDS_OF_SCRATCH = 3


def measure(options):
    with tempfile.TemporaryDirectory() as folder:
        say("jobs: a small workflow, whose jobs are run again")
        workflow = SmallWorkflow(Path(folder) / "project")
        # Python prints what it imports; that run also warms up.
        imports = {"PYTHONPROFILEIMPORTTIME": "1"}
        with_torch = [
            name for name in JOBS if IMPORTS_TORCH.search(workflow.run(name, imports).output)
        ]
        sides = {name: lambda n=name: seconds_of(workflow.run(n)) for name in JOBS}
        sides[TORCH] = lambda: seconds_of(run([sys.executable, "-c", TORCH]))
        results = by_turns("jobs, s and of them measuring", options.pairs, **sides)
    seconds = {name: [both[0] for both in rounds] for name, rounds in results.items()}
    measuring = {name: [both[1] for both in rounds] for name, rounds in results.items()}
    return {"seconds": seconds, "measuring": measuring, "with_torch": with_torch}


def seconds_of(finished):
    """(seconds of a process, those of them in which it measured a model's speed)."""
    measured = MEASURED.search(finished.output)
    return finished.seconds, float(measured[1]) if measured else 0.0


def overheads(values, name):
    """Of each run of a job, its seconds less what it measured for and torch's import.

    The import is that of its round, and taken off where the job imports torch.
    """
    torch = values["seconds"][TORCH]
    imports = torch if name in values["with_torch"] else [0.0] * len(torch)
    seconds, measuring = values["seconds"][name], values["measuring"][name]
    return [
        job - own - of_torch for job, own, of_torch in zip(seconds, measuring, imports, strict=True)
    ]


def lines(values):
    rows = []
    for name in JOBS:
        beyond = spread_of(overheads(values, name))
        measuring = spread_of(values["measuring"][name]).median
        rows.append(
            (
                name,
                "yes" if name in values["with_torch"] else "no",
                f"{spread_of(values['seconds'][name]).median:.2f}",
                f"{measuring:.2f}" if measuring else "",
                spread(beyond),
                goal(beyond.median, GOAL_OVERHEAD_SECONDS, False, "s"),
            )
        )
    torch = spread_of(values["seconds"][TORCH])
    return [
        "Every kind of job as a process of its own, with the command that Snakemake ran: one "
        f"training step of cnn_2 on 200 synthetic images. `{TORCH}` alone takes {spread(torch)} s. "
        "That is taken off where the job imports torch, in each round by itself. So is the time "
        "for which `cost` measures the model's speed: it is the work, and less of it would be "
        f"less exact. Rounds: {torch.count}.",
        "",
        *table(("job", "imports torch", "s", "measuring, s", "the rest, s", "goal"), rows),
        "",
        "The rest has the job's other work in it: `cost` measures memory in a process that starts "
        "torch again. Snakemake's own time for a job is not in it.",
    ]


def measure_demo(_options):
    with tempfile.TemporaryDirectory() as folder:
        copy_project(Path(folder) / "project", quick=False)
        words = ["--cores", "all", "--configfile", "config/demo.yaml"]
        seconds = snakemake_seconds(Path(folder) / "project", *words)
    return {"seconds": seconds, "cores": n_cores()}


def snakemake_seconds(folder, *words):
    """Seconds of a whole invocation of Snakemake in a copy of the project."""
    return run([Path(sys.executable).parent / "snakemake", *words], folder).seconds


def lines_of_the_demo(values):
    seconds = values["seconds"]
    return [
        f"`make demo` after the set-up, on {values['cores']} cores, once: {seconds:.0f} s "
        f"({goal(seconds, GOAL_DEMO_SECONDS, False, 's')}). Mostly many short jobs, so it says "
        "little of long trainings.",
    ]


def measure_scratch(options):
    images, source = options.images(), real_source()
    with tempfile.TemporaryDirectory() as folder:
        project = copy_project(Path(folder) / "project", quick=False)
        dataset = {"name": "synthetic", "source": "synthetic"}
        if source:
            dataset = {"source": str(source[0]), "md5": source[1]}
        project.configure({"dataset": dataset, "device": "cpu"})
        say("scratch: nine runs by Snakemake")
        words = ["--cores", n_cores(), "--configfile", "small.yaml", "config/scratch.yaml"]
        seconds = snakemake_seconds(project.folder, *words)
    say(f"scratch: {seconds:.0f} s; the plain scripts")
    plain_seconds = {}
    for model in BLOCKS:
        began = time.perf_counter()
        plain(images, model, "--epochs", 5)
        plain_seconds[model] = time.perf_counter() - began
        say(f"scratch: plain {model} {plain_seconds[model]:.0f} s")
    return {
        "images": images.kind,
        "cores": n_cores(),
        "seconds": seconds,
        "plain_seconds": plain_seconds,
    }


def scratch_ratio(values):
    """How often the invocation of Snakemake fits into the time of the nine plain scripts."""
    return SEEDS_OF_SCRATCH * sum(values["plain_seconds"].values()) / values["seconds"]


def lines_of_scratch(values):
    ratio = scratch_ratio(values)
    rows = [
        (f"{model}, plain script", f"{seconds:.0f}")
        for model, seconds in values["plain_seconds"].items()
    ]
    rows.append(("`config/scratch.yaml`, all of it", f"{values['seconds']:.0f}"))
    return [
        f"`config/scratch.yaml` on {values['cores']} cores: nine runs of five epochs on "
        f"{values['images']}, with data, costs, tests, comparison and report. Against nine runs of "
        "`tests/benches/plain.py`, one after the other, which train five epochs and test once. One "
        "plain run of each model was measured, and counts three times.",
        "",
        *table(("what", "s"), rows),
        "",
        f"Ratio: {ratio:.2f} ({goal(ratio, GOAL_SCRATCH)}). Each was measured once.",
    ]


POINTS = [
    Point("jobs", "What a job costs beside its work", measure, lines),
    Point("demo", "The demo", measure_demo, lines_of_the_demo),
    Point("scratch", "Nine runs from scratch", measure_scratch, lines_of_scratch, by_default=False),
]
