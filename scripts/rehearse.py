"""Do all that a run of one model and recipe does, once on a few images, before the work begins."""

import argparse
from pathlib import Path

from cifarlab.devices import DEVICES, choose_device
from cifarlab.models.families import ModelSettings
from cifarlab.training.recipes import Recipe
from cifarlab.training.rehearsal import rehearse
from cifarlab.training.run import prepare_torch
from engine.command import run_command
from engine.files import folder_beside, new_files, to_json
from engine.settings import settings_from_json


def argument_parser():
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("--dataset", type=Path, required=True, help="train.json of the data set")
    add("--model", required=True, help="settings of the model, as JSON")
    add("--recipe", required=True, help="settings of the recipe, as JSON")
    add("--initial-weights", type=Path, nargs="?", help=".safetensors file of the stage weights")
    add("--versions", default="{}", help="JSON object, the locked versions, for the record")
    add("--device", choices=DEVICES, default="auto")
    add("--threads", type=int, default=1, help="of the CPU (default: %(default)s)")
    add("--rehearsal", type=Path, required=True, help="JSON file to write: what the runs go by")
    return parser


def main(arguments):
    model_settings = settings_from_json(ModelSettings, arguments.model)
    recipe = settings_from_json(Recipe, arguments.recipe)
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
        code=lambda a: [
            *settings_from_json(ModelSettings, a.model).code_files,
            *settings_from_json(Recipe, a.recipe).code_files,
        ],
    )
