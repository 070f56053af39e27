"""Count what one model needs: parameters, layers, and the published total size."""

import argparse
from pathlib import Path

import torch

from cifarlab.cost import model_cost
from cifarlab.dataset.store import load_manifest
from cifarlab.errors import run_command
from cifarlab.files import new_files, to_json
from cifarlab.models import ModelSettings, build_model
from cifarlab.settings import settings_from_json


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dataset", type=Path, required=True, help="manifest.json of the data set")
    parser.add_argument("--model", required=True, help="settings of the model, as JSON")
    parser.add_argument("--cost", type=Path, required=True, help="JSON file to write")
    return parser.parse_args()


def main():
    arguments = parse_arguments()
    settings = settings_from_json(ModelSettings, arguments.model)
    manifest = load_manifest(arguments.dataset)
    height, width, channels = manifest["image_shape"]
    with torch.device("meta"):
        model = build_model(settings, len(manifest["fine_names"])).eval()
    cost = model_cost(model, (channels, height, width))
    with new_files(arguments.cost) as (path,):
        path.write_text(to_json(cost), encoding="utf-8")


if __name__ == "__main__":
    run_command(main)
