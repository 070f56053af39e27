"""The figures of the report, one module each, drawn by scripts/figure.py.

A module has add_arguments(parser), for what it reads; inputs(arguments), the list of those files;
draw(arguments), the SVG text. It imports what draws only when it draws: others need not wait.
"""

import importlib
import pkgutil

FIGURES = {
    module.name: importlib.import_module(f"{__name__}.{module.name}")
    for module in pkgutil.iter_modules(__path__)
}
