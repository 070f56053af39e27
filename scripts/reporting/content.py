"""What the report says, gathered from files under results/; in no language yet."""

import itertools
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np

from cifarlab.comparison.failures import Failure, read_failure
from cifarlab.comparison.results import RunFolder, read_table
from cifarlab.comparison.tradeoffs import pareto
from engine.files import read_json
from reporting.chapters import CHAPTERS
from reporting.entries import Entry, Run
from reporting.names import entry_titles, figure_name
from reporting.plot_data import smoothed
from reporting.words import COSTS

CURVE_POINTS = 300
KEY = ["model", "recipe"]


@dataclass(frozen=True)
class Content:
    """What a report says.

    dataset_name: the data set's folder; manifest: its manifest; entries: in the order compared;
    comparison_csv: the table's text; verdicts: rows of verdicts.csv;
    figures: SVG texts by name; failures: of runs that are left out; command: what makes the results
    again, or empty; versions: the locked ones of libraries by name, or empty; configuration: as it
    was asked for, a dict; source: source_state when the report was made.
    """

    dataset_name: str
    manifest: dict
    entries: list[Entry]
    comparison_csv: str
    verdicts: list[dict]
    figures: dict
    failures: list[Failure]
    command: str = ""
    versions: dict = field(default_factory=dict)
    configuration: dict = field(default_factory=dict)
    source: dict | None = None

    @property
    def is_synthetic(self):
        return self.manifest["source"]["synthetic"]

    @cached_property
    def runs(self):
        return [run for entry in self.entries for run in entry.runs]

    @property
    def models(self):
        """Names of the models, each once."""
        return list(dict.fromkeys(entry.model for entry in self.entries))

    @property
    def chapters(self):
        """(chapter, its entries), those that have any."""
        of = {name: [e for e in self.entries if e.chapter == name] for name in CHAPTERS}
        return [(name, entries) for name, entries in of.items() if entries]

    @property
    def by_accuracy(self):
        """The entries, the most accurate first."""
        return sorted(self.entries, key=lambda entry: -entry.accuracy)

    @property
    def best(self):
        """The entry of highest mean accuracy."""
        return self.by_accuracy[0]

    @property
    def first_rank(self):
        """The entries of rank 1: the best one, and those that overlap leads to from it."""
        return [entry for entry in self.by_accuracy if entry.measured["rank"] == 1]

    @property
    def as_good(self):
        """The best entry and those whose own intervals overlap that of the best."""
        return [entry for entry in self.by_accuracy if entry.interval[1] >= self.best.interval[0]]

    @property
    def best_for_cost(self):
        """Of those that are as good as the best, the one of fewest multiply-adds."""
        return min(self.as_good, key=lambda entry: entry.measured["multiply_adds"])

    def pareto(self, cost):
        """Numbers of the entries that no other beats in accuracy and this cost, a column."""
        costs = [entry.measured[cost] for entry in self.entries]
        return pareto(costs, [entry.accuracy for entry in self.entries])

    @property
    def free(self):
        """The entries of which some cost is zero, for which a logarithmic axis has no place."""
        return [e for e in self.entries if not all(e.measured[cost] > 0 for cost in COSTS)]

    @property
    def train_seconds(self):
        """Of all runs together."""
        return sum(run.training["train_seconds"] for run in self.runs)

    @property
    def devices(self):
        """Names of the devices that trained, each once."""
        return list(dict.fromkeys(run.training["device_name"] for run in self.runs))

    @property
    def timed_on(self):
        """The (device, threads of the CPU) on which trainings were timed, each once."""
        places = [(run.training["device_name"], run.training["threads"]) for run in self.runs]
        return list(dict.fromkeys(places))

    @property
    def step_counts(self):
        """How many steps the runs took, each number once."""
        return sorted({run.training["steps"] for run in self.runs})

    @property
    def times_compare(self):
        """Whether all runs took as many steps, in the same place, without an interruption."""
        is_even = len(self.timed_on) == 1 and len(self.step_counts) == 1
        return is_even and not any(run.is_resumed for run in self.runs)

    @property
    def measured_on(self):
        """The (device, threads of the CPU) on which costs were measured, each with its models."""
        places = {}
        for entry in self.entries:
            place = entry.cost["device_name"], entry.cost["threads"]
            places.setdefault(place, {})[entry.model] = None
        return {place: list(models) for place, models in places.items()}

    @property
    def uses_gpu(self):
        """Whether anything was trained or measured on one."""
        records = [run.training for run in self.runs] + [entry.cost for entry in self.entries]
        return any(record["device"] != "cpu" for record in records)

    @property
    def unvalidated(self):
        """The entries whose recipe holds out nothing."""
        return [entry for entry in self.entries if not entry.is_validated]

    @property
    def size_rules(self):
        """The rules of the total size that are in use, each with the names of its models."""
        rules = {}
        for entry in self.entries:
            rules.setdefault(entry.cost["size_convention"], {})[entry.model] = None
        return {rule: list(models) for rule, models in rules.items()}

    @property
    def other_versions(self):
        """(run, library, its version, the locked one) where they differ."""
        return [
            (run, name, run.training["versions"][name], version)
            for run in self.runs
            for name, version in self.versions.items()
            # A build's own mark, as in 2.14.1+cpu, is no other version.
            if run.training["versions"].get(name, version).partition("+")[0] != version
        ]

    @property
    def unused(self):
        """Names of models and of recipes that are configured and in no run: two lists."""
        runs = self.configuration.get("runs", [])
        unused = []
        for kind in ("models", "recipes"):
            used = {name for entry in runs for name in entry[kind]}
            unused.append([name for name in self.configuration.get(kind, {}) if name not in used])
        return unused

    @property
    def verdict_table(self):
        """The published cells, a row per model and recipe: (model, recipe, cells).

        cells: dict from a quantity to (number of its row in verdicts.csv, that row).
        """
        table = {}
        for place, row in enumerate(self.verdicts):
            recipe = row["recipe"] if isinstance(row["recipe"], str) else None
            table.setdefault((row["model"], recipe), {})[row["quantity"]] = place, row
        return [(model, recipe, cells) for (model, recipe), cells in table.items()]

    @property
    def not_here(self):
        """Names of published models that no run here is of."""
        here = {*self.models, *(failure.model for failure in self.failures)}
        names = dict.fromkeys(row["model"] for row in self.verdicts)
        return [name for name in names if name not in here]

    @property
    def missing(self):
        """The (model, recipe, seed) that were asked for and are neither here nor failed."""
        here = {(run.model, run.recipe, run.seed) for run in (*self.runs, *self.failures)}
        asked = [
            run
            for entry in self.configuration.get("runs", [])
            for run in itertools.product(entry["models"], entry["recipes"], entry["seeds"])
        ]
        return [run for run in dict.fromkeys(asked) if run not in here]

    @cached_property
    def curves(self):
        """Smoothed training losses for charts: {"step": (x, a y of each entry), "second": …}.

        x: some 300 numbers, among them both ends of every curve; y: as many, the mean over seeds,
        NaN beyond the training's ends.
        """
        curves = {}
        for unit in ("step", "second"):
            known = []
            for entry in self.entries:
                folders = [run.folder for run in entry.runs]
                parts = [smoothed(folder.history["loss"].to_numpy()) for folder in folders]
                scale = 1.0
                if unit == "second":
                    scale = np.mean([folder.seconds_per_step for folder in folders])
                known.append((parts[0][0] * scale, np.mean([loss for _, loss in parts], axis=0)))
            # Short ones lie between two points of a grid that spans them all.
            ends = [x[place] for x, _ in known for place in (0, -1)]
            grid = np.union1d(np.linspace(min(ends), max(ends), CURVE_POINTS), ends)
            lines = [np.interp(grid, x, y, left=np.nan, right=np.nan) for x, y in known]
            curves[unit] = (grid, lines)
        return curves


