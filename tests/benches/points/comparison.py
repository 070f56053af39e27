"""The comparison of many runs with predictions of 10,000 images each: its time and its memory."""

import sys
import tempfile
from dataclasses import replace
from pathlib import Path

from benches.measuring import run, say
from benches.page import Point, goal, table

GOAL_SECONDS, GOAL_MB = 60, 2_147
# The goals are of the first.
SIZES = (100, 1_000)
SEEDS = 5


def measure(_options, sizes=SIZES):
    found = {}
    for n_runs in sizes:
        with tempfile.TemporaryDirectory() as folder:
            say(f"comparison: writing {n_runs:,} runs")
            words = [sys.executable, "scripts/compare.py", *write_runs(Path(folder), n_runs)]
            job = run(words)
        found[n_runs] = {"seconds": job.seconds, "mb": job.peak_mb, "rows": n_runs // SEEDS}
        say(f"comparison: {n_runs:,} runs: {job.seconds:.1f} s, {job.peak_mb:,.0f} MB")
    return {"sizes": found}


def write_runs(folder, n_runs):
    """Write runs as the workflow leaves them, 5 seeds of each model; returns compare's arguments.

    They are those of the browser tests: drawn from fixed seeds, without a training.
    """
    # Where the tests of the page keep what writes runs.
    sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "browser"))
    from builder import Builder, runs_of, words_of_tables
    from run_files import write_cost, write_data, write_predictions, write_run
    from scenes import MODELS, Scene

    models = [
        replace(MODELS[number % len(MODELS)], name=f"model-{number}")
        for number in range(n_runs // SEEDS)
    ]
    scene, builder, results = Scene(tuple(models), SEEDS), Builder(folder), folder / "results"
    write_data(builder.dataset, results / "data", ())
    for model in models:
        write_cost(results / f"cost/{model.name}.json", model, scene.device)
    for path in (runs := runs_of(results, scene.models, scene)):
        model = models[int(path.parts[-3].partition("-")[2])]
        seed = int(path.name.partition("-")[2])
        predicted = write_run(path, model, seed, scene, builder.test_labels)
        write_predictions(path / "predictions.npz", predicted, builder.test_labels)
    (results / "compare").mkdir()
    return words_of_tables(results, runs, scene)


def lines(values):
    rows = []
    for place, (n_runs, found) in enumerate(values["sizes"].items()):
        n_pairs = found["rows"] * (found["rows"] - 1) // 2
        cells = [f"{int(n_runs):,}", f"{found['rows']:,}", f"{n_pairs:,}"]
        cells += [f"{found['seconds']:.1f}", f"{found['mb']:,.0f}"]
        of_first = (
            goal(found["seconds"], GOAL_SECONDS, False, "s"),
            goal(found["mb"], GOAL_MB, False, "MB"),
        )
        rows.append((*cells, *(of_first if not place else ("", ""))))
    titles = ("runs", "rows", "pairs", "s", "peak, MB", "goal of the time", "goal of the memory")
    return [
        "`scripts/compare.py`, once at each size, on predictions of 10,000 images in 100 classes, "
        f"{SEEDS} seeds of each model: all that `compare/` has, with every pair of rows.",
        "",
        *table(titles, rows),
    ]


POINTS = [Point("comparison", "Comparison of many runs", measure, lines)]
