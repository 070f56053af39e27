"""What the charts of accuracy share: rows in their order, and a panel against one cost."""

import itertools

# In inches: two of them stand side by side on a page, and each fits on a phone.
HALF_WIDTH = 4.05


def half_height(n_rows):
    """The height in inches of a chart of half the width."""
    return 1.25 + 0.33 * max(4, n_rows)


def ranked_first(comparison):
    """A table of the comparison, the most accurate row first; trial runs last, in their own order.

    comparison: a DataFrame. Returns it with `number`, the place of each row before, and `is_trial`.
    """
    is_trial = comparison["trial"].notna()
    numbered = comparison.assign(number=range(len(comparison)), is_trial=is_trial)
    ranked = numbered["test_accuracy_percent"].mask(is_trial)
    return numbered.loc[ranked.sort_values(ascending=False, kind="stable").index]


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
    """A name beside each point that has room for one, on as little of the lines as can be.

    rows, cost: as for `draw_tradeoff`, which drew them into the only axes of the figure.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.transforms import Bbox

    from reporting.plot import of_row

    renderer = FigureCanvasAgg(figure).get_renderer()
    figure.set_layout_engine("constrained")
    figure.draw_without_rendering()
    inside, lines = axes.get_window_extent(renderer), boxes_of_lines(axes, rows, cost)
    points = axes.transData.transform(rows[[cost, "test_accuracy_percent"]].to_numpy(float))
    marks = [Bbox.from_extents(x - 6, y - 6, x + 6, y + 6) for x, y in points]
    names = []
    for place, row in enumerate(rows.to_dict("records")):
        others = [*marks[:place], *marks[place + 1 :]]
        names.append([])
        for name in possible_names(axes, row, cost):
            box = name.get_window_extent(renderer)
            if inside.x0 <= box.x0 and box.x1 <= inside.x1 and not box.count_overlaps(others):
                names[-1].append((covered(box, lines), box, name))
            name.remove()
    for place, name in best_names(names).items():
        of_row(rows["number"].iloc[place], axes.add_artist(name))


def best_names(names):
    """The names that lie on none of each other, a dict by the place of the point.

    names: of each point, a list of (how much it covers of lines, its box, the name).
    """
    found = []
    for order in (range(len(names)), reversed(range(len(names)))):
        chosen = {}
        for place in order:
            taken = [box for _, box, _ in chosen.values()]
            free = [choice for choice in names[place] if not choice[1].count_overlaps(taken)]
            if free:
                chosen[place] = min(free, key=lambda choice: choice[0])
        found.append(chosen)
    best = max(found, key=lambda all_of: (len(all_of), -sum(c for c, *_ in all_of.values())))
    return {place: best[place][2] for place in sorted(best)}


def possible_names(axes, row, cost):
    """The name of a row, a dict, in each place beside its point."""
    for offset, across, along in NAME_PLACES:
        yield axes.annotate(
            row["title"],
            (row[cost], row["test_accuracy_percent"]),
            xytext=offset,
            textcoords="offset points",
            horizontalalignment=across,
            verticalalignment=along,
            in_layout=False,
        )


def covered(box, lines):
    """How much of a box lies on boxes of lines, in square pixels."""
    from matplotlib.transforms import Bbox

    parts = [Bbox.intersection(box, line) for line in lines]
    return sum(part.width * part.height for part in parts if part is not None)


def boxes_of_lines(axes, rows, cost):
    """Boxes around the steps of the Pareto line and around the intervals."""
    from matplotlib.cbook import pts_to_poststep
    from matplotlib.transforms import Bbox

    from cifarlab.comparison.tradeoffs import pareto

    best = rows.iloc[pareto(rows[cost], rows["test_accuracy_percent"])]
    steps = [*zip(*pts_to_poststep(best[cost], best["test_accuracy_percent"]), strict=True)]
    interval = ["test_accuracy_low_percent", "test_accuracy_high_percent"]
    known = rows.dropna(subset=interval).to_dict("records")
    intervals = [[(row[cost], row[end]) for end in interval] for row in known]
    ends = [*itertools.pairwise(steps), *intervals]
    return [Bbox(axes.transData.transform(pair)).padded(2) for pair in ends]


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
