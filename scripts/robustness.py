"""Accuracy of a trained model on corrupted test images: every kind at every severity, as CSV."""

import argparse
from pathlib import Path

from cifarlab.datasets.inputs import Images
from cifarlab.datasets.store import load_description, load_split
from cifarlab.devices import DEVICES, choose_device, prepare_cpu
from cifarlab.evaluation.accuracy import top_k_accuracy
from cifarlab.evaluation.corrupting import corrupted
from cifarlab.evaluation.corruptions import CORRUPTIONS
from cifarlab.evaluation.prediction import predict
from cifarlab.evaluation.trained import load_trained
from cifarlab.models.families import ModelSettings
from cifarlab.training.precision import set_precision
from cifarlab.training.randomness import seed_all
from engine.command import run_command
from engine.files import new_files, write_csv
from engine.settings import settings_from_json


def argument_parser():
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("--dataset", type=Path, required=True, help="test.json of the data set")
    add("--model", required=True, help="settings of the model, as JSON")
    add("--weights", type=Path, required=True, help="weights.safetensors to read")
    add("--corruptions", nargs="+", choices=CORRUPTIONS, required=True, help="kinds of corruption")
    add("--batch-size", type=int, default=64, help="images at once (default: %(default)s)")
    add("--device", choices=DEVICES, default="auto")
    add("--threads", type=int, default=1, help="of the CPU (default: %(default)s)")
    add("--robustness", type=Path, required=True, help="CSV to write, a row per kind and severity")
    return parser


def main(arguments):
    settings = settings_from_json(ModelSettings, arguments.model)
    prepare_cpu(arguments.threads)
    device = choose_device(arguments.device)
    set_precision("fp32", device)
    split = load_split(arguments.dataset)
    n_classes = load_description(arguments.dataset)["n_classes"]
    model, inputs = load_trained(settings, n_classes, arguments.weights, device)
    rows = []
    for name in arguments.corruptions:
        corruption = CORRUPTIONS[name]
        for severity, _ in enumerate(corruption.LEVELS, 1):
            images = Images(corrupted(split.images, name, corruption, severity), inputs, device)
            # Some models draw random numbers here too.
            seed_all(0)
            logits = predict(model, images, arguments.batch_size)
            percent = 100 * top_k_accuracy(logits, split.labels, 1)
            rows.append(
                {"corruption": name, "severity": severity, "test_accuracy_percent": percent}
            )
    with new_files(arguments.robustness) as (path,):
        write_csv(path, rows)


if __name__ == "__main__":
    run_command(
        argument_parser(),
        main,
        inputs=["dataset", "weights"],
        outputs=["robustness"],
        code=lambda a: [
            *settings_from_json(ModelSettings, a.model).code_files,
            *(CORRUPTIONS[name].__file__ for name in a.corruptions),
        ],
    )
