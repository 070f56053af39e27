"""SVG text for a page with others, and for a file of its own."""

import re

STYLE = (
    "<style>svg { color: #1f2328 }"
    " @media (prefers-color-scheme: dark) { svg { color: #e6edf3 } }</style>"
)


def standalone_svg(svg):
    """`svg` for a file of its own, its ink following the reader's light or dark scheme."""
    end = svg.index(">") + 1
    return f'<?xml version="1.0" encoding="utf-8"?>\n{svg[:end]}{STYLE}{svg[end:]}'


def inline_svg(svg, prefix, description):
    """A standalone `svg` for a page with others: ids of its own, and a text for the blind."""
    svg = svg[svg.index("<svg") :].replace(STYLE, "").replace(' role="img"', "")
    svg = re.sub(r'\bid="([^"]+)"', rf'id="{prefix}-\1"', svg)
    svg = re.sub(r'href="#([^"]+)"', rf'href="#{prefix}-\1"', svg)
    svg = re.sub(r"url\(#([^)]+)\)", rf"url(#{prefix}-\1)", svg)
    return svg.replace("<svg", f'<svg role="img" aria-label="{description}"', 1)
