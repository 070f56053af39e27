"""Test accuracy of every model, with its interval, each run, and the published value."""

from reporting.figure import Figure
from reporting.messages import N_, Sentence


def caption(content, _row):
    message = N_("Top-1 accuracy on the test split, the most accurate model first.")
    if content.trials:
        message = N_(
            "Top-1 accuracy on the test split, the most accurate model first, trial runs last and "
            "pale."
        )
    if not content.ranked:
        message = N_("Top-1 accuracy of trial runs on the test split, which ranks none of them.")
    intervals = N_(
        "An interval is of other test images and seeds; a broken one, of one seed, of other test "
        "images alone."
    )
    sentences = [Sentence(message, {}), Sentence(intervals, {})]
    is_beside = [
        line["quantity"] == "test_accuracy_percent" and line["verdict"] != "not_run"
        for line in content.verdicts
    ]
    if any(is_beside):
        message = N_("Published in: %(sources)s.")
        sentences.append(Sentence(message, {"sources": content.published_sources}))
    return sentences


def draw(comparison, runs_csv, published):
    from cifarlab.comparison.results import read_table
    from reporting.plot import drawing, legend_below, of_row, svg_text
    from reporting.titles import row_titles
    from reporting.tradeoff import HALF_WIDTH, half_height, ranked_first

    key = ["model", "recipe"]
    comparison = read_table(comparison, [*key, "test_accuracy_percent", "interval_covers", "trial"])
    comparison = ranked_first(comparison).set_index(key)
    runs = read_table(runs_csv, [*key, "test_accuracy_percent"])
    published = read_table(published, [*key, "same_training", "test_accuracy_percent"])
    # Without rows the column has no type.
    is_same = published["same_training"].astype(bool)
    published = published[is_same].set_index(key)["test_accuracy_percent"].dropna()
    accuracies_of = runs.groupby(key)["test_accuracy_percent"].apply(list)
    titles = row_titles(comparison.index)
    with drawing(HALF_WIDTH, half_height(len(comparison))) as (figure, axes, say):
        for place, (row, measured) in enumerate(comparison.iterrows()):
            draw_row(axes, say, place, measured, accuracies_of[row], published.get(row))
        # A model with several recipes has its recipe below it.
        names = [row[0] if titles[row] == row[0] else "\n".join(row) for row in comparison.index]
        axes.set_yticks(range(len(comparison)), names)
        for number, tick in zip(comparison["number"], axes.yaxis.get_major_ticks(), strict=True):
            of_row(number, tick)
        axes.set_ylim(len(comparison) - 0.4, -0.6)
        axes.spines["left"].set_visible(False)
        axes.tick_params(axis="y", length=0)
        axes.margins(x=0.06)
        axes.set_xlabel(say("test accuracy, %"))
        legend_below(figure, axes)
        return svg_text(figure, say, lines_of(comparison, accuracies_of, published))


def lines_of(comparison, accuracies_of, published):
    """What is drawn, a line a row: accuracies in percent, those of runs in one cell."""
    names = [f"test_accuracy_{name}percent" for name in ("", "low_", "high_")]
    return [
        dict(zip(("model", "recipe"), row, strict=True))
        | {name: measured[name] for name in names}
        | {"runs_percent": " ".join(map(str, accuracies_of[row]))}
        | {"published_percent": published.get(row), "trial": measured["trial"]}
        for row, measured in comparison.iterrows()
    ]


def draw_row(axes, say, place, measured, accuracies, published):
    """One row at its place: the mean with its interval, each run, the published value if any."""
    from reporting.numbers import number
    from reporting.plot import INK, of_row, style_of

    mean, low, high = (measured[f"test_accuracy_{name}percent"] for name in ("", "low_", "high_"))
    interval = {"color": INK, "capsize": 4, "linewidth": 1.4}
    is_of_one_seed = measured["interval_covers"] == "images"
    label = say("95 % interval (one seed)") if is_of_one_seed else say("95 % interval")
    is_trial = measured["is_trial"]
    if is_trial:
        # The legend shows what is not pale.
        interval, label = {**interval, "alpha": 0.4}, None
    bars = axes.errorbar(mean, place, xerr=[[mean - low], [high - mean]], **interval, label=label)
    if is_of_one_seed:
        # Broken, since it does not tell how far another seed would lie.
        (line,) = bars.lines[2]
        line.set_linestyle((0, (2, 2)))
    marks = [bars]
    style = {**style_of(measured["number"]), **({"alpha": 0.4} if is_trial else {})}
    marks += axes.plot(mean, place, **style, markersize=9)
    # Above and below the mean, so that none hides another.
    bar = {"linestyle": "", "marker": "|", "markersize": 7, "markeredgewidth": 1.5}
    places = [place - 0.34] * len(accuracies)
    marks += axes.plot(accuracies, places, **bar, color=INK, alpha=0.6, label=say("one seed"))
    if published is not None:
        mark = {"linestyle": "", "marker": "D", "markersize": 6, "markerfacecolor": "none"}
        marks += axes.plot(published, place + 0.34, **mark, color=INK, label=say("published"))
    value = axes.annotate(
        say("trial run") if is_trial else number(mean, 2),
        (1, place),
        xycoords=("axes fraction", "data"),
        xytext=(8, 0),
        textcoords="offset points",
        verticalalignment="center",
    )
    of_row(measured["number"], value, *marks)


FIGURE = Figure(
    per="comparison",
    category="3 Charts",
    title=N_("Test accuracy"),
    description=N_(
        "Chart: top-1 test accuracy of every model with its 95 % interval, each run, and what was "
        "published"
    ),
    caption=caption,
    files={
        "comparison": "compare/comparison.csv",
        "runs_csv": "compare/runs.csv",
        "published": "compare/published.csv",
    },
    draw=draw,
)
