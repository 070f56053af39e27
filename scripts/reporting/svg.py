"""SVG text for a page with others, and for a file of its own; its messages in any language.

A figure is drawn once and translated when a report is rendered: a new translation draws nothing.
"""

import csv
import html
import io
import json
import math
import re
from xml.etree import ElementTree

STYLE = (
    "<style>svg { color: #1f2328 }"
    " @media (prefers-color-scheme: dark) { svg { color: #e6edf3 } }</style>"
)

# Letters of a page are not smaller, in CSS pixels.
SMALLEST = 12
SIZE = re.compile(r'\bfont(?:-size)?(?:: |=")(?:[a-z]+ )*([\d.]+)')
# Zero wide. What stands between two of them is a message; a name that a user chose never does.
MARK = "\u2060"
TEXT = re.compile(rf"(<(?:text|tspan)\b[^>]*)>{MARK}([^<]*?){MARK}(</)")
MESSAGE = re.compile(
    r'(<(?:text|tspan)\b[^>]*?) data-message="([^"]*)" data-values="([^"]*)"([^>]*>)[^<]*(</)'
)
# Widths of letters in DejaVu Sans, the widest of the usual fonts, in ems and rounded up.
EMS = {MARK: 0} | dict.fromkeys("abcdefghijklmnopqrstuvwxyz0123456789–", 0.65)
EMS |= dict.fromkeys(" .,·:;|'ijlI", 0.35) | dict.fromkeys("!()[]-ftr", 0.44)
EMS |= dict.fromkeys("mwMWOQ@%&#×+=<>~…", 1.0)


def add(parent, tag, **attributes):
    """A new element in `parent`; text_anchor="end" becomes the attribute text-anchor."""
    named = {key.replace("_", "-"): str(value) for key, value in attributes.items()}
    return ElementTree.SubElement(parent, tag, named)


def drawing(width, height):
    """An empty drawing whose size and ink are the page's: width and height are of its view box."""
    svg = ElementTree.Element("svg", xmlns="http://www.w3.org/2000/svg", role="img")
    svg.attrib |= {"font-family": "sans-serif", "fill": "currentColor"}
    svg.set("viewBox", f"0 0 {width} {height}")
    return svg


def standalone_svg(svg):
    """`svg` for a file of its own, its ink following the reader's light or dark scheme."""
    end = svg.index(">") + 1
    return f'<?xml version="1.0" encoding="utf-8"?>\n{svg[:end]}{STYLE}{svg[end:]}'


def inline_svg(svg, prefix, description):
    """A standalone `svg` for a page with others: ids of its own, and a text for the blind."""
    svg = svg[svg.index("<svg") :].replace(STYLE, "").replace(' role="img"', "")
    used = set(re.findall(r'href="#([^"]+)"|url\(#([^)]+)\)', svg))
    used = {name for pair in used for name in pair}
    svg = re.sub(
        r' id="([^"]+)"',
        lambda match: f' id="{prefix}-{match[1]}"' if match[1] in used else "",
        svg,
    )
    svg = re.sub(r'href="#([^"]+)"', rf'href="#{prefix}-\1"', svg)
    svg = re.sub(r"url\(#([^)]+)\)", rf"url(#{prefix}-\1)", svg)
    about = f'role="img" aria-label="{description}" style="min-width: {legible_width(svg)}px"'
    return svg.replace("<svg", f"<svg {about}", 1)


def legible_width(svg):
    """The width in CSS pixels from which on the smallest letters of a drawing are legible."""
    box = re.search(r'viewBox="\S+ \S+ ([\d.]+)', svg)
    sizes = [float(size) for size in SIZE.findall(svg)]
    return math.ceil(SMALLEST * float(box[1]) / min(sizes)) if box and sizes else 0


def fitted(text, width, size):
    """`text` as long as it is surely not wider than `width`; else its start and an ellipsis."""
    shown = text = printable(text)
    while text and length(shown, size) > width:
        text = text[:-1]
        shown = text + "…"
    return shown


def length(text, size):
    """An upper bound for the usual sans-serif fonts; a bold text counts as a larger one."""
    return size * sum(EMS.get(letter, 0.78 if letter.isascii() else 1.3) for letter in text)


def printable(text):
    """`text` with all that could break a line, or that XML forbids, made visible; marks too."""
    if isinstance(text, Marked):
        return text
    return "".join(letter if letter.isprintable() else "\ufffd" for letter in text)


def with_table(svg, lines):
    """`svg` with the numbers that it shows in its metadata, as CSV.

    lines: dicts with the same keys, which are the header; floats get seven digits, NaN and None
    are empty, texts are made `printable`.
    """
    if not lines:
        return svg
    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow(map(_cell, lines[0]))
    writer.writerows([map(_cell, line.values()) for line in lines])
    end = svg.rindex("</svg>")
    return f"{svg[:end]}<metadata>{html.escape(table.getvalue())}</metadata>{svg[end:]}"


def _cell(value):
    if value is None or value != value:
        return ""
    if isinstance(value, str):
        return printable(value)
    return f"{value:.7g}" if isinstance(value, float) else value


class Marked(str):
    """A message's text between two marks."""

    __slots__ = ()


class Messages:
    """The messages of one figure: `say("seed %(seed)s", seed=0)` gives the text to draw."""

    def __init__(self):
        self.messages = {}

    def __call__(self, message, **values):
        text = message % values if values else message
        self.messages[text] = (message, values)
        return Marked(f"{MARK}{text}{MARK}")

    def keep(self, svg):
        """`svg` with every message's text as an attribute of its element."""

        def attributes(match):
            text = html.unescape(match[2])
            message, values = self.messages.get(text, (text, {}))
            words = [html.escape(word) for word in (message, json.dumps(values))]
            return (
                f'{match[1]} data-message="{words[0]}" data-values="{words[1]}">'
                f"{match[2]}{match[3]}"
            )

        return TEXT.sub(attributes, svg).replace(MARK, "")


def translated(svg, gettext):
    """`svg` in another language. gettext: a function from a message to its translation."""

    def element(match):
        message, values = html.unescape(match[2]), json.loads(html.unescape(match[3]))
        text = gettext(message) % values if values else gettext(message)
        return f"{match[1]}{match[4]}{html.escape(text, quote=False)}{match[5]}"

    return MESSAGE.sub(element, svg)
