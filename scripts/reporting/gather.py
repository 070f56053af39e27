"""Everything that a report says, read from files under results/."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from cifarlab.comparison.failures import read_failure
from cifarlab.comparison.range_tests import is_range_test
from cifarlab.comparison.results import RunFolder, files_of_runs, read_table
from engine.files import read_json
from reporting.content import Content
from reporting.figures import drawings
from reporting.pairs import pairs_of
from reporting.quality import read_quality
from reporting.rows import Row, Run
from reporting.titles import row_titles
from reporting.trainings import augmented

TABLES = (
    *("runs", "comparison", "pairwise", "published", "verdicts", "claims", "classes"),
    *("confusions", "superclasses", "images", "doubtful_labels", "robustness"),
)
KEY = ["model", "recipe"]
PAIR_KEY = [*KEY, "other_model", "other_recipe", "difference_points", "answer"]
STUDY_KEY = ["study", "model", "change", "kind", "difference_points"]


@dataclass(frozen=True)
class Results:
    """The files that a report is made from.

    path: of the folder results/<dataset>/; studies: of compare/studies.csv, or None without;
    trained: folders of all that was trained, also of what was compared with nothing; corrections:
    of data/corrected_labels.json, or None without.
    """

    path: Path
    studies: Path | None = None
    trained: tuple[Path, ...] = ()
    corrections: Path | None = None

    @property
    def manifest(self):
        return self.path / "data/manifest.json"

    @property
    def duplicates(self):
        return self.path / "data/duplicates.json"

    def table(self, name):
        return self.path / f"compare/{name}.csv"

    @cached_property
    def runs(self):
        """The lines of runs.csv, dicts."""
        columns = [*KEY, "seed", "test_accuracy_percent"]
        return read_table(self.table("runs"), columns).to_dict("records")

    @property
    def study_lines(self):
        """The lines of studies.csv, dicts."""
        if self.studies is None:
            return []
        return read_table(self.studies, STUDY_KEY).to_dict("records")

    @property
    def pair_lines(self):
        """The lines of pairwise.csv, dicts."""
        return read_table(self.table("pairwise"), PAIR_KEY).to_dict("records")

    @property
    def folders(self):
        """The folders of the runs."""
        return [
            self.path / f"runs/{run['model']}/{run['recipe']}/seed-{run['seed']}"
            for run in self.runs
        ]

    @cached_property
    def trainings(self):
        """The RunFolder of each training."""
        return [*map(RunFolder, self.trained)]

    @property
    def untested(self):
        """Runs that did not meet the test split: those of studies, and points of sweeps."""
        tested = {(run["model"], run["recipe"], run["seed"]) for run in self.runs}
        return [
            Run(*key, {}, folder)
            for folder in self.trainings
            if (key := (folder.model, folder.recipe, folder.seed)) not in tested
        ]

    @cached_property
    def augmented(self):
        """What contact sheets there are, as of `reporting.trainings.augmented`."""
        return augmented({run.recipe: run.training["recipe"] for run in self.trainings})

    @cached_property
    def range_tests(self):
        """The RunFolder of each learning-rate range test."""
        return [run for run in self.trainings if is_range_test(run.training["recipe"])]

    @property
    def costs(self):
        """The file of each model's cost, by its name."""
        models = dict.fromkeys(run["model"] for run in self.runs)
        return {model: self.path / f"cost/{model}.json" for model in models}

    @property
    def drawings(self):
        """The file of each figure, by its label."""
        rows = dict.fromkeys((run["model"], run["recipe"]) for run in self.runs)
        files = drawings(rows, bool(self.studies), bool(self.range_tests), self.augmented)
        return {label: self.path / file for label, file in files.items()}

    def files(self):
        """Paths of all of them."""
        names = ("training.json", "history.csv", "epochs.csv")
        tables = [self.table(name) for name in TABLES]
        files = [self.manifest, *tables, *files_of_runs(self.folders, *names)]
        files += [self.duplicates, *filter(None, [self.studies, self.corrections])]
        files += files_of_runs(self.trained, "training.json", "epochs.csv")
        files += files_of_runs([run.path for run in self.range_tests], "history.csv")
        return [*files, *self.costs.values(), *self.drawings.values()]


def gather(results, failure_paths=(), **about):
    """The Content of a report.

    results: Results; failure_paths: of runs that failed; about: what else Content has.
    Raises UserError where a file is missing or not what it should be.
    """
    rows = rows_of(results)
    verdicts = read_table(results.table("verdicts"), ["quantity", "verdict"])
    claims = read_table(results.table("claims"), ["claim", "verdict"])
    figures = results.drawings
    return Content(
        dataset_name=results.path.name,
        manifest=read_json(results.manifest),
        rows=rows,
        comparison_csv=results.table("comparison").read_text(encoding="utf-8"),
        verdicts=verdicts.astype({"recipe": object}).to_dict("records"),
        images=read_table(results.table("images"), ["image", "right_runs"]).to_dict("records"),
        claims=claims.astype(object).where(claims.notna(), None).to_dict("records"),
        figures={label: path.read_text(encoding="utf-8") for label, path in figures.items()},
        pairs=pairs_of(rows, results.pair_lines),
        studies=results.study_lines,
        untested=results.untested,
        augmented=results.augmented,
        range_tests=results.range_tests,
        quality=read_quality(results),
        robustness=read_table(results.table("robustness"), [*KEY, "corruption"]).to_dict("records"),
        failures=[read_failure(path) for path in failure_paths],
        **about,
    )


def rows_of(results):
    """The Rows of the comparison, in its order."""
    comparison = read_table(
        results.table("comparison"), [*KEY, "test_accuracy_percent", "rank_low"]
    ).to_dict("records")
    classes = by_row(read_table(results.table("classes"), [*KEY, "class"]))
    confusions = by_row(read_table(results.table("confusions"), [*KEY, "true_class"]))
    superclasses = by_row(read_table(results.table("superclasses"), [*KEY, "true_superclass"]))
    runs = {}
    for measured, folder in zip(results.runs, map(RunFolder, results.folders), strict=True):
        key = measured["model"], measured["recipe"]
        runs.setdefault(key, []).append(Run(*key, measured["seed"], measured, folder))
    costs = {model: read_json(path) for model, path in results.costs.items()}
    titles = row_titles((measured["model"], measured["recipe"]) for measured in comparison)
    return [
        Row(
            number=number,
            model=key[0],
            recipe=key[1],
            title=titles[key],
            measured=measured,
            runs=runs[key],
            cost=costs[key[0]],
            classes=[line["test_accuracy_percent"] for line in classes[key]],
            class_images=[line["test_images"] for line in classes[key]],
            confusions=confusions.get(key, []),
            superclasses=superclasses.get(key, []),
        )
        for number, measured in enumerate(comparison)
        for key in [(measured["model"], measured["recipe"])]
    ]


def by_row(table):
    """The lines of a table, dicts, by (model, recipe)."""
    lines = {}
    for line in table.to_dict("records"):
        lines.setdefault((line["model"], line["recipe"]), []).append(line)
    return lines
