"""Published accuracies, and what was measured of each where it was run as published."""

from reporting.figure import Figure
from reporting.messages import N_, Sentence

ACCURACY = "test_accuracy_percent"
RUN_OTHERWISE = N_("not run as published")
OTHER_IMAGES = N_("published for other images")


def caption(_content, _row):
    message = N_(
        "Every published accuracy, with the measured one where the model was run as published: "
        "recipe, initial weights and input size. On the right the verdict, or why none is there."
    )
    return [Sentence(message, {})]


def draw(verdicts, comparison):
    from cifarlab.comparison.results import read_table
    from reporting.plot import INK, drawing, legend_below, svg_text

    columns = ["model", "recipe", "quantity", "published", "measured", "low", "high", "verdict"]
    lines = lines_of(read_table(verdicts, columns).to_dict("records"))
    comparison = read_table(comparison, ["model", "recipe"])
    rows = zip(comparison["model"], comparison["recipe"], strict=True)
    numbers = {row: place for place, row in enumerate(rows)}
    with drawing(8.2, 1.4 + 0.38 * max(1, len(lines))) as (figure, axes, say):
        for place, line in enumerate(lines):
            number = numbers.get((line["model"], line["recipe"]))
            draw_line(axes, say, place, line, number)
        axes.set_yticks(range(len(lines)), [line["model"] for line in lines])
        axes.set_ylim(max(1, len(lines)) - 0.4, -0.6)
        axes.spines["left"].set_visible(False)
        axes.tick_params(axis="y", length=0)
        axes.set_xlabel(say("top-1 accuracy on the test split, %"))
        if any(line["published"] == line["published"] for line in lines):
            legend_below(figure, axes)
        else:
            axes.set_xticks([])
        axes.tick_params(colors=INK)
        return svg_text(figure, say, lines)


def lines_of(verdicts):
    """The line on the accuracy of each published model, the highest published first.

    verdicts: lines of verdicts.csv, dicts. Of a model with several recipes, that which was run as
    published. `reason`: why nothing was measured, a message, or None.
    """
    lines = {}
    for line in verdicts:
        known = lines.setdefault(line["model"], other_images(line))
        if line["quantity"] == ACCURACY and (known["measured"] != known["measured"]):
            lines[line["model"]] = {**line, "reason": reason_of(line)}
    names = ("model", "recipe", "published", "measured", "low", "high", "verdict", "reason")
    found = [{name: line[name] for name in names} for line in lines.values()]
    return sorted(found, key=lambda line: -line["published"] if line["published"] > 0 else 0)


def other_images(line):
    """The line of a model of which no accuracy may be shown."""
    empty = dict.fromkeys(("published", "measured", "low", "high"), float("nan"))
    return {**line, **empty, "verdict": "not_run", "reason": OTHER_IMAGES}


def reason_of(line):
    from reporting.verdict_words import VERDICTS

    if line["verdict"] != "not_run":
        return None
    return RUN_OTHERWISE if isinstance(line["recipe"], str) else VERDICTS["not_run"]


def draw_line(axes, say, place, line, number):
    """One model at its place. number: of the row that was measured, or None."""
    from reporting.plot import INK, of_row, style_of
    from reporting.verdict_words import VERDICTS

    mark = {"linestyle": "", "marker": "D", "markersize": 6, "markerfacecolor": "none"}
    axes.plot(line["published"], place + 0.2, **mark, color=INK, label=say("published"))
    word = line["reason"] or VERDICTS[line["verdict"]]
    marks = [
        axes.annotate(
            say(word) if any(map(str.isalpha, word)) else word,
            (1, place),
            xycoords=("axes fraction", "data"),
            xytext=(8, 0),
            textcoords="offset points",
            verticalalignment="center",
            alpha=0.75 if line["reason"] else 1,
        )
    ]
    if line["reason"] is None:
        measured, low, high = line["measured"], line["low"], line["high"]
        ends = [[measured - low], [high - measured]]
        interval = {"color": INK, "capsize": 4, "linewidth": 1.4}
        label = say("measured, with its 95 % interval")
        marks.append(axes.errorbar(measured, place - 0.1, xerr=ends, **interval, label=label))
        marks += axes.plot(measured, place - 0.1, **style_of(number), markersize=8)
        of_row(number, *marks)


FIGURE = Figure(
    per="comparison",
    category="3 Charts",
    title=N_("Published and measured accuracy"),
    description=N_("Chart: every published accuracy, and the measured one with its 95 % interval"),
    caption=caption,
    files={"verdicts": "compare/verdicts.csv", "comparison": "compare/comparison.csv"},
    draw=draw,
)
