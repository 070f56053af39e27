"""Training loss of every model over the steps and over the seconds, the mean over its seeds."""

from reporting.figure import Figure
from reporting.messages import N_, Sentence


def caption(content, _row):
    message = N_(
        "Moving average over 2 % of the steps, mean over seeds. Seconds are those of the training "
        "loop, at its mean pace."
    )
    shorter = N_("Where seeds took different numbers of steps, it ends with the first that ended.")
    is_uneven = any(len(set(row.step_range)) > 1 for row in content.rows)
    return [Sentence(message, {}), *([Sentence(shorter, {})] if is_uneven else [])]


def draw(runs):
    import numpy as np

    from cifarlab.comparison.results import RunFolder
    from reporting.curves import mean_smoothed
    from reporting.plot import drawing, legend_below, of_row, over_steps, style_of, svg_text
    from reporting.titles import row_titles

    rows = {}
    for run in map(RunFolder, runs):
        rows.setdefault((run.model, run.recipe), []).append(run)
    titles, table = row_titles(rows), []
    height = 3.4 + 0.09 * len(rows)
    with drawing(8.2, height, ncols=2, sharey=True) as (figure, (by_step, by_second), say):
        for number, (row, own) in enumerate(rows.items()):
            steps, losses = mean_smoothed([run.history for run in own])
            style = {**style_of(number), "markevery": 0.1, "markersize": 4.5}
            seconds = steps * np.mean([run.seconds_per_step for run in own])
            lines = by_step.plot(steps, losses, **style, label=titles[row])
            lines += by_second.plot(seconds, losses, **style)
            of_row(number, *lines)
            table += [
                {"model": row[0], "recipe": row[1], "step": step, "seconds": second, "loss": loss}
                for step, second, loss in zip(steps, seconds, losses, strict=True)
            ]
        over_steps(by_step, say)
        by_second.set_xlabel(say("seconds in training"))
        by_step.set_ylabel(say("training loss, smoothed"))
        legend_below(figure, by_step, is_of_rows=True)
        return svg_text(figure, say, table)


FIGURE = Figure(
    per="comparison",
    category="3 Charts",
    title=N_("Training loss"),
    description=N_(
        "Line charts: smoothed training loss over steps and over seconds, a line a model"
    ),
    caption=caption,
    runs=("history.csv", "epochs.csv"),
    draw=draw,
)
