"""The loop that everybody writes: torchvision's CIFAR100, a DataLoader, Adam, loss.item().

It is what the project's training is measured against, so it is written as tutorials write it and
uses nothing of the project. The last line is JSON. With --steps it stops early, and gives the
images per second of the steps after --warm-up; without, it trains --epochs and tests once.
"""

import argparse
import json
import time
from typing import ClassVar

import torch
from torch import nn
from torch.utils.data import DataLoader
from torchvision import datasets, transforms

MEAN, STD = (0.5071, 0.4865, 0.4409), (0.2673, 0.2564, 0.2762)
CHANNELS = (16, 32, 64, 128, 256)
BATCH_SIZE = 64
LEARNING_RATE = 0.001


class Cifar100(datasets.CIFAR100):
    """torchvision's own class; any file is taken, as the images may be in another order."""

    train_list: ClassVar = [[name, None] for name, _ in datasets.CIFAR100.train_list]
    test_list: ClassVar = [[name, None] for name, _ in datasets.CIFAR100.test_list]
    meta: ClassVar = {**datasets.CIFAR100.meta, "md5": None}


def build_model(blocks, n_classes=100):
    """cnn_2 has 2 blocks, and so on; for images [n, 3, 32, 32]."""
    layers, in_channels = [], 3
    for channels in CHANNELS[:blocks]:
        layers += [
            nn.Conv2d(in_channels, channels, kernel_size=5, padding=2),
            nn.BatchNorm2d(channels),
            nn.ReLU(),
            nn.MaxPool2d(2),
        ]
        in_channels = channels
    side = 32 // 2**blocks
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(in_channels * side * side, n_classes))


def transform(augment=False):
    changes = [transforms.RandomHorizontalFlip(), transforms.RandomCrop(32, padding=4)]
    tensors = [transforms.ToTensor(), transforms.Normalize(MEAN, STD)]
    return transforms.Compose([*changes, *tensors] if augment else tensors)


def loader(folder, train, augment=False):
    dataset = Cifar100(folder, train=train, transform=transform(augment))
    return DataLoader(dataset, batch_size=BATCH_SIZE, shuffle=train, num_workers=2)


def train(model, batches, epochs, warm_up=0, steps=None):
    """Train `model`; returns (images, seconds, losses) of the steps after the first `warm_up`.

    steps: how many those are, or None for all of `epochs`.
    """
    loss_function = nn.CrossEntropyLoss()
    optimizer = torch.optim.Adam(model.parameters(), lr=LEARNING_RATE)
    model.train()
    losses, n_images, started = [], 0, time.perf_counter()
    for _ in range(epochs):
        for images, labels in batches:
            optimizer.zero_grad()
            loss = loss_function(model(images), labels)
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
            n_images += len(labels)
            if len(losses) == warm_up:
                n_images, started = 0, time.perf_counter()
            if steps and len(losses) == warm_up + steps:
                return n_images, time.perf_counter() - started, losses
    return n_images, time.perf_counter() - started, losses


def test(model, batches):
    """Share of the images that are classified correctly."""
    model.eval()
    correct = n_images = 0
    with torch.no_grad():
        for images, labels in batches:
            correct += (model(images).argmax(dim=1) == labels).sum().item()
            n_images += len(labels)
    return correct / n_images


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", required=True, help="folder with cifar-100-python/")
    parser.add_argument("--blocks", type=int, required=True)
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--warm-up", type=int, default=0, help="steps before the clock starts")
    parser.add_argument("--steps", type=int, help="that are measured; the rest is left out")
    parser.add_argument("--augment", action="store_true", help="flip and padded crop, per image")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(0)
    model = build_model(arguments.blocks)
    batches = loader(arguments.images, True, arguments.augment)
    n_images, seconds, losses = train(
        model, batches, arguments.epochs, arguments.warm_up, arguments.steps
    )
    result = {"images_per_second": n_images / seconds, "images": n_images, "loss": losses[-1]}
    if arguments.steps is None:
        result["accuracy"] = test(model, loader(arguments.images, train=False))
    print(json.dumps(result))


if __name__ == "__main__":
    main()
