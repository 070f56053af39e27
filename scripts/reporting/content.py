"""What the report says, in no language yet."""

import itertools
from dataclasses import dataclass, field
from functools import cached_property

from cifarlab.comparison.failures import Failure
from cifarlab.comparison.repeats import AGREEMENT_PERCENT, agree
from cifarlab.comparison.results import RunFolder
from cifarlab.comparison.tradeoffs import pareto
from reporting.chapters import CHAPTERS
from reporting.pairs import Pair
from reporting.quality import DataQuality
from reporting.rows import Row, Run, is_faster
from reporting.trainings import Augmented


@dataclass(frozen=True)
class Content:
    """What a report says.

    dataset_name: the data set's folder; manifest: its manifest; rows: in the order compared;
    comparison_csv: the table's text; verdicts, images, claims, studies, robustness: lines of the
    CSVs of these names; figures: SVG texts by label; failures: of runs that are left out; pairs: of
    rows, each once; quality: DataQuality, or None; untested: runs that did not meet the test split;
    augmented: Augmented by the name of a recipe; range_tests: RunFolders of learning-rate range
    tests; command: the command line that gives these results, or empty; elsewhere: paths of the
    configuration files that it leaves out; versions: the locked ones of libraries by name, or
    empty; configuration: as it was asked for, a dict; source: source_state when the report was
    made.
    """

    dataset_name: str
    manifest: dict
    rows: list[Row]
    comparison_csv: str
    verdicts: list[dict]
    figures: dict
    failures: list[Failure]
    pairs: list[Pair] = field(default_factory=list)
    studies: list[dict] = field(default_factory=list)
    images: list[dict] = field(default_factory=list)
    untested: list[Run] = field(default_factory=list)
    augmented: dict[str, Augmented] = field(default_factory=dict)
    range_tests: list[RunFolder] = field(default_factory=list)
    claims: list[dict] = field(default_factory=list)
    quality: DataQuality | None = None
    robustness: list[dict] = field(default_factory=list)
    command: str = ""
    elsewhere: list[str] = field(default_factory=list)
    versions: dict = field(default_factory=dict)
    configuration: dict = field(default_factory=dict)
    source: dict | None = None

    @property
    def is_synthetic(self):
        return self.manifest["source"]["synthetic"]

    @property
    def dataset_title(self):
        """The data set's name for people."""
        return self.manifest.get("title") or self.dataset_name

    @cached_property
    def runs(self):
        return [run for row in self.rows for run in row.runs]

    @property
    def models(self):
        """Names of the models, each once."""
        return list(dict.fromkeys(row.model for row in self.rows))

    @property
    def recipes(self):
        """(recipe, numbers of its rows), where there are several."""
        rows = {}
        for row in self.rows:
            rows.setdefault(row.recipe, []).append(row.number)
        return list(rows.items()) if len(rows) > 1 else []

    @property
    def chapters(self):
        """(chapter, its rows), those that have any."""
        of = {name: [row for row in self.rows if row.chapter == name] for name in CHAPTERS}
        return [(name, rows) for name, rows in of.items() if rows]

    @cached_property
    def by_accuracy(self):
        """The rows, the most accurate first; trial runs after all others, in their own order."""
        return sorted(self.rows, key=lambda row: (row.is_trial, not row.is_trial and -row.accuracy))

    @property
    def compared(self):
        """All rows but trial runs, in their order."""
        return [row for row in self.rows if not row.is_trial]

    @property
    def ranked(self):
        """The rows that are compared, the most accurate first."""
        return [row for row in self.by_accuracy if not row.is_trial]

    @property
    def trials(self):
        """The rows that are trial runs, whose accuracies mean nothing."""
        return [row for row in self.by_accuracy if row.is_trial]

    @property
    def best(self):
        """The row of highest mean accuracy, or None where none is ranked."""
        return next(iter(self.ranked), None)

    @cached_property
    def _pairs_by_rows(self):
        return {frozenset((pair.first.key, pair.other.key)): pair for pair in self.pairs}

    def pair(self, row, other):
        """The Pair of two rows, in whatever order."""
        return self._pairs_by_rows[frozenset((row.key, other.key))]

    def beats(self, row, other):
        """Whether a row is more accurate than another, by their paired test, corrected."""
        return self.pair(row, other).better is row

    @cached_property
    def as_good(self):
        """The ranked rows that no other is measurably better than; else the best one."""
        rows = self.ranked
        beaten = {row.key for row in rows for o in rows if o is not row and self.beats(o, row)}
        return [row for row in rows if row.key not in beaten] or rows[:1]

    @property
    def is_best_ahead(self):
        """Whether the best row is measurably more accurate than every other ranked one."""
        return all(self.beats(self.best, row) for row in self.ranked[1:])

    @property
    def of_one_seed(self):
        """The ranked rows with one seed, whose intervals cover test images alone."""
        return [row for row in self.compared if not row.covers_seeds]

    @property
    def best_for_cost(self):
        """Of those that are as good as the best, the one of fewest multiply-adds.

        None where these could not be counted of any.
        """
        counted = [row for row in self.as_good if row.has("multiply_adds")]
        return min(counted, key=lambda row: row.measured["multiply_adds"], default=None)

    def pareto(self, cost):
        """Numbers of the ranked rows that no other beats in accuracy and this cost, a column."""
        rows = [row for row in self.compared if row.has(cost)]
        places = pareto([row.measured[cost] for row in rows], [row.accuracy for row in rows])
        return [rows[place].number for place in places]

    @property
    def train_seconds(self):
        """Of all trainings together; a run of a sweep is that of a point, which is there too."""
        trained = [run for run in self.runs if not run.folder.chosen_recipe]
        return sum(run.training["train_seconds"] for run in (*trained, *self.untested))

    @property
    def devices(self):
        """Names of the devices that trained, each once."""
        runs = (*self.runs, *self.untested)
        return list(dict.fromkeys(run.training["device_name"] for run in runs))

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
        """Whether all runs took as many steps, in the same place, without an interruption.

        And whether the same work took the same time again, where it was done again.
        """
        is_even = len(self.timed_on) == 1 and len(self.step_counts) == 1
        return is_even and not self.unsteady and not any(run.is_resumed for run in self.runs)

    @property
    def unsteady(self):
        """The rows of which runs that did the same work took times that do not agree."""
        return [row for row in self.rows if not all(map(agree, row.times_of_same_work))]

    @property
    def unsteady_costs(self):
        """Names of the models whose throughput was another one each time that it was measured."""
        name = "throughput_spread_percent"
        spreads = {row.model: row.measured[name] for row in self.rows if row.has(name)}
        return [model for model, spread in spreads.items() if spread > AGREEMENT_PERCENT]

    @property
    def faster_with_more_work(self):
        """(model, one that it contains) where the larger has the higher throughput.

        It does all that the smaller one does, and more: one of them was measured on a machine that
        was busy with other work.
        """
        rows = [row for row in self.rows if row.has("throughput_images_per_second")]
        models = {row.model: row for row in rows}.values()
        return [
            (larger.model, smaller.model)
            for larger, smaller in itertools.permutations(models, 2)
            if larger.does_all_of(smaller) and is_faster(larger, smaller)
        ]

    @property
    def measured_on(self):
        """The (device, threads of the CPU) on which costs were measured, each with its models."""
        places = {}
        for row in self.rows:
            place = row.cost["device_name"], row.cost["threads"]
            places.setdefault(place, {})[row.model] = None
        return {place: list(models) for place, models in places.items()}

    @property
    def uses_gpu(self):
        """Whether anything was trained or measured on one."""
        records = [run.training for run in (*self.runs, *self.untested)]
        records += [row.cost for row in self.rows]
        return any(record["device"] != "cpu" for record in records)

    @property
    def unvalidated(self):
        """The rows whose recipe holds out nothing."""
        return [row for row in self.rows if not row.is_validated]

    @property
    def size_rules(self):
        """The rules of the total size that are in use, each with the names of its models."""
        rules = {}
        for row in self.rows:
            rules.setdefault(row.cost["size_convention"], {})[row.model] = None
        return {rule: list(models) for rule, models in rules.items()}

    @property
    def other_versions(self):
        """(run, library, its version or None, the locked one) where they are not known to agree."""
        return [
            (run, name, found, version)
            for run in (*self.runs, *self.untested)
            for name, version in self.versions.items()
            # A build's own mark, as in 2.14.1+cpu, is no other version.
            if ((found := run.training["versions"].get(name)) or "").partition("+")[0] != version
        ]

    @property
    def unused(self):
        """Names of models and of recipes that are configured and in no run: two lists."""
        trained, unused = (*self.runs, *self.untested, *self.failures), []
        for kind, of_run in (("models", "model"), ("recipes", "recipe")):
            used = {name for runs in self.configuration.get("runs", []) for name in runs[kind]}
            used |= {getattr(run, of_run) for run in trained}
            unused.append([name for name in self.configuration.get(kind, {}) if name not in used])
        return unused

    @property
    def verdict_table(self):
        """The published cells, a row per model and recipe: (model, recipe, cells).

        cells: dict from a quantity to (number of its line in verdicts.csv, that line).
        """
        table = {}
        for place, cell in enumerate(self.verdicts):
            recipe = cell["recipe"] if isinstance(cell["recipe"], str) else None
            table.setdefault((cell["model"], recipe), {})[cell["quantity"]] = place, cell
        return [(model, recipe, cells) for (model, recipe), cells in table.items()]

    @property
    def published_sources(self):
        """Where the published numbers are from, each once."""
        sources = dict.fromkeys(line.get("source") for line in self.verdicts)
        return [source for source in sources if isinstance(source, str)]

    @property
    def not_here(self):
        """Names of published models that no run here is of, also of other models' names."""
        known = {run.model for run in (*self.failures, *self.untested)}
        known |= {model for model, _, _ in self.missing}
        names = [model for model, recipe, _ in self.verdict_table if recipe is None]
        return [name for name in names if name not in known]

    @property
    def missing(self):
        """The (model, recipe, seed) that were asked for and are neither here nor failed."""
        here = {(run.model, run.recipe, run.seed) for run in (*self.runs, *self.failures)}
        asked = [
            run
            for run_set in self.configuration.get("runs", [])
            for run in itertools.product(run_set["models"], run_set["recipes"], run_set["seeds"])
        ]
        return [run for run in dict.fromkeys(asked) if run not in here]
