"""From stored bytes to batches of 224×224, by the project or by torchvision: images per second.

torchvision's way is per image: PIL, Resize, ToTensor, Normalize, and a batch of 64 by DataLoader;
with one thread in the process itself, else with that many workers. The last line is JSON.
"""

import argparse
import itertools
import json
import sys
import time
from pathlib import Path

# Before the folder of this file, which has other programs of the same names.
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts"))

import torch

BATCH_SIZE = 64
SIZE = 224
WARM_UP_BATCHES = 3


def batches_of_the_project(dataset, threads):
    """Batches by cifarlab.datasets.inputs. dataset: Path of train.json."""
    from cifarlab.datasets.inputs import IMAGENET_MEAN, IMAGENET_STD, Images, InputSettings
    from cifarlab.datasets.store import load_split
    from cifarlab.training.recipes import Recipe
    from cifarlab.training.run import prepare_torch
    from engine.settings import checked_settings

    optimizer = {"name": "adam", "learning_rate": 0.001}
    recipe = {"epochs": 1, "batch_size": BATCH_SIZE, "optimizer": optimizer}
    prepare_torch(checked_settings(Recipe, recipe), threads)
    inputs = InputSettings(SIZE, IMAGENET_MEAN, IMAGENET_STD)
    images = Images(load_split(dataset).images, inputs, torch.device("cpu"))
    for index in torch.randperm(len(images)).split(BATCH_SIZE):
        yield images.batch(index)


def batches_of_torchvision(folder, threads):
    """Batches by torchvision. folder: with cifar-100-python/."""
    from plain import Cifar100
    from torch.utils.data import DataLoader
    from torchvision import transforms

    torch.set_num_threads(1)
    steps = [
        transforms.Resize(SIZE),
        transforms.ToTensor(),
        transforms.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]),
    ]
    images = Cifar100(folder, train=True, transform=transforms.Compose(steps))
    workers = 0 if threads == 1 else threads
    for batch, _ in DataLoader(images, BATCH_SIZE, shuffle=True, num_workers=workers):
        yield batch


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dataset", type=Path, help="train.json: the project's way")
    parser.add_argument("--images", type=Path, help="folder of cifar-100-python/: torchvision's")
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--batches", type=int, required=True)
    arguments = parser.parse_args()
    if arguments.dataset:
        batches = batches_of_the_project(arguments.dataset, arguments.threads)
    else:
        batches = batches_of_torchvision(arguments.images, arguments.threads)
    for batch in itertools.islice(batches, WARM_UP_BATCHES):
        assert batch.shape == (BATCH_SIZE, 3, SIZE, SIZE)
    started = time.perf_counter()
    for _ in itertools.islice(batches, arguments.batches):
        pass
    rate = arguments.batches * BATCH_SIZE / (time.perf_counter() - started)
    print(json.dumps({"images_per_second": rate}))


if __name__ == "__main__":
    main()
