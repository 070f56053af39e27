"""Test accuracy of every model against what it costs, with the line of those that none beats."""

from pathlib import Path


def add_arguments(parser):
    parser.add_argument("--comparison", type=Path, required=True, help="comparison.csv to read")


def inputs(arguments):
    return [arguments.comparison]


def draw(arguments):
    from matplotlib.ticker import EngFormatter, LogLocator, NullFormatter

    from cifarlab.comparison.results import read_table
    from cifarlab.comparison.tradeoffs import pareto
    from reporting.names import entry_titles
    from reporting.plot import INK, drawing, legend_below, style_of, svg_text
    from reporting.words import COSTS

    key = ["model", "recipe"]
    comparison = read_table(arguments.comparison, [*key, "test_accuracy_percent", *COSTS])
    entries = zip(comparison["model"], comparison["recipe"], strict=True)
    titles = [*entry_titles(entries).values()]
    accuracies = comparison["test_accuracy_percent"]
    below = accuracies - comparison["test_accuracy_low_percent"]
    above = comparison["test_accuracy_high_percent"] - accuracies
    height = 5.6 + 0.09 * len(titles)
    with drawing(8.2, height, nrows=2, ncols=2, sharey=True) as (figure, grid, say):
        for axes, (cost, label) in zip(grid.flat, COSTS.items(), strict=True):
            # A logarithmic axis has no place for zero; the report says so.
            costs = comparison[cost][comparison[cost] > 0]
            best = costs.index[pareto(costs, accuracies[costs.index])]
            axes.plot(
                costs[best],
                accuracies[best],
                drawstyle="steps-post",
                color=INK,
                alpha=0.4,
                linewidth=1.2,
                # The intervals are lines too, and its steps fall upon them.
                linestyle=(0, (4, 3)),
                label=say("Pareto line"),
            )
            for number in costs.index:
                style = {**style_of(number), "linestyle": "", "markersize": 7}
                axes.errorbar(
                    *(costs[number], accuracies.iloc[number]),
                    yerr=[[below.iloc[number]], [above.iloc[number]]],
                    elinewidth=1,
                    capsize=2,
                    label=titles[number],
                    **style,
                )
            axes.set_xscale("log")
            axes.xaxis.set_major_locator(LogLocator(subs=ticks(costs)))
            is_count = cost in ("total_params", "multiply_adds")
            axes.xaxis.set_major_formatter(EngFormatter(sep="") if is_count else "{x:g}")
            axes.xaxis.set_minor_formatter(NullFormatter())
            axes.set_xlabel(say(label))
            axes.margins(x=0.12)
        for axes in grid[:, 0]:
            axes.set_ylabel(say("test accuracy, %"))
        legend_below(figure, grid[0, 0])
        return svg_text(figure, say)


def ticks(costs):
    """Which multiples of the powers of ten to label, so that there are a few."""
    ratio = costs.max() / costs.min()
    if ratio > 30:
        return (1,)
    return (1, 2, 5) if ratio > 5 else (1, 1.5, 2, 3, 4, 5, 7)
