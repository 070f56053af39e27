"""Which algorithms torch may choose: with `deterministic: true`, those that repeat their bits."""

import os

import torch


def prepare_cublas(recipe):
    """Set what cuBLAS reads when CUDA starts; before a device is used."""
    if recipe.deterministic:
        os.environ["CUBLAS_WORKSPACE_CONFIG"] = ":4096:8"


def choose_algorithms(recipe):
    """Set which algorithms a recipe's training is computed with, from here on in this process."""
    # cuDNN tries its algorithms once for each size of a batch, and keeps the fastest, which may be
    # another one the next time.
    torch.backends.cudnn.benchmark = not recipe.deterministic
    torch.use_deterministic_algorithms(recipe.deterministic)
