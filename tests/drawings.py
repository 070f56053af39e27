"""Figures drawn from results on disk, by the project's own command."""

import figure as command
from cifarlab.comparison.results import RunFolder


def run(command, *words):
    """Run one of the project's commands in this process."""
    command.main(command.argument_parser().parse_args([str(word) for word in words]))


def draw_figure(results, figure, runs):
    """Draw a Figure of folders of runs below results/<dataset>/; returns the file."""
    first = RunFolder(runs[0])
    names = {"model": first.model, "recipe": first.recipe, "first_seed": first.seed}
    path = results / figure.file.format(**names)
    words = [figure.name, "--figure", path]
    words += ["--files", *(results / file.format(**names) for file in figure.files.values())]
    words += ["--runs", *(runs if figure.runs else [])]
    run(command, *words)
    return path
