"""Draw one figure of the report, as an SVG file."""

import argparse
from pathlib import Path

from engine.command import run_command
from engine.files import new_files
from reporting.figures import FIGURES
from reporting.svg import standalone_svg


def argument_parser():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--figure", type=Path, required=True, help="SVG file to write")
    kinds = parser.add_subparsers(dest="kind", required=True)
    for name, module in FIGURES.items():
        kind = kinds.add_parser(name, help=module.__doc__, description=module.__doc__)
        module.add_arguments(kind)
    return parser


def main(arguments):
    svg = FIGURES[arguments.kind].draw(arguments)
    with new_files(arguments.figure) as (path,):
        path.write_text(standalone_svg(svg), encoding="utf-8")


if __name__ == "__main__":
    run_command(
        argument_parser(),
        main,
        inputs=lambda a: FIGURES[a.kind].inputs(a),
        outputs=["figure"],
        code=lambda a: [FIGURES[a.kind].__file__],
    )
