"""From content to HTML and Markdown, in one language."""

import base64
import hashlib
from pathlib import Path

import jinja2
from markupsafe import Markup

from reporting.page_data import page_data
from reporting.page_text import PageText, markdown_escape
from reporting.sections import SECTIONS, overview
from reporting.svg import inline_svg, translated

# The library of the charts, and the page's own scripts, in the order in which they run as one.
LIBRARY = "vendor/uPlot.iife.min.js"
SCRIPTS = (
    *("page", "keys", "toolbox", "theme", "table", "classes", "shapes", "touch", "charts"),
    *("comparison", "navigation", "models", "save", "view"),
)
# What a page without rows has of them.
WITHOUT_ROWS = {"page", "keys", "theme", "navigation", "save"}
STYLES = ("vendor/uPlot.min.css", "report.css")


def environment(templates):
    """The Jinja2 environment over a folder of templates; HTML ones escape what they print."""
    result = jinja2.Environment(
        loader=jinja2.FileSystemLoader(templates),
        autoescape=lambda name: name is not None and ".html" in name,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    result.filters["md"] = markdown_escape
    return result


def figures_in(content, language):
    """The figures' SVG texts by label, in `language`."""
    tag = f'<svg xml:lang="{language.tag}"'
    return {
        label: translated(svg, language).replace("<svg", tag, 1)
        for label, svg in content.figures.items()
    }


def render(content, templates, language, other_languages=()):
    """The report in one language as (HTML text, Markdown text).

    content: Content; templates: the folder of templates; language: Language; other_languages: the
    Languages in which it is rendered too, and linked. The HTML holds figures, style and scripts;
    the Markdown links figures.<language>/<label>.svg.
    """
    jinja, templates = environment(templates), Path(templates)
    figures = figures_in(content, language)
    prefixes = {label: f"f{place}" for place, label in enumerate(figures)}

    def inline(picture):
        drawn, prefix = figures[picture.label], prefixes[picture.label]
        return Markup(inline_svg(drawn, prefix, picture.description))

    scripts = scripts_of(content, templates)
    names = {
        "content": content,
        "language": language,
        "other_languages": other_languages,
        "inline": inline,
        "styles": [Markup((templates / name).read_text(encoding="utf-8")) for name in STYLES],
        "scripts": [Markup(script) for script in scripts],
        "script_hashes": [content_hash(script) for script in scripts],
        "data": Markup(page_data(content, language)),
    }
    pages = []
    for kind in ("html", "md"):
        say = PageText(language, kind == "html")
        page = jinja.get_template(f"report.{kind}.j2").render(
            names,
            _=say,
            **overview.head(content, say),
            sections=sections_of(content, say),
        )
        pages.append(page.rstrip() + "\n")
    return tuple(pages)


def scripts_of(content, templates):
    """The texts of the page's scripts."""
    names = [name for name in SCRIPTS if content.rows or name in WITHOUT_ROWS]
    own = [(templates / f"scripts/{name}.js").read_text(encoding="utf-8") for name in names]
    library = [(templates / LIBRARY).read_text(encoding="utf-8")] if content.rows else []
    return [*library, "".join(own)]


def sections_of(content, say):
    """(section, its blocks) of those that have something to say."""
    shown = [section for section in SECTIONS if section.is_shown(content)]
    return [(section, section.blocks(content, say)) for section in shown]


def content_hash(text):
    """The hash by which a content security policy allows a script that stands in the page."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
