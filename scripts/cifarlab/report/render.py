"""From content to HTML and Markdown."""

import html
import math
import re
from pathlib import Path

import jinja2
from markupsafe import Markup

from cifarlab.report import figures


def number(value, digits=None):
    """A number for people: separated thousands, `digits` after the point, a dash if missing."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "–"
    return f"{value:,.{digits}f}" if digits is not None else f"{value:,}"


def duration(seconds):
    """Seconds as a person would say them."""
    if seconds < 120:
        return f"{seconds:.1f} s"
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {seconds} s"


def shape(sizes):
    """(3, 32, 32) as 3 × 32 × 32."""
    return " × ".join(map(str, sizes))


def settings_text(value):
    """One setting for people: nested ones in parentheses after the name."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if not isinstance(value, dict):
        return str(value)
    rest = ", ".join(f"{label(key)} {item}" for key, item in value.items() if key != "name")
    return f"{value['name']} ({rest})" if "name" in value else rest


def label(key):
    """learning_rate as "learning rate"."""
    return key.replace("_", " ")


def markdown_escape(value):
    """Text that means itself in Markdown, inside a table cell too."""
    return re.sub(r"([\\`*_{}\[\]<>|#~])", r"\\\1", " ".join(str(value).split()))


def environment(templates):
    """The Jinja2 environment over a folder of templates; HTML ones escape what they print."""
    result = jinja2.Environment(
        loader=jinja2.FileSystemLoader(templates),
        autoescape=lambda name: name is not None and ".html" in name,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    result.filters.update(
        number=number,
        duration=duration,
        shape=shape,
        settings_text=settings_text,
        label=label,
        md=markdown_escape,
    )
    return result


def draw_figures(content):
    """All figures of a report: a dict from name to (SVG text, description)."""
    drawn = {
        "accuracy": (
            figures.accuracy_figure(content),
            "Bar chart: top-1 test accuracy of every model, with each run as a dot",
        ),
        "losses": (
            figures.losses_figure(content),
            "Line chart: smoothed training loss over steps, one line per model",
        ),
    }
    for entry in content.entries:
        title = figures.entry_title(content, entry)
        drawn[f"structure.{entry.model}"] = (entry.structure, f"Structure of {entry.model}")
        drawn[figure_name(entry)] = (
            figures.loss_figure(content, entry),
            f"Line chart: training loss of {title} over steps, one line per seed",
        )
    return drawn


def figure_name(entry):
    """Name of the loss figure of an entry; no model's or recipe's name has a plus."""
    return f"loss.{entry.model}+{entry.recipe}"


def render(content, drawn, templates):
    """The report as (HTML text, Markdown text).

    content: Content; drawn: as `draw_figures` returns them; templates: the folder of templates.
    The HTML holds its figures and its style; the Markdown links figures/<name>.svg.
    """
    jinja = environment(templates)
    prefixes = {name: f"f{number}" for number, name in enumerate(drawn)}

    def inline(name):
        svg, description = drawn[name]
        return Markup(figures.inline_svg(svg, prefixes[name], html.escape(description)))

    names = {
        "content": content,
        "inline": inline,
        "figure_name": figure_name,
        "descriptions": {name: description for name, (_, description) in drawn.items()},
        "title": lambda entry: figures.entry_title(content, entry),
        "style": Markup((Path(templates) / "report.css").read_text(encoding="utf-8")),
    }
    return tuple(
        jinja.get_template(f"report.{kind}.j2").render(names).rstrip() + "\n"
        for kind in ("html", "md")
    )
