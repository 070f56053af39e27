"""Test accuracy of every model against what it costs, with the line of those that none beats."""

from reporting.figure import Figure
from reporting.messages import N_, Sentence

# What accuracy is drawn against, columns of the comparison.
COSTS = {
    "total_params": N_("parameters"),
    "multiply_adds": N_("multiply-adds of one image"),
    "latency_median_ms": N_("latency of one image, ms"),
    "train_seconds": N_("training, s"),
}


def caption(content, _row):
    message = N_(
        "Bars: 95 % interval of the mean, over test images and seeds, with one seed over test "
        "images alone. The line joins the models that no other beats in accuracy and cost."
    )
    sentences = [Sentence(message, {})]
    unknown = [row.title for row in content.ranked if not all(map(row.has, COSTS))]
    if unknown:
        message = N_("Not drawn against a cost that could not be measured: %(titles)s.")
        sentences.append(Sentence(message, {"titles": unknown}))
    free = [row.title for row in content.ranked if any(row.measured[cost] == 0 for cost in COSTS)]
    if free:
        message = N_(
            "Not drawn against a cost of zero, for which a logarithmic axis has no place: "
            "%(titles)s."
        )
        sentences.append(Sentence(message, {"titles": free}))
    return sentences


def draw(comparison):
    from cifarlab.comparison.results import read_table
    from reporting.plot import drawing, legend_below, svg_text
    from reporting.titles import row_titles
    from reporting.tradeoff import ranked_first

    key = ["model", "recipe"]
    comparison = read_table(comparison, [*key, "test_accuracy_percent", "trial", *COSTS])
    rows = zip(comparison["model"], comparison["recipe"], strict=True)
    shown = ranked_first(comparison.assign(title=[*row_titles(rows).values()]))
    shown = shown[~shown["is_trial"]]
    height = 5.6 + 0.09 * len(shown)
    with drawing(8.2, height, nrows=2, ncols=2, sharey=True) as (figure, grid, say):
        for axes, cost in zip(grid.flat, COSTS, strict=True):
            draw_panel(axes, say, shown, cost)
        for axes in grid[:, 0]:
            axes.set_ylabel(say("test accuracy, %"))
        if not shown.empty:
            legend_below(figure, grid[0, 0], is_of_rows=True)
        names = [f"test_accuracy_{name}percent" for name in ("", "low_", "high_")]
        return svg_text(figure, say, shown[[*key, *names, *COSTS]].to_dict("records"))


def draw_panel(axes, say, rows, cost):
    """Accuracy against one cost, a column. rows: of `ranked_first`."""
    from reporting.tradeoff import draw_tradeoff

    axes.set_xlabel(say(COSTS[cost]))
    # A logarithmic axis has no place for zero, nor any for what is not known; the report says so.
    shown = rows[rows[cost] > 0]
    if shown.empty:
        axes.text(0.5, 0.5, say("no values"), transform=axes.transAxes, ha="center")
        axes.set_xticks([])
        return
    draw_tradeoff(axes, say, shown, cost)
    axes.margins(x=0.12)


FIGURE = Figure(
    per="comparison",
    category="3 Charts",
    title=N_("Accuracy against each cost"),
    description=N_(
        "Four charts: test accuracy against parameters, multiply-adds, latency and training time"
    ),
    caption=caption,
    files={"comparison": "compare/comparison.csv"},
    draw=draw,
)
