"""Accuracy on the images that each model is most confident of, over the share that is kept."""

from reporting.figure import Figure
from reporting.messages import N_, Sentence


def caption(_content, _row):
    message = N_(
        "Of the test images, those of highest confidence are kept: accuracy on these, mean over "
        "seeds. Where all are kept, it is the test accuracy."
    )
    return [Sentence(message, {})]


def draw(runs):
    import numpy as np

    from cifarlab.comparison.results import RunFolder
    from reporting.plot import drawing, legend_below, of_row, style_of, svg_text
    from reporting.titles import row_titles

    rows = {}
    for run in map(RunFolder, runs):
        rows.setdefault((run.model, run.recipe), []).append(run.metrics["risk_coverage"])
    titles = row_titles(rows)
    table = []
    with drawing(8.2, 3.6 + 0.09 * len(rows)) as (figure, axes, say):
        for number, (row, curves) in enumerate(rows.items()):
            errors = np.mean([curve["error_percent"] for curve in curves], axis=0)
            kept = curves[0]["coverage_percent"]
            table += [
                {"row": titles[row], "coverage_percent": share, "accuracy_percent": 100 - error}
                for share, error in zip(kept, errors.tolist(), strict=True)
            ]
            style = {**style_of(number), "markevery": 0.1, "markersize": 4.5}
            of_row(number, *axes.plot(kept, 100 - errors, **style, label=titles[row]))
        axes.set_xlim(0, 100)
        axes.set_xlabel(say("coverage: test images kept, %"))
        axes.set_ylabel(say("accuracy on these, %"))
        legend_below(figure, axes, is_of_rows=True)
        return svg_text(figure, say, table)


FIGURE = Figure(
    per="comparison",
    category="3 Charts",
    title=N_("Accuracy against coverage"),
    description=N_(
        "Line chart: accuracy on the most confident test images over the share kept, a line a model"
    ),
    caption=caption,
    runs=("metrics.json",),
    draw=draw,
)
