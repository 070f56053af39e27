"""Render the report from the results: one HTML file, one Markdown file, and its figures."""

import argparse
import json
from pathlib import Path

from cifarlab.command import run_command
from cifarlab.files import new_files
from cifarlab.report.content import gather
from cifarlab.report.figures import standalone_svg
from cifarlab.report.render import draw_figures, render
from cifarlab.results import files_of_runs


def argument_parser():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dataset", type=Path, required=True, help="manifest.json of the data set")
    parser.add_argument("--comparison", type=Path, required=True, help="comparison.csv to read")
    parser.add_argument(
        "--runs", type=Path, nargs="+", required=True, help="folders runs/<model>/<recipe>/seed-<n>"
    )
    parser.add_argument("--costs", type=Path, nargs="+", required=True, help="cost/<model>.json")
    parser.add_argument("--published", type=Path, required=True, help="CSV of published numbers")
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
        help="Markdown file to write; its figures go into a folder figures/ beside it",
    )
    return parser


def main(arguments):
    content = gather(
        arguments.dataset,
        arguments.comparison,
        arguments.runs,
        arguments.costs,
        arguments.published,
        arguments.command,
        json.loads(arguments.versions),
    )
    drawn = draw_figures(content)
    html, markdown = render(content, drawn, arguments.templates)
    figures_folder = arguments.markdown.parent / "figures"
    figure_paths = [figures_folder / f"{name}.svg" for name in drawn]
    with new_files(*figure_paths, arguments.markdown, arguments.html) as partial_paths:
        texts = [standalone_svg(svg) for svg, _ in drawn.values()] + [markdown, html]
        for path, text in zip(partial_paths, texts, strict=True):
            path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    run_command(
        argument_parser(),
        main,
        settings=["runs", "command", "versions"],
        inputs=lambda a: [
            *(a.dataset, a.comparison, a.published),
            *files_of_runs(a.runs, "history.csv", "training.json", "metrics.json"),
            *(file for cost in a.costs for file in (cost, cost.with_suffix(".svg"))),
            *(file for file in sorted(a.templates.rglob("*")) if file.is_file()),
        ],
        outputs=lambda a: [
            *(a.html, a.markdown),
            *sorted((a.markdown.parent / "figures").glob("*.svg")),
        ],
    )
