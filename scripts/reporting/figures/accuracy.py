"""Test accuracy of every model, with its interval, each run, and the published value."""

from pathlib import Path


def add_arguments(parser):
    parser.add_argument("--runs-csv", type=Path, required=True, help="runs.csv to read")
    parser.add_argument("--comparison", type=Path, required=True, help="comparison.csv to read")
    parser.add_argument("--published", type=Path, required=True, help="compare/published.csv")


def inputs(arguments):
    return [arguments.runs_csv, arguments.comparison, arguments.published]


def draw(arguments):
    from cifarlab.comparison.results import read_table
    from reporting.names import entry_titles
    from reporting.numbers import number
    from reporting.plot import INK, drawing, legend_below, style_of, svg_text

    key = ["model", "recipe"]
    comparison = read_table(arguments.comparison, [*key, "test_accuracy_percent"]).set_index(key)
    runs = read_table(arguments.runs_csv, [*key, "test_accuracy_percent"])
    published = read_table(arguments.published, [*key, "same_training", "test_accuracy_percent"])
    # Without rows the column has no type.
    is_same = published["same_training"].astype(bool)
    published = published[is_same].set_index(key)["test_accuracy_percent"].dropna()
    accuracies_of = runs.groupby(key)["test_accuracy_percent"].apply(list)
    titles = entry_titles(comparison.index)
    with drawing(8.2, 1.3 + 0.42 * len(comparison)) as (figure, axes, say):
        for place, (entry, row) in enumerate(comparison.iterrows()):
            style, accuracies = style_of(place), accuracies_of[entry]
            mean, low, high = (
                row[f"test_accuracy_{name}percent"] for name in ("", "low_", "high_")
            )
            axes.errorbar(
                *(mean, place),
                xerr=[[mean - low], [high - mean]],
                color=INK,
                capsize=4,
                linewidth=1.4,
                label=say("95 % interval of the test split"),
            )
            axes.plot(mean, place, **style, markersize=9)
            # Above and below the mean, so that none hides another.
            axes.plot(
                accuracies,
                [place - 0.27] * len(accuracies),
                linestyle="",
                marker="|",
                markersize=7,
                markeredgewidth=1.5,
                color=INK,
                alpha=0.6,
                label=say("one run"),
            )
            if entry in published:
                axes.plot(
                    published[entry],
                    place + 0.27,
                    linestyle="",
                    marker="D",
                    markersize=6,
                    markerfacecolor="none",
                    color=INK,
                    label=say("published"),
                )
            axes.annotate(
                number(mean, 2),
                (1, place),
                xycoords=("axes fraction", "data"),
                xytext=(8, 0),
                textcoords="offset points",
                verticalalignment="center",
            )
        axes.set_yticks(range(len(comparison)), [titles[entry] for entry in comparison.index])
        axes.set_ylim(len(comparison) - 0.4, -0.6)
        axes.spines["left"].set_visible(False)
        axes.tick_params(axis="y", length=0)
        axes.margins(x=0.06)
        axes.set_xlabel(say("top-1 accuracy on the test split, % (mean over seeds)"))
        legend_below(figure, axes)
        return svg_text(figure, say)
