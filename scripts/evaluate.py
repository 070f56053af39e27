"""Run a trained model over the test split, once: logits and labels as predictions.npz.

Where its recipe held out a share of the training split, also over that, in arrays of their own.
"""

import argparse
import math
from pathlib import Path

from cifarlab.datasets.inputs import Images
from cifarlab.datasets.store import load_description, load_split
from cifarlab.devices import DEVICES, choose_device, prepare_cpu
from cifarlab.evaluation.logits import save_predictions
from cifarlab.evaluation.prediction import predict, with_flips
from cifarlab.evaluation.trained import load_trained
from cifarlab.models.families import ModelSettings
from cifarlab.training.precision import set_precision
from cifarlab.training.randomness import seed_all
from cifarlab.training.validation import hold_out
from engine.command import run_command
from engine.errors import UserError
from engine.files import new_files
from engine.settings import settings_from_json


def argument_parser():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dataset", type=Path, required=True, help="test.json of the data set")
    parser.add_argument("--model", required=True, help="settings of the model, as JSON")
    parser.add_argument("--weights", type=Path, required=True, help="weights.safetensors to read")
    parser.add_argument(
        "--batch-size", type=int, default=64, help="images at once (default: %(default)s)"
    )
    parser.add_argument(
        "--flips", action="store_true", help="also write mean logits of images and mirror images"
    )
    parser.add_argument(
        "--train", type=Path, nargs="?", help="train.json, for the images that were held out"
    )
    parser.add_argument(
        "--validation",
        type=float,
        default=0.0,
        help="share of the training split that was held out (default: %(default)s)",
    )
    parser.add_argument("--device", choices=DEVICES, default="auto")
    parser.add_argument("--threads", type=int, default=1, help="of the CPU (default: %(default)s)")
    parser.add_argument("--predictions", type=Path, required=True, help="NPZ file to write")
    return parser


def main(arguments):
    settings = settings_from_json(ModelSettings, arguments.model)
    if arguments.validation and arguments.train is None:
        raise UserError("expected --train beside --validation, found none; name the train.json")
    prepare_cpu(arguments.threads)
    device = choose_device(arguments.device)
    set_precision("fp32", device)
    split = load_split(arguments.dataset)
    n_classes = load_description(arguments.dataset)["n_classes"]
    model, inputs = load_trained(settings, n_classes, arguments.weights, device)
    # Some models draw random numbers here too.
    seed_all(0)
    images = Images(split.images, inputs, device)
    logits, flipped = predict(model, images, arguments.batch_size), None
    if arguments.flips:
        flipped = with_flips(logits, model, images, arguments.batch_size)
    validation = None
    if arguments.validation:
        images, labels = held_out(arguments, inputs, device)
        validation = predict(model, images, arguments.batch_size), labels
    if not all(math.isfinite(abs(found).max()) for found in (logits, *(validation or ())[:1])):
        raise UserError(
            f"the model of {arguments.weights} gives logits that are not finite; "
            "its training diverged, lower the recipe's learning rate"
        )
    with new_files(arguments.predictions) as (path,):
        save_predictions(path, logits, split.labels, flipped, validation)


def held_out(arguments, inputs, device):
    """(Images, labels int64 [n_images]) of the share of the training split that was held out."""
    # Not above: `engine`, which says how seldom to look for garbage, comes before torch.
    import torch

    split = load_split(arguments.train)
    _, index = hold_out(torch.tensor(split.labels), arguments.validation)
    # Only these are read from the disk.
    return Images(split.images[index.numpy()], inputs, device), split.labels[index.numpy()]


if __name__ == "__main__":
    run_command(
        argument_parser(),
        main,
        inputs=["dataset", "weights", "train"],
        outputs=["predictions"],
        code=lambda a: settings_from_json(ModelSettings, a.model).code_files,
    )
