"""Training loss of one model: each seed's range within a stretch, and its smoothed course."""

from pathlib import Path

from cifarlab.results import RunFolder, files_of_runs

ENVELOPE_BINS = 200


def add_arguments(parser):
    parser.add_argument(
        "--runs", type=Path, nargs="+", required=True, help="folders runs/<model>/<recipe>/seed-<n>"
    )


def inputs(arguments):
    return files_of_runs(arguments.runs, "history.csv")


def draw(arguments):
    from cifarlab.report.plot import drawing, label_loss_over_steps, smoothed, style_of, svg_text

    with drawing(7.2, 3.0) as (figure, axes):
        for number, run in enumerate(map(RunFolder, arguments.runs)):
            losses, style = run.history["loss"].to_numpy(), style_of(number)
            axes.fill_between(*envelope(losses), color=style["color"], alpha=0.16, linewidth=0)
            axes.plot(
                *smoothed(losses), **style, markevery=0.1, markersize=5, label=f"seed {run.seed}"
            )
        label_loss_over_steps(axes, "training loss")
        return svg_text(figure)


def envelope(losses):
    """Smallest and largest loss in each of up to 200 stretches: (middle steps, lows, highs)."""
    import numpy as np

    stretches = np.array_split(np.asarray(losses), min(ENVELOPE_BINS, len(losses)))
    ends = np.cumsum([len(stretch) for stretch in stretches])
    middles = ends - np.array([len(stretch) for stretch in stretches]) / 2 + 0.5
    return middles, [s.min() for s in stretches], [s.max() for s in stretches]
