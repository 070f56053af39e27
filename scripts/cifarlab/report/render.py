"""From content to HTML and Markdown."""

import html
import math
import re
from pathlib import Path

import jinja2
from markupsafe import Markup

from cifarlab.report.layers import structure_text
from cifarlab.report.names import entry_titles, loss_figure_name
from cifarlab.report.svg import inline_svg


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


def describe_figures(content):
    """What each figure of a report shows, for those who cannot see it: a dict by its name."""
    titles = entry_titles((entry.model, entry.recipe) for entry in content.entries)
    descriptions = {
        "accuracy": "Bar chart: top-1 test accuracy of every model, with each run as a dot",
        "losses": "Line chart: smoothed training loss over steps, one line per model",
    }
    for model in content.models:
        descriptions[f"structure.{model}"] = f"Structure of {model}"
    for (model, recipe), title in titles.items():
        descriptions[loss_figure_name(model, recipe)] = (
            f"Line chart: training loss of {title} over steps, one line per seed"
        )
    return descriptions


def render(content, templates):
    """The report as (HTML text, Markdown text).

    content: Content; templates: the folder of templates. The HTML holds its figures and its style;
    the Markdown links figures/<name>.svg.
    """
    jinja = environment(templates)
    titles = entry_titles((entry.model, entry.recipe) for entry in content.entries)
    descriptions = describe_figures(content)
    prefixes = {name: f"f{number}" for number, name in enumerate(descriptions)}

    def inline(name):
        description = html.escape(descriptions[name])
        return Markup(inline_svg(content.figures[name], prefixes[name], description))

    names = {
        "content": content,
        "inline": inline,
        "loss_figure": lambda entry: loss_figure_name(entry.model, entry.recipe),
        "descriptions": descriptions,
        "title": lambda entry: titles[entry.model, entry.recipe],
        "structure_text": structure_text,
        "style": Markup((Path(templates) / "report.css").read_text(encoding="utf-8")),
    }
    return tuple(
        jinja.get_template(f"report.{kind}.j2").render(names).rstrip() + "\n"
        for kind in ("html", "md")
    )