def gather(
    manifest_path,
    comparison_folder,
    run_folders,
    cost_paths,
    figure_paths,
    failure_paths=(),
    **about,
):
    """The Content of a report.

    manifest_path: of the data set; comparison_folder: of the tables of the stage compare;
    run_folders: of all runs; cost_paths: <model>.json of all models; figure_paths: SVG
    files; failure_paths: of runs that failed; about: what else Content has.
    Raises UserError where a file is missing or not what it should be.
    """
    folder = Path(comparison_folder)
    comparison = read_table(folder / "comparison.csv", [*KEY, "test_accuracy_percent", "rank"])
    rows_of_runs = read_table(folder / "runs.csv", [*KEY, "seed", "test_accuracy_percent"])
    classes = by_entry(read_table(folder / "classes.csv", [*KEY, "class"]))
    confusions = by_entry(read_table(folder / "confusions.csv", [*KEY, "true_class"]))
    verdicts = read_table(folder / "verdicts.csv", ["quantity", "verdict"])
    folders = {(run.model, run.recipe, run.seed): run for run in map(RunFolder, run_folders)}
    runs = {}
    for row in rows_of_runs.to_dict("records"):
        key = row["model"], row["recipe"], row["seed"]
        runs.setdefault(key[:2], []).append(Run(*key, row, folders[key]))
    costs = {Path(path).stem: read_json(path) for path in cost_paths}
    titles = entry_titles(zip(comparison["model"], comparison["recipe"], strict=True))
    entries = [
        Entry(
            number=number,
            model=row["model"],
            recipe=row["recipe"],
            title=titles[row["model"], row["recipe"]],
            measured=row,
            runs=runs[row["model"], row["recipe"]],
            cost=costs[row["model"]],
            classes=[c["test_accuracy_percent"] for c in classes[row["model"], row["recipe"]]],
            class_images=[c["test_images"] for c in classes[row["model"], row["recipe"]]],
            confusions=confusions.get((row["model"], row["recipe"]), []),
        )
        for number, row in enumerate(comparison.to_dict("records"))
    ]
    figures = {figure_name(path): path for path in map(Path, figure_paths)}
    return Content(
        dataset_name=Path(manifest_path).parent.parent.name,
        manifest=read_json(manifest_path),
        entries=entries,
        comparison_csv=(folder / "comparison.csv").read_text(encoding="utf-8"),
        verdicts=verdicts.astype({"recipe": object}).to_dict("records"),
        figures={name: path.read_text(encoding="utf-8") for name, path in figures.items()},
        failures=[read_failure(path) for path in failure_paths],
        **about,
    )


def by_entry(table):
    """The rows of a table, dicts, by (model, recipe)."""
    rows = {}
    for row in table.to_dict("records"):
        rows.setdefault((row["model"], row["recipe"]), []).append(row)
    return rows
