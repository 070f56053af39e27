"""Corruptions of test images, after Hendrycks and Dietterich 2019, https://arxiv.org/abs/1903.12261.

A module has LEVELS, its strength at severities 1 to 5, and corrupt(images, level, draws): images,
uint8 [n, height, width, 3]; level, one of LEVELS; draws, a numpy Generator, of which all that is
random comes. It returns images like them. Its docstring says what it is. The levels are those of
CIFAR-10-C, which was made for images of 32 × 32 pixels.
"""

import importlib
import pkgutil

CORRUPTIONS = {
    name: importlib.import_module(f"{__name__}.{name}")
    for _, name, _ in pkgutil.iter_modules(__path__)
}
