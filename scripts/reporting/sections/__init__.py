"""The sections of the report, one module each, in the order of the page.

A module has SECTION, which says what it is called and gives its blocks. They are imported by name,
so that the code of each is part of the report's definition.
"""

from reporting.sections import (
    accuracy_and_cost,
    analysis,
    augmentations,
    citation,
    claims,
    classes,
    comparison,
    curves,
    data_quality,
    models,
    not_run,
    overview,
    pairs,
    provenance,
    published,
    range_tests,
    robustness,
    studies,
)

MODULES = (
    overview,
    comparison,
    accuracy_and_cost,
    pairs,
    studies,
    range_tests,
    augmentations,
    analysis,
    published,
    claims,
    data_quality,
    classes,
    robustness,
    curves,
    models,
    not_run,
    provenance,
    citation,
)
SECTIONS = [module.SECTION for module in MODULES]
