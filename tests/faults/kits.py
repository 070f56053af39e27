"""What the campaign trains: models and recipes in which every part that a recipe may choose is."""

from itertools import cycle

from choices import KINDS, written

IMAGES = {"train_per_class": 2, "test_per_class": 1}
# 200 images are 13 steps in each of 14 epochs, and half of them 7 in each of 26: the last one of an
# epoch is smaller, and checkpoints fall anywhere in an epoch.
N_STEPS = 182
PLAIN = {
    "epochs": 14,
    "batch_size": 16,
    "schedule": "cosine",
    "warm_up": 0.1,
    "optimizer": {"name": "adam", "learning_rate": 0.001},
}
VALIDATED = {"epochs": 26, "batch_size": 16, "validation": 0.5, "clip_norm": 1.0}
# Its best epoch is kept, and it is over after the last one only.
STOPPING = {"early_stopping": {"patience": 26}}
CNN = {"family": "cnn", "blocks": 2}
# Draws from every generator that a model may draw from on a CPU.
NOISY_MODEL = """
import random

import numpy
from torch import nn


class Noise(nn.Module):
    def forward(self, images):
        if not self.training:
            return images
        return images * random.uniform(0.8, 1.2) + float(numpy.random.normal(0, 0.1))


def noisy(n_classes):
    return nn.Sequential(
        Noise(),
        nn.Conv2d(3, 24, kernel_size=3, padding=1),
        nn.ReLU(),
        nn.AdaptiveAvgPool2d(4),
        nn.Flatten(),
        nn.Dropout(0.5),
        nn.Linear(384, n_classes),
    )
"""
NOISY = {"family": "file", "factory": "noisy.py:noisy", "input_size": 32}


# In place of values that any key takes: with these, every part moves the weights.
TELLING = {
    "learning_rate": 0.003,
    "adamw_learning_rate": 0.003,
    "head_learning_rate_multiple": 2.0,
    "layer_decay": 0.5,
    "momentum": 0.9,
    "square_smoothing": 0.9,
    "decay": 0.9,
    "alpha": 1.0,
    "every": 0.2,
    "factor": 0.5,
    "rise": 0.3,
}


def _with_all_keys(kind):
    parts = [written(module.Settings, is_full=True) for module in KINDS[kind].values()]
    return [{key: TELLING.get(key, value) for key, value in part.items()} for part in parts]


def _with_every_part():
    """Recipes with each part of each kind in one of them, all its keys set."""
    parts = {kind: _with_all_keys(kind) for kind in KINDS}
    names = {name for name, module in KINDS["augmentations"].items() if module.Settings.mixes}
    mixing = [one for one in parts["augmentations"] if one["name"] in names]
    others = [one for one in parts.pop("augmentations") if one["name"] not in names]
    turns = zip(range(max(map(len, parts.values()))), *map(cycle, parts.values()), cycle(mixing))
    for _, *chosen, mixed in turns:
        recipe = {**VALIDATED, **dict(zip(parts, chosen, strict=True))}
        recipe["augmentations"] = [*others, mixed]
        # The last epochs are not known where a training may end early.
        stops = recipe["averaging"]["name"] == "ema"
        yield {**recipe, **(STOPPING if stops else {})}


def _kits():
    yield "plain", (CNN, PLAIN)
    yield "noisy", (NOISY, PLAIN)
    for number, recipe in enumerate(_with_every_part()):
        name = recipe["optimizer"]["name"]
        # Muon needs a hidden layer.
        yield f"{name}-{number}", (CNN if name == "muon" else NOISY, recipe)


# (settings of the model, recipe) by name.
KITS = dict(_kits())
WITH_MUON = next(name for name in KITS if name.startswith("muon"))
