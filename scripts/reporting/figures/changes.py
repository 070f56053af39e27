"""What each change of every study gains or costs: a forest plot, with each seed as a bar."""

from reporting.figure import Figure
from reporting.messages import N_, Sentence


def caption(_content, _row):
    message = N_(
        "Validation accuracy minus that of what the axis names: the mean over pairs of runs with "
        "the same seed, its 95 % interval by Student's t, and each pair as a bar. Ordered by the "
        "mean."
    )
    return [Sentence(message, {})]


def draw(studies):
    from cifarlab.comparison.results import read_table
    from reporting.plot import INK, drawing, legend_below, svg_text

    table = read_table(studies, ["study", "model", "change", "kind", "difference_points"])
    table = table.dropna(subset="difference_points")
    table["is_left_out"] = table["kind"] == "without"
    panels = [*table.groupby(["study", "model", "is_left_out"], sort=False)]
    heights = [1 + len(lines) for _, lines in panels] or [1]
    # One scale, so that a point is as long in every panel.
    grid = {"nrows": len(heights), "squeeze": False, "height_ratios": heights, "sharex": True}
    with drawing(8.2, 0.8 + 0.34 * sum(heights), **grid) as (figure, axes, say):
        for (own,), ((study, model, is_left_out), lines) in zip(axes, panels, strict=False):
            draw_panel(own, say, lines.sort_values("difference_points"))
            own.axvline(0, color=INK, linewidth=1)
            own.tick_params(labelbottom=True)
            own.set_title(f"{study} · {model}", loc="left", fontsize=10)
            own.set_xlabel(
                say("points of validation accuracy, compared with all together")
                if is_left_out
                else say("points of validation accuracy, compared with the baseline")
            )
        if panels:
            legend_below(figure, axes[0, 0])
        names = ["study", "model", "change", "kind"]
        names += [f"{name}_points" for name in ("difference", "low", "high", "seed_differences")]
        return svg_text(figure, say, table[names].to_dict("records"))


def draw_panel(axes, say, lines):
    """Changes compared with one recipe, lines of studies.csv from the lowest up."""
    import json

    from reporting.plot import COLOURS, INK

    for place, line in enumerate(lines.to_dict("records")):
        mean, low, high = (line[f"{n}_points"] for n in ("difference", "low", "high"))
        if low == low:
            label = say("95 % interval")
            interval = {"color": INK, "capsize": 3, "linewidth": 1.4, "label": label}
            axes.errorbar(mean, place, xerr=[[mean - low], [high - mean]], **interval)
        axes.plot(mean, place, "o", color=COLOURS[0], markersize=7, label=say("mean"))
        seeds = [*json.loads(line["seed_differences_points"]).values()]
        bar = {"linestyle": "", "marker": "|", "markersize": 7, "color": INK, "alpha": 0.6}
        axes.plot(seeds, [place + 0.3] * len(seeds), **bar, label=say("one seed"))
    axes.set_yticks(range(len(lines)), [title(say, *k) for k in lines[["change", "kind"]].values])
    axes.set_ylim(-0.6, len(lines) - 0.3)
    axes.spines["left"].set_visible(False)
    axes.tick_params(axis="y", length=0)


def title(say, change, kind):
    """What a line is called."""
    if kind == "combined":
        return say("all together")
    return say("without %(label)s", label=change) if kind == "without" else change


FIGURE = Figure(
    per="studies",
    category="3 Charts",
    title=N_("What each change gains or costs"),
    description=N_(
        "Chart: difference in validation accuracy of every change of every study, with its 95 % "
        "interval and each seed"
    ),
    caption=caption,
    files={"studies": "compare/studies.csv"},
    draw=draw,
)
