"""Test accuracy of every model, with its interval, each run, and the published value."""

from pathlib import Path


def add_arguments(parser):
    parser.add_argument("--runs-csv", type=Path, required=True, help="runs.csv to read")
    parser.add_argument("--comparison", type=Path, required=True, help="comparison.csv to read")
    parser.add_argument("--published", type=Path, required=True, help="compare/published.csv")


def inputs(arguments):
    return [arguments.runs_csv, arguments.comparison, arguments.published]


def draw(arguments):
    from cifarlab.report.names import entry_titles
    from cifarlab.report.plot import INK, drawing, legend_below, style_of, svg_text
    from cifarlab.results import read_table

    key = ["model", "recipe"]
    comparison = read_table(arguments.comparison, [*key, "test_accuracy_percent"]).set_index(key)
    runs = read_table(arguments.runs_csv, [*key, "test_accuracy_percent"])
    published = read_table(arguments.published, [*key, "same_training", "test_accuracy_percent"])
    # Without rows the column has no type.
    is_same = published["same_training"].astype(bool)
    published = published[is_same].set_index(key)["test_accuracy_percent"].dropna()
    accuracies_of = runs.groupby(key)["test_accuracy_percent"].apply(list)
    titles = entry_titles(comparison.index)
    with drawing(7.2, 1.4 + 0.5 * len(comparison)) as (figure, axes, say):
        for place, (entry, row) in enumerate(comparison.iterrows()):
            style, accuracies = style_of(place), accuracies_of[entry]
            mean, low, high = (
                row[f"test_accuracy_{name}percent"] for name in ("", "low_", "high_")
            )
            axes.barh(place, mean, height=0.56, color=style["color"], alpha=0.8)
            axes.errorbar(
                *(mean, place),
                xerr=[[mean - low], [high - mean]],
                color=INK,
                capsize=4,
                linewidth=1.4,
                label=say("95 % interval of the test split"),
            )
            axes.plot(
                accuracies,
                [place - 0.18] * len(accuracies),
                linestyle="",
                marker="o",
                markersize=4,
                color=INK,
                alpha=0.6,
                label=say("one run"),
            )
            if entry in published:
                axes.plot(
                    [published[entry]] * 2,
                    [place - 0.38, place + 0.38],
                    linewidth=3,
                    linestyle=(0, (1, 0.6)),
                    color=INK,
                    label=say("published"),
                )
            axes.annotate(
                f"{mean:.2f} %",
                (max(high, *accuracies, published.get(entry, 0)), place),
                xytext=(8, 0),
                textcoords="offset points",
                verticalalignment="center",
            )
        axes.set_yticks(range(len(comparison)), [titles[entry] for entry in comparison.index])
        axes.invert_yaxis()
        axes.grid(axis="y", visible=False)
        axes.spines["left"].set_visible(False)
        axes.tick_params(axis="y", length=0)
        axes.margins(x=0.14)
        axes.set_xlim(left=0)
        axes.set_xlabel(say("top-1 accuracy on the test split, % (bar: mean over seeds)"))
        legend_below(figure, axes)
        return svg_text(figure, say)
