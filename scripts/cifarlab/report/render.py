"""From content to HTML and Markdown, in one language."""

import base64
import hashlib
import json
import math
import re
from dataclasses import dataclass
from pathlib import Path

import jinja2
from markupsafe import Markup, escape

from cifarlab.report.analysis import (
    Cell,
    analyse,
    cell_anchor,
    class_anchor,
    verdict_anchor,
)
from cifarlab.report.checklist import checklist
from cifarlab.report.language import N_
from cifarlab.report.layers import structure_text
from cifarlab.report.messages import translated
from cifarlab.report.names import COMMON_FIGURES, ENTRY_FIGURES
from cifarlab.report.svg import inline_svg
from cifarlab.report.words import COLUMNS, SETTINGS, SIZE_RULES, VALUES, VERDICTS

DESCRIPTIONS = {
    "accuracy": N_(
        "Bar chart: top-1 test accuracy of every model with its 95 % interval, each run as a dot"
    ),
    "losses": N_("Line charts: smoothed training loss over steps and over seconds, a line a model"),
    "tradeoffs": N_(
        "Four charts: test accuracy against parameters, multiply-adds, latency and training time"
    ),
    "structure": N_("Diagram: the layers of %(title)s from input to class logits"),
    "loss": N_("Line charts: training loss and learning rate of %(title)s over steps"),
    "classes": N_("Bar chart: test accuracy of %(title)s on every class"),
    "examples": N_("Pictures: test images with the classes that %(title)s took them for"),
}
# The anchor of the table in which a Cell is, by the beginning of its own.
TABLES = {
    "cell": "comparison",
    "class": "classes",
    "structure": "models",
    "verdict": "published",
}


def number(value, digits=None):
    """A number for people: separated thousands, `digits` after the point, a dash if missing."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "–"
    if digits == 0:
        value = round(value)
    return f"{value:,.{digits}f}" if digits else f"{value:,}"


def markdown_escape(value):
    """Text that means itself in Markdown, inside a table cell too."""
    return re.sub(r"([\\`*_{}\[\]<>|#~])", r"\\\1", " ".join(str(value).split()))


def folded_json(value):
    """A JSON object as indented text, short objects and lists on one line."""
    text = json.dumps(value, indent=2, ensure_ascii=False)
    return re.sub(
        r"([\[{])\n\s+([^\[\]{}]{1,150}?)\n\s+([\]}])",
        lambda match: f"{match[1]}{' '.join(match[2].split())}{match[3]}",
        text,
    )


@dataclass(frozen=True)
class Words:
    """What the templates say in one language, to one kind of page.

    language: Language; is_html: whether values are escaped for HTML, else for Markdown.
    """

    language: object
    is_html: bool

    def safe(self, value):
        """A user's text as the page shows it."""
        return escape(value) if self.is_html else markdown_escape(value)

    def __call__(self, message, **values):
        """A message in the page's language; what is put into it is escaped, numbers are linked."""
        # A number and its % stay on one line.
        text = re.sub(r" (?=%(?!\())", "\u00a0", self.language(message))
        if self.is_html:
            text = escape(text)
        values = {name: self.value(value) for name, value in values.items()}
        return Markup(text % values) if values else Markup(text)

    def value(self, value):
        if isinstance(value, Cell):
            text = number(value.value, value.digits)
            if self.is_html:
                return Markup('<a href="#%s">%s</a>') % (value.anchor, text)
            # A table's cells have no anchors in Markdown.
            return f"[{text}](#{TABLES[value.anchor.partition('-')[0]]})"
        if isinstance(value, Markup):
            return value
        return self.safe(number(value) if isinstance(value, int | float) else value)

    def duration(self, seconds):
        """Seconds as a person would say them."""
        if seconds < 120:
            return self(N_("%(s)s s"), s=f"{seconds:.1f}")
        minutes, seconds = divmod(round(seconds), 60)
        hours, minutes = divmod(minutes, 60)
        if hours:
            return self(N_("%(h)s h %(min)s min"), h=hours, min=minutes)
        return self(N_("%(min)s min %(s)s s"), min=minutes, s=seconds)

    def setting_name(self, key):
        """The name of a key of a model's or recipe's settings; one that is unknown as it is."""
        return self(SETTINGS[key]) if key in SETTINGS else self.safe(key.replace("_", " "))

    def setting_value(self, value):
        """One setting for people: nested ones in parentheses after the name."""
        if isinstance(value, bool):
            return self(N_("yes")) if value else self(N_("no"))
        if isinstance(value, dict):
            parts = [
                Markup(f"{self.setting_name(key)} {self.setting_value(item)}")
                for key, item in value.items()
                if key != "name"
            ]
            rest = self(N_(", ")).join(parts)
            if "name" not in value:
                return rest
            name = self.setting_value(value["name"])
            return self(N_("%(name)s (%(rest)s)"), name=name, rest=rest) if parts else name
        if isinstance(value, str) and value in SIZE_RULES:
            return self(SIZE_RULES[value])
        if isinstance(value, str) and value in VALUES:
            return self(VALUES[value])
        return self.safe(value)


