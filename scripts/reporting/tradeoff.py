"""What the charts of accuracy share: rows in their order, and a panel against one cost."""

# In inches: two of them stand side by side on a page, and each fits on a phone.
HALF_WIDTH = 4.05


def half_height(n_rows):
    """The height in inches of a chart of half the width."""
    return 1.25 + 0.33 * max(4, n_rows)


def ranked_first(comparison):
    """A table of the comparison, the most accurate row first and trial runs last.

    comparison: a DataFrame. Returns it with `number`, the place of each row before, and `is_trial`.
    """
    is_trial = comparison["trial"].notna()
    numbered = comparison.assign(number=range(len(comparison)), is_trial=is_trial)
    order = ["is_trial", "test_accuracy_percent"]
    return numbered.sort_values(order, ascending=[True, False], kind="stable")


def draw_tradeoff(axes, say, rows, cost):
    """Accuracy against one cost, on a logarithmic axis: each row's interval, and the Pareto line.

    rows: of `ranked_first`, with `title`; cost: a column of it, known and above zero.
    """
    from matplotlib.ticker import EngFormatter, LogLocator, NullFormatter

    from cifarlab.comparison.columns import COLUMNS
    from cifarlab.comparison.tradeoffs import pareto
    from reporting.plot import INK, of_row, style_of

    costs, accuracies = rows[cost], rows["test_accuracy_percent"]
    best = costs.index[pareto(costs, accuracies)]
    # The intervals are lines too, and its steps fall upon them.
    line = {"color": INK, "alpha": 0.4, "linewidth": 1.2, "linestyle": (0, (4, 3))}
    label = say("Pareto line")
    axes.plot(costs[best], accuracies[best], drawstyle="steps-post", **line, label=label)
    for row in rows.to_dict("records"):
        accuracy = row["test_accuracy_percent"]
        mark = axes.errorbar(
            *(row[cost], accuracy),
            yerr=[
                [accuracy - row["test_accuracy_low_percent"]],
                [row["test_accuracy_high_percent"] - accuracy],
            ],
            elinewidth=1,
            capsize=2,
            label=row["title"],
            **{**style_of(row["number"]), "linestyle": "", "markersize": 7},
        )
        of_row(row["number"], mark)
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(LogLocator(subs=ticks(costs)))
    axes.xaxis.set_major_formatter(EngFormatter(sep="") if COLUMNS[cost].is_count else "{x:g}")
    axes.xaxis.set_minor_formatter(NullFormatter())


def ticks(costs):
    """Which multiples of the powers of ten to label, so that there are a few."""
    ratio = costs.max() / costs.min()
    if ratio > 30:
        return (1,)
    return (1, 2, 5) if ratio > 5 else (1, 1.5, 2, 3, 4, 5, 7)


def name_points(figure, axes, rows, cost):
    """A name beside each point that has room for one.

    rows, cost: as for `draw_tradeoff`, which drew them into the only axes of the figure.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.transforms import Bbox

    from reporting.plot import of_row

    canvas = FigureCanvasAgg(figure)
    figure.set_layout_engine("constrained")
    figure.draw_without_rendering()
    renderer = canvas.get_renderer()
    points = axes.transData.transform(rows[[cost, "test_accuracy_percent"]].to_numpy(float))
    marks = [Bbox.from_extents(x - 6, y - 6, x + 6, y + 6) for x, y in points]
    taken, inside = [], axes.get_window_extent(renderer)
    for place, row in enumerate(rows.to_dict("records")):
        for offset, across, along in NAME_PLACES:
            name = axes.annotate(
                row["title"],
                (row[cost], row["test_accuracy_percent"]),
                xytext=offset,
                textcoords="offset points",
                horizontalalignment=across,
                verticalalignment=along,
                in_layout=False,
            )
            box = name.get_window_extent(renderer)
            others = [*taken, *marks[:place], *marks[place + 1 :]]
            if inside.x0 <= box.x0 and box.x1 <= inside.x1 and not box.count_overlaps(others):
                taken.append(box)
                of_row(row["number"], name)
                break
            name.remove()


# Offset in points, and how the name lies there. The Pareto line goes to the right of a mark.
NAME_PLACES = (
    ((-8, 0), "right", "center"),
    ((0, 8), "center", "bottom"),
    ((8, 0), "left", "center"),
    ((0, -8), "center", "top"),
    ((6, 6), "left", "bottom"),
    ((6, -6), "left", "top"),
    ((-6, 6), "right", "bottom"),
    ((-6, -6), "right", "top"),
)
