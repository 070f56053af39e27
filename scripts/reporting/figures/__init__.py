"""The figures of the report, one module each, drawn by scripts/figure.py.

A module has FIGURE, its description, and imports what draws only when it draws: the workflow reads
the descriptions at each start.
"""

import importlib
import os
import pkgutil
from dataclasses import replace

# Figures are files: a backend for a screen or a notebook, which a shell may ask for, is not looked
# for.
os.environ.pop("MPLBACKEND", None)

FIGURES = {
    name: replace(importlib.import_module(f"{__name__}.{name}").FIGURE, name=name)
    for _, name, _ in pkgutil.iter_modules(__path__)
}
# The code of each, which is part of no other's definition.
CODE = {name: f"{__path__[0]}/{name}.py" for name in FIGURES}


def drawings(rows, has_studies=False, has_range_tests=False, augmented=()):
    """The file of every drawing below results/<dataset>/, by its label.

    rows: (model, recipe) pairs of the comparison; has_studies, has_range_tests: whether there are
    such too; augmented: names of the recipes of which there are contact sheets.
    """
    places = {
        "comparison": [{}] if rows else [],
        "studies": [{}] if has_studies else [],
        "range_tests": [{}] if has_range_tests else [],
        "row": [{"model": model, "recipe": recipe} for model, recipe in rows],
        "model": [{"model": model} for model in dict.fromkeys(model for model, _ in rows)],
        "recipe": [{"recipe": recipe} for recipe in augmented],
    }
    return {
        figure.label.format(**place): figure.file.format(**place)
        for figure in FIGURES.values()
        for place in places[figure.per]
    }
