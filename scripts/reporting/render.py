"""From content to HTML and Markdown, in one language."""

import base64
import hashlib
import json
import math
import re
from pathlib import Path

import jinja2
from markupsafe import Markup, escape

from reporting import statements
from reporting.analysis import (
    analyse,
    cell_anchor,
    class_anchor,
    verdict_anchor,
)
from reporting.checklist import checklist
from reporting.language import N_
from reporting.layers import structure_text
from reporting.messages import translated
from reporting.names import COMMON_FIGURES, ENTRY_FIGURES
from reporting.numbers import number
from reporting.svg import inline_svg
from reporting.wording import Words, markdown_escape
from reporting.words import (
    CAPTIONS,
    COLUMNS,
    COSTS,
    VERDICTS,
)

DESCRIPTIONS = {
    "accuracy": N_(
        "Chart: top-1 test accuracy of every model with its 95 % interval, each run, and what was "
        "published"
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
# Columns of the comparison that a model's section repeats.
RESULTS = (
    *("test_accuracy_percent", "test_accuracy_low_percent", "test_accuracy_high_percent", "rank"),
    *("top5_accuracy_percent", "superclass_accuracy_percent", "test_loss", "min_loss"),
    *("final_loss", "train_seconds", "images_per_second", "peak_memory_mb", "total_params"),
    *("multiply_adds", "latency_median_ms"),
)


def folded_json(value):
    """A JSON object as indented text, short objects and lists on one line."""
    text = json.dumps(value, indent=2, ensure_ascii=False)
    return re.sub(
        r"([\[{])\n\s+([^\[\]{}]{1,150}?)\n\s+([\]}])",
        lambda match: f"{match[1]}{' '.join(match[2].split())}{match[3]}",
        text,
    )


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
    """The figures' SVG texts by name, in `language`."""
    tag = f'<svg xml:lang="{language.tag}"'
    return {
        name: translated(svg, language).replace("<svg", tag, 1)
        for name, svg in content.figures.items()
    }


def provenance(content, say):
    """Where the results come from, as (name, what to show)."""
    source, images = content.manifest["source"], content.manifest["sha256"]["test_images.npy"]
    state = say(N_("no git checkout"))
    if content.source:
        changes = N_("with uncommitted changes") if content.source["dirty"] else N_("clean")
        commit = say.code(content.source["commit"])
        state = say(N_("%(name)s (%(rest)s)"), name=commit, rest=say(changes))
    if content.is_synthetic:
        values = {"seed": str(source["seed"])}
        values |= {"train": source["train_per_class"], "test": source["test_per_class"]}
        message = N_("seed %(seed)s, images per class: %(train)s + %(test)s")
        origin = N_("drawn with"), say(message, **values)
    else:
        origin = N_("archive"), Markup("MD5 ") + say.code(source["md5"])
    return [
        (N_("source"), state),
        (N_("data set"), say.name(content.dataset_name)),
        origin,
        (N_("test images"), Markup("SHA-256 ") + say.code(images)),
    ]


def aligned(text):
    """A table in a monospaced font as HTML, Chinese letters as wide as two others."""

    def two_columns(match):
        return f'<span class="cjk" style="width:{2 * len(match[0])}ch">{match[0]}</span>'

    return Markup(re.sub(r"[\u4e00-\u9fff]+", two_columns, str(escape(text))))


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

        def layers(entry, say=say):
            text = structure_text(entry.cost["structure"], language)
            return aligned(text) if say.is_html else text

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
            "columns": COLUMNS,
            "verdicts": VERDICTS,
            "statements": statements,
            "analysis": analyse(content),
            "checklist": checklist(content),
            "cell_anchor": cell_anchor,
            "class_anchor": class_anchor,
            "verdict_anchor": verdict_anchor,
            "inline": inline,
            "descriptions": descriptions,
            "layers": layers,
            "folded_json": folded_json,
            "results": RESULTS,
            "captions": CAPTIONS,
            "costs": [(name, say(title)) for name, title in COSTS.items()],
            "provenance": provenance(content, say),
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

    data = {
        "csv": content.comparison_csv,
        "entries": [
            {
                "title": entry.title,
                "accuracy": entry.accuracy,
                "interval": entry.interval,
                "told": "{} ({}–{})".format(
                    *(number(value, 2) for value in (entry.accuracy, *entry.interval))
                ),
                "costs": {name: entry.measured[name] for name in COSTS},
            }
            for entry in content.entries
        ],
        "pareto": {cost: content.pareto(cost) for cost in COSTS},
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
            "comma": language(N_(", ")),
            "colon": language(N_(": ")),
            "semicolon": language(N_("; ")),
            "costs": {name: language(title) for name, title in COSTS.items()},
        },
    }
    text = json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c")
