"""The list of runs that the workflow keeps, and what scripts/watch.py makes of it."""

import copy
import json
import subprocess
import sys

from project import SMALL

RUN_LIST = "results/synthetic/logs/runs.json"
TARGET = "results/synthetic/runs/cnn_2/quick/seed-{}/weights.safetensors"


def states(project):
    """The state of every run by recipe and seed, as scripts/watch.py prints it."""
    words = [sys.executable, "scripts/watch.py"]
    result = subprocess.run(words, cwd=project.folder, capture_output=True, text=True, timeout=60)
    assert result.returncode == 0, result.stderr
    rows = [line.split() for line in result.stdout.splitlines()[2:]]
    return {f"{recipe} {seed}": state for _, recipe, seed, state, *_ in rows}


def configure(project, learning_rate, seeds):
    values = copy.deepcopy(SMALL)
    too_fast = {"name": "sgd", "learning_rate": learning_rate}
    values["recipes"]["too_fast"] = {**values["recipes"]["quick"], "optimizer": too_fast}
    values["runs"] = [
        {"models": ["cnn_2"], "recipes": ["quick"], "seeds": seeds},
        {"models": ["cnn_2"], "recipes": ["too_fast"], "seeds": [0]},
    ]
    project.configure(values)


def test_the_list_of_runs_follows_what_is_made_and_a_dry_run_leaves_it(project):
    run_list = project.folder / RUN_LIST
    configure(project, learning_rate=1e30, seeds=[0, 1])
    for option in ("--dry-run", "--dag", "--summary", "--list"):
        assert project.snakemake(option).returncode == 0
    assert not run_list.exists()

    result = project.snakemake(TARGET.format(0))
    assert result.returncode == 0, result.stderr
    assert states(project) == {"quick 0": "done", "quick 1": "waiting", "too_fast 0": "waiting"}

    failing = project.snakemake(
        TARGET.format(1), TARGET.format(0).replace("quick", "too_fast"), "--keep-going"
    )
    assert failing.returncode == 1
    ended = {"quick 0": "done", "quick 1": "done", "too_fast 0": "failed"}
    assert states(project) == ended

    # A run that is left out is listed. Nothing is trained, so the list is written once more.
    assert project.snakemake(TARGET.format(0)).returncode == 0
    assert [run["stale"] for run in json.loads(run_list.read_text())["runs"]] == [False] * 3
    assert states(project) == ended
    written = run_list.stat().st_mtime_ns
    assert project.snakemake(TARGET.format(0)).returncode == 0
    assert run_list.stat().st_mtime_ns == written

    configure(project, learning_rate=0.001, seeds=[0])
    project.would_run()
    assert run_list.stat().st_mtime_ns == written
    assert project.snakemake(TARGET.format(0)).returncode == 0
    assert states(project) == {"quick 0": "done", "too_fast 0": "waiting"}
