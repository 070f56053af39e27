"""Validation accuracy over the steps, a small chart for each change of every study."""

import json

from reporting.figure import Figure
from reporting.messages import N_, Sentence

COLUMNS_OF_CHARTS = 4


def caption(_content, _row):
    message = N_(
        "Mean over the seeds that both have, after every epoch that all of these runs reached. "
        "Coloured: what the title names; grey: what it is compared with."
    )
    return [Sentence(message, {})]


def draw(studies, runs):
    from cifarlab.comparison.results import RunFolder, read_table
    from reporting.figures.changes import title
    from reporting.plot import COLOURS, INK, drawing, svg_text

    by_name = {(run.model, run.recipe, run.seed): run for run in map(RunFolder, runs)}
    lines = read_table(studies, ["study", "model", "change", "kind", "recipe", "compared_with"])
    lines, table = lines.dropna(subset="difference_points").to_dict("records"), []
    n_rows = max(1, -(-len(lines) // COLUMNS_OF_CHARTS))
    is_of_one = len({(line["study"], line["model"]) for line in lines}) < 2
    height = 1.6 if is_of_one else 1.85
    grid = {"nrows": n_rows, "ncols": COLUMNS_OF_CHARTS, "squeeze": False, "sharey": True}
    with drawing(8.2, 0.6 + height * n_rows, **grid) as (figure, axes, say):
        for line, own in zip(lines, axes.flat, strict=False):
            seeds = [int(seed) for seed in json.loads(line["seed_differences_points"])]
            for key, style in (("compared_with", INK), ("recipe", COLOURS[0])):
                alpha = 0.45 if key == "compared_with" else 1
                curve = mean_curve([by_name[line["model"], line[key], s] for s in seeds])
                own.plot(*curve, color=style, alpha=alpha, marker=".")
                of = {name: line[name] for name in ("study", "model", "change", "kind")}
                of["recipe"] = line[key]
                table += [
                    {**of, "step": step, "validation_accuracy_percent": accuracy}
                    for step, accuracy in zip(*curve, strict=True)
                ]
            own.set_title(title(say, line["change"], line["kind"]), fontsize=9)
            if not is_of_one:
                place = {"transform": own.transAxes, "ha": "center", "fontsize": 8}
                own.text(0.5, 1.2, f"{line['study']} · {line['model']}", **place)
            own.tick_params(labelsize=8)
            own.set_xlim(left=0)
        for own in axes.flat[len(lines) :]:
            own.set_visible(False)
        figure.supxlabel(say("step"), fontsize=10)
        figure.supylabel(say("validation accuracy, %"), fontsize=10)
        return svg_text(figure, say, table)


def mean_curve(runs):
    """(steps, accuracies in percent) after every epoch, the mean over runs of one recipe."""
    import numpy as np

    known = [run.epochs["validation_accuracy_percent"].to_numpy() for run in runs]
    # A run may have ended before the others; the mean is over the epochs that all have.
    n_epochs = min(map(len, known))
    accuracies = np.mean([values[:n_epochs] for values in known], axis=0)
    longest = max(runs, key=lambda run: len(run.epochs))
    share = longest.epochs["images_share"].to_numpy()[:n_epochs]
    return share * longest.training["steps"], accuracies


FIGURE = Figure(
    per="studies",
    category="3 Charts",
    title=N_("Validation accuracy of each change"),
    description=N_(
        "Small line charts: validation accuracy over steps of every change and of what it is "
        "compared with"
    ),
    caption=caption,
    files={"studies": "compare/studies.csv"},
    runs=("epochs.csv", "training.json"),
    draw=draw,
    is_wide=True,
)
