"""Render the report from tables, records and figures: one HTML file and one Markdown file."""

import argparse
import json
from pathlib import Path

from cifarlab.command import run_command
from cifarlab.files import new_files
from cifarlab.report.content import gather
from cifarlab.report.render import render
from cifarlab.results import files_of_runs


def argument_parser():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dataset", type=Path, required=True, help="manifest.json of the data set")
    parser.add_argument("--runs-csv", type=Path, required=True, help="runs.csv to read")
    parser.add_argument("--comparison", type=Path, required=True, help="comparison.csv to read")
    parser.add_argument("--published", type=Path, required=True, help="compare/published.csv")
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
        "--command", default="", help="what makes these results again, to be told in the report"
    )
    parser.add_argument(
        "--versions",
        default="{}",
        help="JSON object of the locked versions: the report says which runs had others",
    )
    parser.add_argument(
        "--templates", type=Path, default="templates", help="folder (default: %(default)s)"
    )
    parser.add_argument("--html", type=Path, required=True, help="HTML file to write")
    parser.add_argument(
        "--markdown",
        type=Path,
        required=True,
        help="Markdown file to write; it links figures/<name>.svg beside it, where copies of the "
        "models' drawings go",
    )
    return parser


def main(arguments):
    content = gather(
        arguments.dataset,
        arguments.runs_csv,
        arguments.comparison,
        arguments.published,
        arguments.runs,
        arguments.costs,
        arguments.figures,
        arguments.failures,
        arguments.command,
        json.loads(arguments.versions),
    )
    html, markdown = render(content, arguments.templates)
    texts = {
        **{
            drawing(arguments, model): content.figures[f"structure.{model}"]
            for model in content.models
        },
        arguments.markdown: markdown,
        arguments.html: html,
    }
    with new_files(*texts) as paths:
        for path, text in zip(paths, texts.values(), strict=True):
            path.write_text(text, encoding="utf-8")


def drawing(arguments, model):
    """Path of the copy of a model's drawing that the Markdown links."""
    return arguments.markdown.parent / f"figures/structure.{model}.svg"


if __name__ == "__main__":
    run_command(
        argument_parser(),
        main,
        settings=["runs", "command", "versions"],
        inputs=lambda a: [
            *(a.dataset, *a.figures, *a.failures),
            *(a.runs_csv, a.comparison, a.published),
            *files_of_runs(a.runs, "training.json"),
            *(file for cost in a.costs for file in (cost, cost.with_suffix(".svg"))),
            *(file for file in sorted(a.templates.rglob("*")) if file.is_file()),
        ],
        outputs=lambda a: [
            *(a.html, a.markdown),
            *(drawing(a, cost.stem) for cost in a.costs),
        ],
    )
