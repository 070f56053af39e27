"""How figures look: one style, and SVG text that takes its ink from the page around it."""

import io
import re
from contextlib import contextmanager

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
SMOOTHED_POINTS = 400


def style_of(number):
    """Colour, line style and marker of the entry with this number."""
    return {
        "color": COLOURS[number % len(COLOURS)],
        "linestyle": LINE_STYLES[number % len(LINE_STYLES)],
        "marker": MARKERS[number % len(MARKERS)],
    }


@contextmanager
def drawing(width_inches, height_inches):
    """An empty (figure, axes) in the style of the report, for the block."""
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(width_inches, height_inches))
        yield figure, figure.subplots()


def smoothed(losses):
    """Centred moving average over 2 % of the steps, thinned to what a picture can show.

    losses: float [n_steps]. Returns (steps, means), counted from step 1.
    """
    window = max(1, len(losses) // 50)
    means = np.convolve(losses, np.ones(window) / window, mode="valid")
    steps = np.arange(len(means)) + 1 + (window - 1) / 2
    chosen = np.unique(np.linspace(0, len(means) - 1, SMOOTHED_POINTS).astype(int))
    return steps[chosen], means[chosen]


def label_loss_over_steps(axes, loss):
    """Label a chart of the training loss; loss: what its vertical axis shows."""
    axes.set_xlabel("step")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_ylabel(loss)
    axes.legend()


def svg_text(figure):
    """A figure as SVG text: its size and its ink are the page's."""
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