def environment(templates):
    """The Jinja2 environment over a folder of templates; HTML ones escape what they print."""
    result = jinja2.Environment(
        loader=jinja2.FileSystemLoader(templates),
        autoescape=lambda name: name is not None and ".html" in name,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    result.filters.update(number=number, md=markdown_escape)
    return result


def describe_figures(content, say):
    """What each figure of a report shows, for those who cannot see it: a dict by its name."""
    descriptions = {name: say(DESCRIPTIONS[name]) for name in COMMON_FIGURES}
    for entry in content.entries:
        for kind in ("structure", *ENTRY_FIGURES):
            descriptions[entry.figure(kind)] = say(DESCRIPTIONS[kind], title=entry.title)
    return descriptions


def figures_in(content, language):
    """The figures' SVG texts by name, their messages in `language`."""
    return {name: translated(svg, language) for name, svg in content.figures.items()}


def render(content, templates, language, other_languages=()):
    """The report in one language as (HTML text, Markdown text).

    content: Content; templates: the folder of templates; language: Language; other_languages: the
    Languages in which it is rendered too, and linked. The HTML holds figures, style and scripts;
    the Markdown links figures.<language>/<name>.svg.
    """
    jinja, templates = environment(templates), Path(templates)
    figures = figures_in(content, language)
    pages = []
    for kind in ("html", "md"):
        say = Words(language, kind == "html")
        descriptions = describe_figures(content, say)
        prefixes = {name: f"f{place}" for place, name in enumerate(descriptions)}

        def inline(name, descriptions=descriptions, prefixes=prefixes):
            return Markup(inline_svg(figures[name], prefixes[name], descriptions[name]))

        scripts = [
            (templates / name).read_text(encoding="utf-8")
            for name in ("vendor/uPlot.iife.min.js", "report.js")
        ]
        styles = [
            (templates / name).read_text(encoding="utf-8")
            for name in ("vendor/uPlot.min.css", "report.css")
        ]
        names = {
            "content": content,
            "language": language,
            "other_languages": other_languages,
            "_": say,
            "columns": {name: COLUMNS[name] for name in content.columns},
            "verdicts": VERDICTS,
            "size_rules": SIZE_RULES,
            "analysis": analyse(content),
            "checklist": checklist(content),
            "cell_anchor": cell_anchor,
            "class_anchor": class_anchor,
            "verdict_anchor": verdict_anchor,
            "inline": inline,
            "figures": figures,
            "descriptions": descriptions,
            "structure_text": structure_text,
            "folded_json": folded_json,
            "styles": [Markup(style) for style in styles],
            "scripts": [Markup(script) for script in scripts],
            "script_hashes": [content_hash(script) for script in scripts],
            "data": Markup(page_data(content, language)),
        }
        page = jinja.get_template(f"report.{kind}.j2").render(names)
        pages.append(page.rstrip() + "\n")
    return tuple(pages)


def content_hash(text):
    """The hash by which a content security policy allows a script that stands in the page."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def page_data(content, language):
    """What the scripts of the page need, as JSON that cannot end the element that holds it."""

    def short(values):
        return [None if math.isnan(value) else float(f"{value:.4g}") for value in values]

    charts = ("total_params", "multiply_adds", "latency_median_ms", "train_seconds")
    data = {
        "csv": content.comparison_csv,
        "entries": [
            {
                "title": entry.title,
                "accuracy": entry.accuracy,
                "interval": entry.interval,
                "costs": {name: entry.measured[name] for name in charts},
            }
            for entry in content.entries
        ],
        "pareto": [entry.number for entry in content.pareto],
        "curves": {
            unit: {"x": short(x), "lines": [short(line) for line in lines]}
            for unit, (x, lines) in content.curves.items()
        },
        "words": {
            "copied": language(N_("copied")),
            "rows": language(N_("%(shown)s of %(all)s rows")),
            "step": language(N_("step")),
            "second": language(N_("seconds in training")),
            "loss": language(N_("training loss, smoothed")),
            "accuracy": language(N_("test accuracy, %")),
            "pareto": language(N_("Pareto line")),
            "costs": {
                "total_params": language(N_("parameters")),
                "multiply_adds": language(N_("multiply-adds of one image")),
                "latency_median_ms": language(N_("latency of one image, ms")),
                "train_seconds": language(N_("training, s")),
            },
        },
    }
    text = json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c")
