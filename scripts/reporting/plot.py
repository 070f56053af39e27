"""How figures look: one style, and SVG text that takes its ink from the page around it."""

import io
import re
from contextlib import contextmanager

import matplotlib
from matplotlib.container import Container
from matplotlib.figure import Figure
from matplotlib.offsetbox import HPacker, TextArea
from matplotlib.ticker import MaxNLocator

from reporting.svg import Messages, with_table

# Okabe and Ito 2008: distinguishable to colour-blind readers; line styles and markers repeat it.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#8A8A00")
LINE_STYLES = ("-", "--", "-.", ":", (0, (8, 3)), (0, (5, 2, 1, 2, 1, 2)), (0, (1, 3)))
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


def style_of(number):
    """Colour, line style and marker of the row with this number: hollow from the eighth on."""
    turn, number = divmod(number, len(COLOURS))
    return {
        "color": COLOURS[number],
        "linestyle": LINE_STYLES[number],
        "marker": MARKERS[number],
        "markerfacecolor": "none" if turn % 2 else COLOURS[number],
    }


def artists_of(mark):
    """The artists of what a function of matplotlib's axes returned."""
    return mark.get_children() if isinstance(mark, Container) else [mark]


def of_row(number, *marks):
    """Note that marks are of the row with this number: a page may hide or highlight them."""
    for mark in marks:
        for artist in artists_of(mark):
            artist.set_gid(f"row-{number}")


# What a user's matplotlibrc says of text, sizes and lines does not count.
DEFAULTS = {key: value for key, value in matplotlib.rcParamsDefault.items() if key != "backend"}


@contextmanager
def drawing(width_inches, height_inches, **grid):
    """An empty (figure, axes, say) in the style of the report, for the block.

    grid: arguments of matplotlib's subplots; say: Messages, through which every text goes that is
    no name or number.
    """
    with matplotlib.rc_context(DEFAULTS | STYLE):
        figure = Figure(figsize=(width_inches, height_inches))
        yield figure, figure.subplots(**grid), Messages()


def over_steps(axes, say):
    """Make the horizontal axis one of steps."""
    axes.set_xlabel(say("step"))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))


def legend_below(figure, axes, is_of_rows=False):
    """One legend for the figure, with the marks of `axes`, each once.

    is_of_rows: whether each is the mark of a row, as `of_row` noted.
    """
    most = round(100 / 8.2 * figure.get_figwidth())
    marks = dict(zip(*reversed(axes.get_legend_handles_labels()), strict=True))
    # In letters: a mark takes some seven, and there is room for a hundred in 8.2 inches.
    widths = [len(mark) + 7 for mark in marks]
    is_one_row = sum(widths) <= most
    columns = len(marks) if is_one_row else max(1, most // max(widths))
    legend = figure.legend(marks.values(), marks.keys(), loc="outside lower center", ncols=columns)
    for entry in legend.findobj(HPacker) if is_of_rows else ():
        if isinstance(name := entry.get_children()[-1], TextArea):
            gid = artists_of(marks[name.get_text()])[0].get_gid()
            for artist in (*entry.get_children()[0].get_children(), *name.get_children()):
                artist.set_gid(gid)


def svg_text(figure, say, table=()):
    """A figure as SVG text: its size, its ink and the language of its messages are the page's.

    table: the numbers that it shows, as `with_table` takes them.
    """
    figure.set_layout_engine("constrained")
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    svg = buffer.getvalue()
    svg = svg[svg.index("<svg") :].replace(INK, "currentColor")
    svg = re.sub(r"<metadata>.*?</metadata>\s*", "", svg, flags=re.DOTALL)
    svg = re.sub(r' id="row-(\d+)"', r' data-row="\1"', svg)
    # Sizes in points would be fixed; the view box alone lets the page decide.
    svg = re.sub(r'(<svg[^>]*?) (?:width|height)="[^"]*"', r"\1", svg)
    svg = re.sub(r'(<svg[^>]*?) (?:width|height)="[^"]*"', r"\1", svg)
    # Comments, and the space between elements: a page with many figures would keep each as a node.
    svg = re.sub(r">\s+<", "><", re.sub(r"<!--.*?-->", "", svg, flags=re.DOTALL))
    # A hundredth of a point is finer than any screen.
    svg = re.sub(r' d="[^"]*"', lambda path: re.sub(r"(\.\d\d)\d+", r"\1", path[0]), svg)
    svg = say.keep(svg)
    svg = re.sub(r"font(-family)?: ([^;\"]*?)'DejaVu Sans'[^;\"]*", r"font\1: \2sans-serif", svg)
    return with_table(svg, table)
