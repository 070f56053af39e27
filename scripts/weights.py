"""Fetch the weights that a model starts from, check that they fit it, and keep them as tensors.

The head for other classes is left out; whatever else does not fit ends with a list of the keys.
"""

import argparse
from pathlib import Path

from cifarlab.datasets.store import load_description
from cifarlab.models.build import build_for_counting
from cifarlab.models.families import ModelSettings
from cifarlab.models.fitting import fit_to_model
from cifarlab.models.pretrained import describe_origin, locate_weights
from cifarlab.models.weights import save_weights
from cifarlab.models.weights_files import read_state
from engine.command import run_command
from engine.download import add_patience_arguments, patience_from
from engine.files import new_files
from engine.settings import settings_from_json


def argument_parser():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dataset", type=Path, required=True, help="classes.json of the data set")
    parser.add_argument("--model", required=True, help="settings of the model, as JSON")
    parser.add_argument("--downloads", type=Path, required=True, help="folder that keeps downloads")
    parser.add_argument("--weights", type=Path, required=True, help=".safetensors file to write")
    add_patience_arguments(parser)
    return parser


def main(arguments):
    settings = settings_from_json(ModelSettings, arguments.model)
    path, origin = locate_weights(settings, arguments.downloads, patience_from(arguments))
    n_classes = load_description(arguments.dataset)["n_classes"]
    model = build_for_counting(settings, n_classes)
    state, wrappers = read_state(path)
    fit = fit_to_model(state, model, settings, path)
    origin = describe_origin(origin, path, fit, wrappers)
    if "taken_off" in origin:
        removed = ", ".join(origin["taken_off"])
        print(f"all names in {path} began with {removed}, which was removed")
    for conversion, n_tensors in fit.conversions.items():
        print(f"{n_tensors} tensors of {path} are converted from {conversion}")
    with new_files(arguments.weights) as (weights_path,):
        save_weights(weights_path, fit.state, origin)


if __name__ == "__main__":
    run_command(
        argument_parser(),
        main,
        inputs=lambda a: [a.dataset, settings_from_json(ModelSettings, a.model).local_weights],
        outputs=["weights"],
        code=lambda a: settings_from_json(ModelSettings, a.model).code_files,
    )
