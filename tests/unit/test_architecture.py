"""The lines between the parts of the code that docs/architecture.md draws."""

import ast
from collections import defaultdict
from graphlib import TopologicalSorter

import pytest
from project import ROOT

SCRIPTS = ROOT / "scripts"
FILES = {
    ".".join(path.relative_to(SCRIPTS).with_suffix("").parts).removesuffix(".__init__"): path
    for path in sorted(SCRIPTS.rglob("*.py"))
}
# What reporting reads beside the tables of the comparison, for the pictures that it shows.
OF_PICTURES = {
    "cifarlab.datasets.store": [
        f"reporting.figures.{name}" for name in ("duplicate_pairs", "examples", "gallery")
    ],
    "cifarlab.evaluation.logits": ["reporting.figures.examples"],
}


def imports_of(module):
    """The modules that one of FILES names in its imports, in functions too."""
    found = set()
    for node in ast.walk(ast.parse(FILES[module].read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{module}: imports are absolute"
            of_module = {f"{node.module}.{alias.name}" for alias in node.names} & set(FILES)
            found |= of_module or {node.module}
    return found


IMPORTS = {module: imports_of(module) for module in FILES}


def imports_of_house(house):
    """What the modules of a house import: a dict from each imported module to its importers."""
    found = defaultdict(list)
    for module, imported in IMPORTS.items():
        if module.split(".")[0] == house:
            for name in imported:
                found[name].append(module)
    return found


def test_the_engine_imports_neither_of_the_other_houses():
    houses = {name.split(".")[0] for name in imports_of_house("engine")}
    assert "engine" in houses
    assert houses & {"cifarlab", "reporting"} == set()


def test_what_makes_numbers_does_not_import_the_report():
    houses = {name.split(".")[0] for name in imports_of_house("cifarlab")}
    assert {"cifarlab", "engine"} <= houses
    assert "reporting" not in houses


def test_the_report_reads_results_through_the_comparison():
    imported = imports_of_house("reporting")
    others = {
        name: modules
        for name, modules in imported.items()
        if name.startswith("cifarlab") and not name.startswith("cifarlab.comparison.")
    }
    assert {name: sorted(modules) for name, modules in others.items()} == OF_PICTURES


def test_the_report_never_imports_torch():
    pending, reached = [name for name in FILES if name.startswith("reporting")], set()
    while pending:
        module = pending.pop()
        if module not in reached:
            reached.add(module)
            pending += IMPORTS[module] & set(FILES)
            libraries = {name.split(".")[0] for name in IMPORTS[module]}
            assert libraries & {"torch", "torchvision"} == set(), module
    assert "cifarlab.comparison.tables" not in reached
    assert "cifarlab.comparison.results" in reached


def test_no_modules_import_each_other_in_a_circle():
    # Raises CycleError, which names the circle.
    order = [*TopologicalSorter(IMPORTS).static_order()]
    assert set(FILES) <= set(order)


def test_no_stages_of_what_makes_numbers_import_each_other_in_a_circle():
    stages = defaultdict(set)
    for module, imported in IMPORTS.items():
        for name in imported:
            if module.startswith("cifarlab.") and name.startswith("cifarlab."):
                stages[module.split(".")[1]].add(name.split(".")[1])
    order = [*TopologicalSorter({k: v - {k} for k, v in stages.items()}).static_order()]
    assert order.index("datasets") < order.index("training") < order.index("cost")


def test_a_command_is_imported_by_nothing():
    commands = {module for module in FILES if "." not in module and FILES[module].parent == SCRIPTS}
    assert "train" in commands
    imported = set().union(*IMPORTS.values())
    assert commands & imported == set()


@pytest.mark.parametrize("module", FILES)
def test_a_module_has_at_most_300_lines_and_a_function_40(module):
    text = FILES[module].read_text()
    assert len(text.splitlines()) <= 300
    long = [
        node.name
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.end_lineno - node.lineno >= 40
    ]
    assert long == []


@pytest.mark.parametrize("path", sorted(ROOT.glob("rules/*.smk")), ids=lambda path: path.name)
def test_a_file_of_rules_has_at_most_220_lines(path):
    assert len(path.read_text().splitlines()) <= 220
