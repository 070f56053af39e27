"""Do all that a run of one model and recipe does, once on a few images, before the work begins."""

import argparse
from pathlib import Path

from cifarlab.devices import choose_device
from cifarlab.training.arguments import add_row_arguments, row_code, row_settings
from cifarlab.training.rehearsal import rehearse
from cifarlab.training.run import prepare_torch
from engine.command import run_command
from engine.files import folder_beside, new_files, to_json


def argument_parser():
    parser = argparse.ArgumentParser(description=__doc__)
    add_row_arguments(parser)
    parser.add_argument(
        "--rehearsal", type=Path, required=True, help="JSON file to write: what the runs go by"
    )
    return parser


def main(arguments):
    model_settings, recipe = row_settings(arguments)
    prepare_torch(recipe, arguments.threads)
    device = choose_device(arguments.device)
    initial = arguments.initial_weights
    with folder_beside(arguments.rehearsal) as folder:
        rehearsal = rehearse(arguments.dataset, model_settings, recipe, initial, device, folder)
    with new_files(arguments.rehearsal) as (path,):
        path.write_text(to_json(rehearsal), encoding="utf-8")


if __name__ == "__main__":
    run_command(
        argument_parser(),
        main,
        inputs=["dataset", "initial_weights"],
        outputs=["rehearsal"],
        code=row_code,
    )
