"""Render the report from tables, records and figures, in every language: HTML and Markdown."""

import argparse
import json
from pathlib import Path

from cifarlab.command import run_command
from cifarlab.files import new_files
from cifarlab.provenance import source_state
from cifarlab.report.content import gather
from cifarlab.report.language import NAMES, load_language
from cifarlab.report.render import figures_in, render
from cifarlab.results import files_of_runs

TABLES = ("runs", "comparison", "published", "verdicts", "classes", "confusions")


def argument_parser():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dataset", type=Path, required=True, help="manifest.json of the data set")
    parser.add_argument(
        "--comparison", type=Path, required=True, help="folder of the tables of the comparison"
    )
    parser.add_argument(
        "--runs", type=Path, nargs="+", required=True, help="folders runs/<model>/<recipe>/seed-<n>"
    )
    parser.add_argument(
        "--costs",
        type=Path,
        nargs="+",
        required=True,
        help="cost/<model>.json of every model, with its drawing <model>.svg beside it",
    )
    parser.add_argument(
        "--figures", type=Path, nargs="+", required=True, help="SVG files of the other figures"
    )
    parser.add_argument(
        "--failures",
        type=Path,
        nargs="*",
        default=[],
        help="failures/…/seed-<n>.json of failed runs",
    )
    parser.add_argument(
        "--languages",
        nargs="+",
        choices=NAMES,
        default=["en"],
        help="of the report, the first one first (default: %(default)s)",
    )
    parser.add_argument(
        "--command", default="", help="what makes these results again, to be told in the report"
    )
    parser.add_argument(
        "--versions",
        default="{}",
        help="JSON object of the locked versions: the report says which runs had others",
    )
    parser.add_argument(
        "--configuration", default="{}", help="JSON object, to be shown and for what was not run"
    )
    parser.add_argument(
        "--templates",
        type=Path,
        default="templates",
        help="folder, with its translations in locale/ (default: %(default)s)",
    )
    parser.add_argument(
        "--report",
        type=Path,
        required=True,
        help="folder to write report.<language>.html and report.<language>.md into; the Markdown "
        "links figures.<language>/<name>.svg beside it",
    )
    return parser


def main(arguments):
    content = gather(
        arguments.dataset,
        arguments.comparison,
        arguments.runs,
        arguments.costs,
        arguments.figures,
        arguments.failures,
        command=arguments.command,
        versions=json.loads(arguments.versions),
        configuration=json.loads(arguments.configuration),
        source=source_state(),
    )
    languages = [
        load_language(code, arguments.templates / "locale") for code in arguments.languages
    ]
    texts = {}
    for language in languages:
        others = [other for other in languages if other is not language]
        html, markdown = render(content, arguments.templates, language, others)
        texts |= {
            figure_path(arguments, language.code, name): svg
            for name, svg in figures_in(content, language).items()
        }
        texts[arguments.report / f"report.{language.code}.md"] = markdown
        texts[arguments.report / f"report.{language.code}.html"] = html
    with new_files(*texts) as paths:
        for path, text in zip(paths, texts.values(), strict=True):
            path.write_text(text, encoding="utf-8")


def figure_path(arguments, code, name):
    """Path of a figure that the Markdown of a language links."""
    return arguments.report / f"figures.{code}/{name}.svg"


def outputs(arguments):
    """Paths of all that is written."""
    names = [figure.stem for figure in arguments.figures]
    names += [f"structure.{cost.stem}" for cost in arguments.costs]
    paths = []
    for code in arguments.languages:
        paths += [figure_path(arguments, code, name) for name in names]
        paths += [arguments.report / f"report.{code}.{kind}" for kind in ("md", "html")]
    return paths


if __name__ == "__main__":
    run_command(
        argument_parser(),
        main,
        settings=["runs", "command", "versions", "languages"],
        inputs=lambda a: [
            *(a.dataset, *a.figures, *a.failures),
            *(a.comparison / f"{name}.csv" for name in TABLES),
            *files_of_runs(a.runs, "training.json", "history.csv", "epochs.csv"),
            *(file for cost in a.costs for file in (cost, cost.with_suffix(".svg"))),
            *(file for file in sorted(a.templates.rglob("*")) if file.is_file()),
        ],
        outputs=outputs,
    )
