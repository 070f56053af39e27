"""Training loss over the learning rate of every learning-rate range test."""

from reporting.figure import Figure
from reporting.messages import N_, Sentence


def caption(_content, _row):
    message = N_(
        "Moving average over 2 % of the steps, mean over seeds, at the learning rate of its middle "
        "step. Later steps have lower losses also because the training has gone on."
    )
    return [Sentence(message, {})]


def draw(runs):
    from cifarlab.comparison.results import RunFolder
    from reporting.curves import over_rates
    from reporting.plot import drawing, legend_below, style_of, svg_text
    from reporting.titles import row_titles

    rows = {}
    for run in map(RunFolder, runs):
        rows.setdefault((run.model, run.recipe), []).append(run.history)
    titles = row_titles(rows)
    table = []
    with drawing(8.2, 3.4 + 0.09 * len(rows)) as (figure, axes, say):
        for number, (row, histories) in enumerate(rows.items()):
            style = {**style_of(number), "markevery": 0.1, "markersize": 4.5}
            rates, losses = over_rates(histories)
            table += [
                {"row": titles[row], "learning_rate": float(rate), "smoothed_loss": float(loss)}
                for rate, loss in zip(rates, losses, strict=True)
            ]
            axes.plot(rates, losses, **style, label=titles[row])
        axes.set_xscale("log")
        axes.set_xlabel(say("learning rate"))
        axes.set_ylabel(say("training loss, smoothed"))
        legend_below(figure, axes)
        return svg_text(figure, say, table)


FIGURE = Figure(
    per="range_tests",
    category="3 Charts",
    title=N_("Loss over the learning rate"),
    description=N_(
        "Line chart: smoothed training loss over the learning rate of the step, a line a model"
    ),
    caption=caption,
    runs=("history.csv",),
    draw=draw,
)
