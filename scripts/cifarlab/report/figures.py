"""The report's figures, as SVG text that takes its ink from the page around it."""

import io
import re

import matplotlib
import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

# Okabe and Ito 2008: distinguishable to colour-blind readers; line styles and markers repeat it.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#8A8A00")
LINE_STYLES = ("-", "--", "-.", ":")
MARKERS = "osD^vPX"
# Drawn in a colour that nothing else has, then replaced by the ink of the page.
INK = "#010203"
STYLE = {
    "svg.fonttype": "none",
    "svg.hashsalt": "cifarlab",
    "font.size": 10,
    "text.color": INK,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": INK,
    "grid.alpha": 0.12,
    "axes.axisbelow": True,
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "savefig.facecolor": "none",
    "legend.frameon": False,
}
ENVELOPE_BINS = 200
SMOOTHED_POINTS = 400


def style_of(number):
    """Colour, line style and marker of the entry with this number."""
    return {
        "color": COLOURS[number % len(COLOURS)],
        "linestyle": LINE_STYLES[number % len(LINE_STYLES)],
        "marker": MARKERS[number % len(MARKERS)],
    }


def smoothed(losses):
    """Centred moving average over 2 % of the steps, thinned to what a picture can show.

    losses: float [n_steps]. Returns (steps, means), counted from step 1.
    """
    window = max(1, len(losses) // 50)
    means = np.convolve(losses, np.ones(window) / window, mode="valid")
    steps = np.arange(len(means)) + 1 + (window - 1) / 2
    chosen = np.unique(np.linspace(0, len(means) - 1, SMOOTHED_POINTS).astype(int))
    return steps[chosen], means[chosen]


def envelope(losses):
    """Smallest and largest loss in each of up to 200 stretches: (middle steps, lows, highs)."""
    stretches = np.array_split(np.asarray(losses), min(ENVELOPE_BINS, len(losses)))
    ends = np.cumsum([len(stretch) for stretch in stretches])
    middles = ends - np.array([len(stretch) for stretch in stretches]) / 2 + 0.5
    return middles, [s.min() for s in stretches], [s.max() for s in stretches]


def accuracy_figure(content):
    """Accuracy of every entry: its runs, their mean, and the published value where there is one."""
    entries = content.entries
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(7.2, 1.1 + 0.52 * len(entries)))
        axes = figure.subplots()
        for place, entry in enumerate(entries):
            style = style_of(place)
            mean = entry.measured["test_accuracy_percent"]
            accuracies = [run.metrics["test_accuracy_percent"] for run in entry.runs]
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
            published = entry.published["test_accuracy_percent"] if entry.is_as_published else None
            if published is not None:
                axes.plot(
                    [published, published],
                    [place - 0.36, place + 0.36],
                    linewidth=2.5,
                    color=INK,
                    label="published",
                )
            edge = max(mean, *accuracies, published or 0)
            axes.annotate(
                f"{mean:.2f} %",
                (edge, place),
                xytext=(8, 0),
                textcoords="offset points",
                verticalalignment="center",
            )
        axes.set_yticks(range(len(entries)), [entry_title(content, entry) for entry in entries])
        axes.invert_yaxis()
        axes.grid(axis="y", visible=False)
        axes.spines["left"].set_visible(False)
        axes.tick_params(axis="y", length=0)
        axes.margins(x=0.14)
        axes.set_xlim(left=0)
        axes.set_xlabel("top-1 accuracy on the test split, %  (bar: mean over seeds)")
        marks = dict(zip(*reversed(axes.get_legend_handles_labels()), strict=True))
        figure.legend(marks.values(), marks.keys(), loc="outside upper right", ncols=2)
        return _svg(figure)


def losses_figure(content):
    """Smoothed training loss of every entry over the steps, the mean over its seeds."""
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(7.2, 3.8))
        axes = figure.subplots()
        for number, entry in enumerate(content.entries):
            curves = [smoothed(history["loss"].to_numpy()) for history in entry.histories]
            style = style_of(number)
            axes.plot(
                curves[0][0],
                np.mean([means for _, means in curves], axis=0),
                **style,
                markevery=0.1,
                markersize=5,
                label=entry_title(content, entry),
            )
        _label_loss_over_steps(axes, "training loss, smoothed")
        return _svg(figure)


def loss_figure(content, entry):
    """Training loss of one entry: each seed's range within a stretch, and its smoothed course."""
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(7.2, 3.0))
        axes = figure.subplots()
        for number, (run, history) in enumerate(zip(entry.runs, entry.histories, strict=True)):
            losses, style = history["loss"].to_numpy(), style_of(number)
            axes.fill_between(*envelope(losses), color=style["color"], alpha=0.16, linewidth=0)
            axes.plot(
                *smoothed(losses), **style, markevery=0.1, markersize=5, label=f"seed {run.seed}"
            )
        _label_loss_over_steps(axes, "training loss")
        return _svg(figure)


def _label_loss_over_steps(axes, loss):
    axes.set_xlabel("step")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_ylabel(loss)
    axes.legend()


def entry_title(content, entry):
    """The model's name, with the recipe's where the model is compared with several."""
    same_model = [other for other in content.entries if other.model == entry.model]
    return entry.model if len(same_model) == 1 else f"{entry.model} · {entry.recipe}"


def _svg(figure):
    figure.set_layout_engine("constrained")
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    svg = buffer.getvalue()
    svg = svg[svg.index("<svg") :].replace(INK, "currentColor")
    svg = re.sub(r"<metadata>.*?</metadata>\s*", "", svg, flags=re.DOTALL)
    # Sizes in points would be fixed; the view box alone lets the page decide.
    svg = re.sub(r'(<svg[^>]*?) (?:width|height)="[^"]*"', r"\1", svg)
    svg = re.sub(r'(<svg[^>]*?) (?:width|height)="[^"]*"', r"\1", svg)
    return re.sub(r"font(-family)?: ([^;\"]*?)'DejaVu Sans'[^;\"]*", r"font\1: \2sans-serif", svg)


def inline_svg(svg, prefix, description):
    """`svg` for a page with others: ids of its own, and a text for those who cannot see it."""
    svg = svg[svg.index("<svg") :].replace(' role="img"', "")
    svg = re.sub(r'\bid="([^"]+)"', rf'id="{prefix}-\1"', svg)
    svg = re.sub(r'href="#([^"]+)"', rf'href="#{prefix}-\1"', svg)
    svg = re.sub(r"url\(#([^)]+)\)", rf"url(#{prefix}-\1)", svg)
    return svg.replace("<svg", f'<svg role="img" aria-label="{description}"', 1)


def standalone_svg(svg):
    """`svg` for a file of its own, its ink following the reader's light or dark scheme."""
    style = (
        "<style>svg { color: #1f2328 }"
        " @media (prefers-color-scheme: dark) { svg { color: #e6edf3 } }</style>"
    )
    end = svg.index(">") + 1
    return f'<?xml version="1.0" encoding="utf-8"?>\n{svg[:end]}{style}{svg[end:]}'
