"""A small network that a test holds up, or makes greedy, by files in the working directory.

While `slow` is there a step takes half a second, so that a training lasts until the test has seen
what it waits for. `greedy-<job>` makes Slurm's job of that number exceed its memory.
"""

import os
import time
from pathlib import Path

import numpy as np
from torch import nn

GREED_MB = 3000


def obedient(n_classes):
    """The factory that the configuration names."""
    return Obedient(
        nn.Conv2d(3, 8, kernel_size=3, padding=1),
        nn.ReLU(),
        nn.AdaptiveAvgPool2d(4),
        nn.Flatten(),
        nn.Linear(8 * 16, n_classes),
    )


class Obedient(nn.Sequential):
    """A network that reads the test's wishes at every step of a training."""

    def forward(self, images):
        job = os.environ.get("SLURM_JOB_ID")
        if self.training and job:
            Path(f"gpu-of-{job}").write_text(os.environ.get("CUDA_VISIBLE_DEVICES", ""))
            if Path("slow").exists():
                time.sleep(0.5)
            if Path(f"greedy-{job}").exists():
                self.held = np.ones(GREED_MB * 1_000_000, dtype=np.uint8)
        return super().forward(images)
