"""What a checkpoint costs: the seconds of one, as a share of the default interval between two."""

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent / "scripts"))

import numpy as np
import torch
import yaml

from cifarlab.configuration import Configuration
from cifarlab.datasets.inputs import Images, InputSettings
from cifarlab.models.build import build_model
from cifarlab.models.families import ModelSettings
from cifarlab.training.loop import train
from cifarlab.training.recipes import Recipe
from engine.checkpoints import Checkpoints
from engine.observers import Keeper
from engine.settings import checked_settings

ROOT = Path(__file__).resolve().parent.parent.parent
BATCH_SIZE = 64


class TimedCheckpoints(Checkpoints):
    """Checkpoints that remember how long each took and how large it is."""

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        self.each_seconds, self.megabytes = [], 0.0

    def save(self, step, state):
        started = time.perf_counter()
        is_kept = super().save(step, state)
        self.each_seconds.append(time.perf_counter() - started)
        self.megabytes = max(path.stat().st_size for path in self.folder.glob("*.checkpoint")) / 1e6
        return is_kept


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", nargs="+", default=["cnn_5", "resnet101"])
    parser.add_argument("--checkpoints", type=int, default=8, help="of each model")
    arguments = parser.parse_args()
    configuration = yaml.safe_load((ROOT / "config/config.yaml").read_text())
    interval_seconds = Configuration.model_fields["checkpoints"].default.seconds
    pixels = np.zeros((BATCH_SIZE * arguments.checkpoints, 32, 32, 3), dtype=np.uint8)
    print(f"  model       size, MB   one checkpoint, s   share of {interval_seconds:.0f} s, %")
    for name in arguments.models:
        settings = configuration["models"][name] | {"weights": "none", "input_size": 32}
        model = build_model(checked_settings(ModelSettings, settings), 100)
        optimizer = {"name": "adam", "learning_rate": 1e-4}
        recipe = checked_settings(
            Recipe, {"epochs": 2, "batch_size": BATCH_SIZE, "optimizer": optimizer}
        )
        images = Images(pixels, InputSettings(32, [0.5] * 3, [0.2] * 3), torch.device("cpu"))
        labels = torch.zeros(len(pixels), dtype=torch.int64)
        with tempfile.TemporaryDirectory(dir=ROOT) as folder:
            checkpoints = TimedCheckpoints(folder, {}, steps=2)
            train(model, images, labels, recipe, 0, [Keeper(checkpoints)])
        seconds = statistics.median(checkpoints.each_seconds)
        share = 100 * seconds / interval_seconds
        print(f"  {name:10} {checkpoints.megabytes:9.1f} {seconds:19.3f} {share:24.3f}", flush=True)


if __name__ == "__main__":
    main()
