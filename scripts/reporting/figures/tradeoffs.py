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
    unknown = [row.title for row in content.rows if not all(map(row.has, COSTS))]
    if unknown:
        message = N_("Not drawn against a cost that could not be measured: %(titles)s.")
        sentences.append(Sentence(message, {"titles": unknown}))
    free = [row.title for row in content.rows if any(row.measured[cost] == 0 for cost in COSTS)]
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

    key = ["model", "recipe"]
    comparison = read_table(comparison, [*key, "test_accuracy_percent", *COSTS])
    rows = zip(comparison["model"], comparison["recipe"], strict=True)
    comparison["title"] = [*row_titles(rows).values()]
    height = 5.6 + 0.09 * len(comparison)
    with drawing(8.2, height, nrows=2, ncols=2, sharey=True) as (figure, grid, say):
        for axes, cost in zip(grid.flat, COSTS, strict=True):
            draw_panel(axes, say, comparison, cost)
        for axes in grid[:, 0]:
            axes.set_ylabel(say("test accuracy, %"))
        legend_below(figure, grid[0, 0], is_of_rows=True)
        names = [f"test_accuracy_{name}percent" for name in ("", "low_", "high_")]
        return svg_text(figure, say, comparison[[*key, *names, *COSTS]].to_dict("records"))


def draw_panel(axes, say, comparison, cost):
    """Accuracy against one cost, a column: the line of the best, and every row's interval."""
    from matplotlib.ticker import EngFormatter, LogLocator, NullFormatter

    from cifarlab.comparison.columns import COLUMNS
    from cifarlab.comparison.tradeoffs import pareto
    from reporting.plot import INK, of_row, style_of

    axes.set_xlabel(say(COSTS[cost]))
    # A logarithmic axis has no place for zero, nor any for what is not known; the report says so.
    shown = comparison[comparison[cost] > 0]
    if shown.empty:
        axes.text(0.5, 0.5, say("no values"), transform=axes.transAxes, ha="center")
        axes.set_xticks([])
        return
    costs, accuracies = shown[cost], shown["test_accuracy_percent"]
    best = costs.index[pareto(costs, accuracies)]
    # The intervals are lines too, and its steps fall upon them.
    line = {"color": INK, "alpha": 0.4, "linewidth": 1.2, "linestyle": (0, (4, 3))}
    label = say("Pareto line")
    axes.plot(costs[best], accuracies[best], drawstyle="steps-post", **line, label=label)
    below = accuracies - shown["test_accuracy_low_percent"]
    above = shown["test_accuracy_high_percent"] - accuracies
    for number in costs.index:
        style = {**style_of(number), "linestyle": "", "markersize": 7}
        mark = axes.errorbar(
            *(costs[number], accuracies[number]),
            yerr=[[below[number]], [above[number]]],
            elinewidth=1,
            capsize=2,
            label=shown["title"][number],
            **style,
        )
        of_row(number, mark)
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(LogLocator(subs=ticks(costs)))
    formatter = EngFormatter(sep="") if COLUMNS[cost].is_count else "{x:g}"
    axes.xaxis.set_major_formatter(formatter)
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.margins(x=0.12)


def ticks(costs):
    """Which multiples of the powers of ten to label, so that there are a few."""
    ratio = costs.max() / costs.min()
    if ratio > 30:
        return (1,)
    return (1, 2, 5) if ratio > 5 else (1, 1.5, 2, 3, 4, 5, 7)


FIGURE = Figure(
    per="comparison",
    category="Figures",
    title=N_("Accuracy against cost"),
    description=N_(
        "Four charts: test accuracy against parameters, multiply-adds, latency and training time"
    ),
    caption=caption,
    files={"comparison": "compare/comparison.csv"},
    draw=draw,
)
