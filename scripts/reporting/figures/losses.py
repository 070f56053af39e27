"""Training loss of every model over the steps and over the seconds, the mean over its seeds."""

from pathlib import Path

from cifarlab.comparison.results import RunFolder, files_of_runs


def add_arguments(parser):
    parser.add_argument(
        "--runs", type=Path, nargs="+", required=True, help="folders runs/<model>/<recipe>/seed-<n>"
    )


def inputs(arguments):
    return files_of_runs(arguments.runs, "history.csv", "epochs.csv")


def draw(arguments):
    import numpy as np

    from reporting.names import entry_titles
    from reporting.plot import (
        drawing,
        legend_below,
        over_steps,
        style_of,
        svg_text,
    )
    from reporting.plot_data import smoothed

    entries = {}
    for run in map(RunFolder, arguments.runs):
        entries.setdefault((run.model, run.recipe), []).append(run)
    titles = entry_titles(entries)
    height = 3.4 + 0.09 * len(entries)
    with drawing(8.2, height, ncols=2, sharey=True) as (figure, (by_step, by_second), say):
        for number, (entry, runs) in enumerate(entries.items()):
            curves = [smoothed(run.history["loss"].to_numpy()) for run in runs]
            steps, losses = curves[0][0], np.mean([means for _, means in curves], axis=0)
            style = {**style_of(number), "markevery": 0.1, "markersize": 4.5}
            by_step.plot(steps, losses, **style, label=titles[entry])
            by_second.plot(steps * np.mean([run.seconds_per_step for run in runs]), losses, **style)
        over_steps(by_step, say)
        by_second.set_xlabel(say("seconds in training"))
        by_step.set_ylabel(say("training loss, smoothed"))
        legend_below(figure, by_step)
        return svg_text(figure, say)
