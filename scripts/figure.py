"""Draw one figure of the report, as an SVG file."""

import argparse
from pathlib import Path

from engine.command import run_command
from engine.errors import UserError
from engine.files import new_files
from reporting.figures import CODE, FIGURES
from reporting.svg import standalone_svg


def argument_parser():
    parser = argparse.ArgumentParser(
        description=__doc__,
        epilog="figures:\n" + "\n".join(f"  {name}: {f.reads}" for name, f in FIGURES.items()),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("kind", choices=FIGURES, metavar="FIGURE", help="one of those below")
    parser.add_argument("--figure", type=Path, required=True, help="SVG file to write")
    parser.add_argument(
        "--files", type=Path, nargs="*", default=[], help="what the figure reads, in its order"
    )
    parser.add_argument(
        "--runs", type=Path, nargs="*", default=[], help="folders runs/<model>/<recipe>/seed-<n>"
    )
    return parser


def read_by(arguments):
    """What the figure reads, by the names of its `draw`: files, and folders of runs."""
    figure, files = FIGURES[arguments.kind], arguments.files
    # Of studies all runs may have failed.
    needs_runs = figure.runs and figure.per != "studies"
    is_right = bool(figure.runs) if arguments.runs else not needs_runs
    if len(files) != len(figure.files) or not is_right:
        raise UserError(
            f"expected for {arguments.kind} {figure.reads}, found {len(files)} files and "
            f"{len(arguments.runs)} runs"
        )
    files = dict(zip(figure.files, files, strict=True))
    return {**files, "runs": arguments.runs} if figure.runs else files


def main(arguments):
    svg = FIGURES[arguments.kind].draw(**read_by(arguments))
    with new_files(arguments.figure) as (path,):
        path.write_text(standalone_svg(svg), encoding="utf-8")


if __name__ == "__main__":
    run_command(
        argument_parser(),
        main,
        inputs=lambda a: FIGURES[a.kind].inputs(a.files, a.runs),
        outputs=["figure"],
        code=lambda a: [CODE[a.kind]],
    )
