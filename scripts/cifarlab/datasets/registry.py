"""The data sets: every module of this folder is one, but for those that they share.

A data set's module has a docstring whose first line names it, `Settings`, and `read` or `make`.

Settings: what a user may write about it below `dataset.<module>`, each key with a default.
read(path, settings): the Dataset in the file that `dataset.source` and `dataset.md5` name.
make(settings): a synthetic data set, which a procedure draws and which has no source.
train_per_class(settings): training images of each class, a list of int, where that is known before
the images are there.
"""

import importlib
import pkgutil

import cifarlab.datasets

SHARED = {"archive", "copies", "corrections", "duplicates", "inputs", "registry", "store"}
DATASETS = {
    module.name: importlib.import_module(f"cifarlab.datasets.{module.name}")
    for module in pkgutil.iter_modules(cifarlab.datasets.__path__)
    if module.name not in SHARED
}


def is_synthetic(name):
    """Whether the images of a data set are made, not read."""
    return hasattr(DATASETS[name], "make")
