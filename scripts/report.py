"""Render the report from tables, records and figures, in every language: HTML and Markdown."""

import argparse
import json
from pathlib import Path

from cifarlab.comparison.results import files_of_runs, read_table
from engine.command import run_command
from engine.errors import UserError
from engine.files import new_files
from engine.provenance import source_state
from reporting.content import gather
from reporting.language import NAMES, load_language
from reporting.names import figure_name, figure_names
from reporting.render import figures_in, render

TABLES = ("runs", "comparison", "published", "verdicts", "classes", "confusions")


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
        help="folder to write report.<language>.html and report.<language>.md into; the Markdown "
        "links figures.<language>/<name>.svg beside it (default: report/ beside data/)",
    )
    return parser


class Sources:
    """Where a report's sources and outputs are. arguments: of the command."""

    def __init__(self, arguments):
        self.results = arguments.dataset.parent.parent
        self.report = arguments.report or self.results / "report"
        self.tables = [self.results / f"compare/{name}.csv" for name in TABLES]
        rows = read_table(self.tables[0], ["model", "recipe", "seed"]).itertuples()
        runs = [(row.model, row.recipe, row.seed) for row in rows]
        folder = self.results / "runs"
        self.runs = [folder / f"{model}/{recipe}/seed-{seed}" for model, recipe, seed in runs]
        models = dict.fromkeys(model for model, _, _ in runs)
        self.costs = [self.results / f"cost/{model}.json" for model in models]
        names = figure_names(dict.fromkeys(run[:2] for run in runs))
        self.figures = [self.results / f"figures/{name}.svg" for name in names]
        self.figures += [cost.with_suffix(".svg") for cost in self.costs]

    def inputs(self):
        """Paths of all that is read, without failures and templates."""
        histories = files_of_runs(self.runs, "training.json", "history.csv", "epochs.csv")
        return [*self.tables, *histories, *self.costs, *self.figures]

    def figure(self, code, name):
        """Path of a figure that the Markdown of a language links."""
        return self.report / f"figures.{code}/{name}.svg"


def main(arguments):
    sources = Sources(arguments)
    content = gather(
        arguments.dataset,
        sources.results / "compare",
        sources.runs,
        sources.costs,
        sources.figures,
        arguments.failures,
        command=arguments.command,
        versions=json_object(arguments, "versions"),
        configuration=json_object(arguments, "configuration"),
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
            sources.figure(language.code, name): svg
            for name, svg in figures_in(content, language).items()
        }
        texts[sources.report / f"report.{language.code}.md"] = markdown
        texts[sources.report / f"report.{language.code}.html"] = html
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
    sources = Sources(arguments)
    names = [figure_name(path) for path in sources.figures]
    paths = []
    for code in arguments.languages:
        paths += [sources.figure(code, name) for name in names]
        paths += [sources.report / f"report.{code}.{kind}" for kind in ("md", "html")]
    return paths


if __name__ == "__main__":
    run_command(
        argument_parser(),
        main,
        inputs=lambda a: [
            *(a.dataset, *a.failures, *Sources(a).inputs()),
            *(file for file in sorted(a.templates.rglob("*")) if file.is_file()),
        ],
        outputs=outputs,
    )
