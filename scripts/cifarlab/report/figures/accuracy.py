"""Top-1 accuracy of every model: its mean, each run, and the published value where there is one."""

from pathlib import Path


def add_arguments(parser):
    parser.add_argument("--runs-csv", type=Path, required=True, help="runs.csv to read")
    parser.add_argument("--comparison", type=Path, required=True, help="comparison.csv to read")
    parser.add_argument("--published", type=Path, required=True, help="compare/published.csv")


def inputs(arguments):
    return [arguments.runs_csv, arguments.comparison, arguments.published]


def draw(arguments):
    from cifarlab.report.names import entry_titles
    from cifarlab.report.plot import INK, drawing, style_of, svg_text
    from cifarlab.results import read_table

    key = ["model", "recipe"]
    comparison = read_table(arguments.comparison, [*key, "test_accuracy_percent"])
    runs = read_table(arguments.runs_csv, [*key, "test_accuracy_percent"])
    published = read_table(arguments.published, [*key, "same_recipe", "test_accuracy_percent"])
    published = published[published["same_recipe"]].set_index(key)["test_accuracy_percent"].dropna()
    accuracies_of = runs.groupby(key)["test_accuracy_percent"].apply(list)
    means = comparison.set_index(key)["test_accuracy_percent"]
    titles = entry_titles(means.index)
    with drawing(7.2, 1.1 + 0.52 * len(means)) as (figure, axes):
        for place, (entry, mean) in enumerate(means.items()):
            style, accuracies = style_of(place), accuracies_of[entry]
            axes.barh(place, mean, height=0.56, color=style["color"], alpha=0.85)
            axes.plot(
                accuracies,
                [place] * len(accuracies),
                linestyle="",
                marker="o",
                markersize=4.5,
                color=INK,
                alpha=0.65,
                label="one run",
            )
            if entry in published:
                axes.plot(
                    [published[entry]] * 2,
                    [place - 0.36, place + 0.36],
                    linewidth=2.5,
                    color=INK,
                    label="published",
                )
            axes.annotate(
                f"{mean:.2f} %",
                (max(mean, *accuracies, published.get(entry, 0)), place),
                xytext=(8, 0),
                textcoords="offset points",
                verticalalignment="center",
            )
        axes.set_yticks(range(len(means)), [titles[entry] for entry in means.index])
        axes.invert_yaxis()
        axes.grid(axis="y", visible=False)
        axes.spines["left"].set_visible(False)
        axes.tick_params(axis="y", length=0)
        axes.margins(x=0.14)
        axes.set_xlim(left=0)
        axes.set_xlabel("top-1 accuracy on the test split, %  (bar: mean over seeds)")
        marks = dict(zip(*reversed(axes.get_legend_handles_labels()), strict=True))
        figure.legend(marks.values(), marks.keys(), loc="outside upper right", ncols=2)
        return svg_text(figure)
