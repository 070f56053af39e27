"""Test accuracy of every model against the multiply-adds of one image, each with its name."""

from reporting.figure import Figure
from reporting.messages import N_, Sentence


def caption(content, _row):
    message = N_(
        "Multiply-adds of one image, on a logarithmic axis. The line joins the models that no "
        "other beats in accuracy and compute."
    )
    sentences = [Sentence(message, {})]
    unknown = [row.title for row in content.ranked if not row.has("multiply_adds")]
    if unknown:
        message = N_("Not drawn against a cost that could not be measured: %(titles)s.")
        sentences.append(Sentence(message, {"titles": unknown}))
    return sentences


def draw(comparison):
    from cifarlab.comparison.results import read_table
    from reporting.plot import drawing, svg_text
    from reporting.titles import row_titles
    from reporting.tradeoff import (
        HALF_WIDTH,
        draw_tradeoff,
        half_height,
        name_points,
        ranked_first,
    )

    key = ["model", "recipe"]
    table = read_table(comparison, [*key, "test_accuracy_percent", "multiply_adds", "trial"])
    rows = zip(table["model"], table["recipe"], strict=True)
    shown = ranked_first(table.assign(title=[*row_titles(rows).values()]))
    shown = shown[~shown["is_trial"] & (shown["multiply_adds"] > 0)]
    # As high as the chart of accuracy beside it, unless that has very many rows.
    with drawing(HALF_WIDTH, half_height(min(10, len(table)))) as (figure, axes, say):
        axes.set_xlabel(say("multiply-adds of one image"))
        axes.set_ylabel(say("test accuracy, %"))
        if shown.empty:
            axes.text(0.5, 0.5, say("no values"), transform=axes.transAxes, ha="center")
            axes.set_xticks([])
            return svg_text(figure, say)
        draw_tradeoff(axes, say, shown, "multiply_adds")
        # The names need room.
        axes.margins(x=0.2, y=0.12)
        name_points(figure, axes, shown, "multiply_adds")
        names = [f"test_accuracy_{name}percent" for name in ("", "low_", "high_")]
        return svg_text(figure, say, shown[[*key, *names, "multiply_adds"]].to_dict("records"))


FIGURE = Figure(
    per="comparison",
    category="3 Charts",
    title=N_("Accuracy against compute"),
    description=N_("Chart: test accuracy of every model against the multiply-adds of one image"),
    caption=caption,
    files={"comparison": "compare/comparison.csv"},
    draw=draw,
)
