"""Accuracy on corrupted images, side by side."""

import pandas as pd

from cifarlab.comparison.results import RunFolder, read_table

COLUMNS = ["model", "recipe", "corruption", "severity", "test_accuracy_percent"]


def read_robustness(paths):
    """The lines of each run's robustness.csv, a dict from the run's folder to a DataFrame.

    paths: of the files, each in the folder of its run.
    """
    tables = {}
    for run in map(RunFolder, (path.parent for path in paths)):
        table = read_table(run.path / "robustness.csv", COLUMNS[2:])
        tables[run.path] = table.assign(model=run.model, recipe=run.recipe)[COLUMNS]
    return tables


def tabulate_robustness(tables):
    """Means over the seeds of each model × recipe, a row per kind and severity, in order.

    tables: as `read_robustness` gives them. Returns a DataFrame with COLUMNS.
    """
    if not tables:
        return pd.DataFrame(columns=COLUMNS)
    rows = pd.concat(tables.values())
    return rows.groupby(COLUMNS[:-1], sort=False, as_index=False).mean()


def corrupted_accuracies(tables):
    """The mean over kinds and severities of each run, which all count alike, in percent.

    tables: as `read_robustness` gives them. Returns a dict from the run's folder to a float.
    """
    return {path: float(table["test_accuracy_percent"].mean()) for path, table in tables.items()}
