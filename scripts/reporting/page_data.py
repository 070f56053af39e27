"""What the scripts of the page need to know."""

import json
import math

import numpy as np

from cifarlab.comparison.columns import COLUMNS
from reporting.curves import mean_smoothed
from reporting.figures.tradeoffs import COSTS
from reporting.messages import N_
from reporting.numbers import number

CURVE_POINTS = 300


def page_data(content, language):
    """What the scripts of the page need, as JSON that cannot end the element that holds it."""

    def short(values):
        return [None if math.isnan(value) else float(f"{value:.7g}") for value in values]

    data = {
        "csv": content.comparison_csv,
        "rows": [
            {
                "title": row.title,
                "accuracy": row.accuracy,
                "interval": row.interval,
                "summary": "{} ({}–{})".format(
                    *(number(value, 2) for value in (row.accuracy, *row.interval))
                ),
                "costs": {n: row.measured[n] if row.has(n) else None for n in COSTS},
                "isTrial": row.is_trial,
            }
            for row in content.rows
        ],
        "pareto": {cost: content.pareto(cost) for cost in COSTS},
        "curves": {
            unit: {"x": short(x), "lines": [short(line) for line in lines]}
            for unit, (x, lines) in curves_of(content).items()
        },
        # Their axes use prefixes.
        "counts": [cost for cost in COSTS if COLUMNS[cost].is_count],
        "words": words(language),
    }
    text = json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c")


def words(language):
    """What the scripts write."""
    return {
        "copied": language(N_("copied")),
        "copy": language(N_("Copy")),
        "save": language(N_("Save")),
        "highlighted": language(N_("%(n)s highlighted")),
        "hidden": language(N_("%(n)s hidden")),
        "rows": language(N_("%(shown)s of %(all)s rows")),
        "step": language(N_("step")),
        "second": language(N_("seconds in training")),
        "loss": language(N_("training loss, smoothed")),
        "accuracy": language(N_("test accuracy, %")),
        "pareto": language(N_("Pareto line")),
        "comma": language(N_(", ")),
        "colon": language(N_(": ")),
        "semicolon": language(N_("; ")),
        "costs": {name: language(title) for name, title in COSTS.items()},
    }


def curves_of(content):
    """Smoothed training losses for charts: {"step": (x, a y of each row), "second": …}.

    x: some 300 numbers, among them both ends of every curve; y: as many, the mean over seeds,
    NaN beyond the training's ends.
    """
    curves = {}
    if not content.rows:
        return curves
    for unit in ("step", "second"):
        known = []
        for row in content.rows:
            folders = [run.folder for run in row.runs]
            steps, losses = mean_smoothed([folder.history for folder in folders])
            scale = 1.0
            if unit == "second":
                scale = np.mean([folder.seconds_per_step for folder in folders])
            known.append((steps * scale, losses))
        # Short ones lie between two points of a grid that spans them all.
        ends = [x[place] for x, _ in known for place in (0, -1)]
        grid = np.union1d(np.linspace(min(ends), max(ends), CURVE_POINTS), ends)
        lines = [np.interp(grid, x, y, left=np.nan, right=np.nan) for x, y in known]
        curves[unit] = (grid, lines)
    return curves
