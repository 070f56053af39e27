"""Training loss of every model over the steps, smoothed, the mean over its seeds."""

from pathlib import Path

from cifarlab.results import RunFolder, files_of_runs


def add_arguments(parser):
    parser.add_argument(
        "--runs", type=Path, nargs="+", required=True, help="folders runs/<model>/<recipe>/seed-<n>"
    )


def inputs(arguments):
    return files_of_runs(arguments.runs, "history.csv")


def draw(arguments):
    import numpy as np

    from cifarlab.report.names import entry_titles
    from cifarlab.report.plot import drawing, label_loss_over_steps, smoothed, style_of, svg_text

    entries = {}
    for run in map(RunFolder, arguments.runs):
        entries.setdefault((run.model, run.recipe), []).append(run)
    titles = entry_titles(entries)
    with drawing(7.2, 3.8) as (figure, axes):
        for number, (entry, runs) in enumerate(entries.items()):
            curves = [smoothed(run.history["loss"].to_numpy()) for run in runs]
            axes.plot(
                curves[0][0],
                np.mean([means for _, means in curves], axis=0),
                **style_of(number),
                markevery=0.1,
                markersize=5,
                label=titles[entry],
            )
        label_loss_over_steps(axes, "training loss, smoothed")
        return svg_text(figure)
