"""Render the report from tables, records and figures, in every language: HTML and Markdown."""

import argparse
import json
from pathlib import Path

from engine.command import run_command
from engine.errors import UserError
from engine.files import new_files
from engine.provenance import source_state
from reporting.bibliography import bibliography
from reporting.figures import CODE
from reporting.gather import Results, gather
from reporting.language import load_language
from reporting.render import figures_in, render
from reporting.table_files import latex_table, markdown_table
from reporting.template_files import template_files

# The names of the files beside the report, and of those in each language.
BIBLIOGRAPHY, TABLE = "references.bib", "comparison.csv"
TABLES = {"comparison.{code}.md": markdown_table, "comparison.{code}.tex": latex_table}


def argument_parser():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--dataset",
        type=Path,
        required=True,
        help="data/manifest.json of the results to report on: the rest is read from the folders "
        "beside data/, as the results contract names them",
    )
    parser.add_argument(
        "--report",
        type=Path,
        help="folder to write report.<language>.html and report.<language>.md into; the Markdown "
        "links figures.<language>/<label>.svg beside it (default: report/ beside data/)",
    )
    parser.add_argument(
        "--languages",
        nargs="+",
        default=["en"],
        help="codes: en and those with a catalogue in locale/, the first one first (default: en)",
    )
    parser.add_argument(
        "--templates",
        type=Path,
        default="templates",
        help="folder, with its translations in locale/ (default: %(default)s)",
    )
    add_facts(parser)
    return parser


def add_facts(parser):
    """The arguments for what the report says beside the results."""
    parser.add_argument(
        "--failures",
        type=Path,
        nargs="*",
        default=[],
        help="failures/…/seed-<n>.json of failed runs",
    )
    parser.add_argument(
        "--studies", type=Path, nargs="?", help="compare/studies.csv, where there are studies"
    )
    parser.add_argument(
        "--trained",
        type=Path,
        nargs="*",
        default=[],
        help="folders runs/<model>/<recipe>/seed-<n> of all trainings: what of them was compared "
        "with nothing, range tests and contact sheets are shown of these",
    )
    parser.add_argument(
        "--corrections",
        type=Path,
        nargs="?",
        help="data/corrected_labels.json, where a list of corrected labels was given",
    )
    parser.add_argument(
        "--command", default="", help="the command line that gives these results, to be shown"
    )
    parser.add_argument(
        "--elsewhere", nargs="*", default=[], help="configuration files that are not in it"
    )
    parser.add_argument(
        "--versions",
        default="{}",
        help="JSON object of the locked versions: the report says which runs had others",
    )
    parser.add_argument(
        "--configuration", default="{}", help="JSON object, to be shown and for what was not run"
    )


def results_of(arguments):
    path = arguments.dataset.parent.parent
    return Results(path, arguments.studies, tuple(arguments.trained), arguments.corrections)


def figure_file(arguments, code, label):
    """Path of a figure that the Markdown of a language links."""
    return report_folder(arguments) / f"figures.{code}/{label}.svg"


def report_folder(arguments):
    return arguments.report or results_of(arguments).path / "report"


def main(arguments):
    content = gather(
        results_of(arguments),
        arguments.failures,
        command=arguments.command,
        elsewhere=arguments.elsewhere,
        versions=json_object(arguments, "versions"),
        configuration=json_object(arguments, "configuration"),
        source=source_state(),
    )
    languages = [
        load_language(code, arguments.templates / "locale") for code in arguments.languages
    ]
    folder = report_folder(arguments)
    texts = {folder / BIBLIOGRAPHY: bibliography(content), folder / TABLE: content.comparison_csv}
    for language in languages:
        texts |= {
            folder / name.format(code=language.code): table(content, language)
            for name, table in TABLES.items()
        }
        others = [other for other in languages if other is not language]
        figures = figures_in(content, language)
        texts |= {figure_file(arguments, language.code, name): svg for name, svg in figures.items()}
        html, markdown = render(content, arguments.templates, language, others)
        for suffix, page in (("md", markdown), ("html", html)):
            texts[folder / f"report.{language.code}.{suffix}"] = page
    with new_files(*texts) as paths:
        for path, text in zip(paths, texts.values(), strict=True):
            path.write_text(text, encoding="utf-8")


def json_object(arguments, name):
    """The JSON object that an argument holds."""
    text = getattr(arguments, name)
    try:
        value = json.loads(text)
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise UserError(f"expected a JSON object after --{name}, found {text!r}")
    return value


def outputs(arguments):
    """Paths of all that is written."""
    paths = [report_folder(arguments) / name for name in (BIBLIOGRAPHY, TABLE)]
    for code in arguments.languages:
        paths += [report_folder(arguments) / name.format(code=code) for name in TABLES]
        paths += [figure_file(arguments, code, label) for label in results_of(arguments).drawings]
        paths += [report_folder(arguments) / f"report.{code}.{kind}" for kind in ("md", "html")]
    return paths


if __name__ == "__main__":
    run_command(
        argument_parser(),
        main,
        inputs=lambda a: [
            *(*results_of(a).files(), *a.failures),
            *template_files(a.templates),
        ],
        outputs=outputs,
        code=lambda a: [*CODE.values()],
    )
