"""Show what the augmentations of a recipe make of training images: pixels before and after."""

import argparse
from pathlib import Path

import numpy as np

from cifarlab.datasets.store import load_split
from cifarlab.training.contact_sheet import Augmentations, contact_sheet
from engine.command import run_command
from engine.files import new_files
from engine.settings import settings_from_json


def argument_parser():
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("--dataset", type=Path, required=True, help="train.json of the data set")
    add("--augmentations", required=True, help="of a recipe, as a JSON list")
    add("--sheet", type=Path, required=True, help="NPZ file to write: before, after, shares")
    return parser


def augmentations_of(arguments):
    return settings_from_json(Augmentations, arguments.augmentations)


def main(arguments):
    sheet = contact_sheet(load_split(arguments.dataset), augmentations_of(arguments))
    with new_files(arguments.sheet) as (path,), open(path, "wb") as file:
        np.savez(file, **sheet)


if __name__ == "__main__":
    run_command(
        argument_parser(),
        main,
        inputs=["dataset"],
        outputs=["sheet"],
        code=lambda a: [part.code_file for part in augmentations_of(a)],
    )
