"""What the report says, gathered from files under results/."""

from dataclasses import dataclass
from pathlib import Path

from cifarlab.failures import Failure, read_failure
from cifarlab.files import read_json
from cifarlab.results import RunFolder, read_table

SIZE_RULES = {
    "activations-x2-MiB-batch64": "input, twice every output, and parameters at batch 64",
    "activations-x2-MiB-batch1": "input, twice every output, and parameters at batch 1",
    "torchinfo-MB-batch1": "torchinfo's estimate at batch 1",
}


@dataclass(frozen=True)
class Run:
    """One run. measured: its row of runs.csv; training: its record of the training."""

    model: str
    recipe: str
    seed: int
    measured: dict
    training: dict


@dataclass(frozen=True)
class Entry:
    """One model × recipe.

    measured: its row of comparison.csv; published: its row of compare/published.csv or None;
    runs: its runs; cost: the model's cost.
    """

    model: str
    recipe: str
    measured: dict
    published: dict | None
    runs: list[Run]
    cost: dict

    @property
    def start(self):
        """What the training started from, in words."""
        origin = self.runs[0].training["initial_weights"]
        if origin is None:
            return "from scratch"
        return f"from {origin['source']} (SHA-256 {origin['sha256'][:16]}…), head {origin['head']}"

    @property
    def terms(self):
        """What a reader must know of the training to compare it, in words."""
        training = self.runs[0].training
        words = [self.start, f"{training['inputs']['size']} px"]
        if training["recipe"].get("max_steps"):
            steps = training["steps"]
            words.append(f"ended after {steps} step{'s' if steps != 1 else ''}")
        return ", ".join(words)


@dataclass(frozen=True)
class Content:
    """What a report says.

    dataset_name: the data set's folder; manifest: its manifest; entries: in the order compared;
    figures: SVG texts by name; failures: of runs that are left out; command: what makes the results
    again, or empty; versions: the locked ones of libraries by name, or empty.
    """

    dataset_name: str
    manifest: dict
    entries: list[Entry]
    figures: dict
    failures: list[Failure]
    command: str
    versions: dict

    @property
    def is_synthetic(self):
        return self.manifest["source"]["synthetic"]

    @property
    def runs(self):
        return [run for entry in self.entries for run in entry.runs]

    @property
    def other_versions(self):
        """Runs that were trained with other versions than the locked ones, in words."""
        words = []
        for run in self.runs:
            found = run.training["versions"]
            # A build's own mark, as in 2.14.1+cpu, is no other version.
            others = [
                f"{name} {found[name]} (locked: {version})"
                for name, version in self.versions.items()
                if name in found and found[name].partition("+")[0] != version
            ]
            if others:
                words.append(f"{run.model} {run.recipe} seed {run.seed}: {', '.join(others)}")
        return words

    @property
    def models(self):
        """Names of the models, each once."""
        return list(dict.fromkeys(entry.model for entry in self.entries))

    @property
    def size_rules(self):
        """The rules of the total size that are in use, in words, each with its models."""
        rules = {}
        for entry in self.entries:
            rules.setdefault(SIZE_RULES[entry.cost["size_convention"]], {})[entry.model] = None
        return [f"{', '.join(models)}: {rule}" for rule, models in rules.items()]

    @property
    def best(self):
        """The entry of highest mean accuracy."""
        return max(self.entries, key=lambda entry: entry.measured["test_accuracy_percent"])

    @property
    def train_seconds(self):
        """Of all runs together."""
        return sum(run.training["train_seconds"] for run in self.runs)


def gather(
    manifest_path,
    runs_path,
    comparison_path,
    published_path,
    run_folders,
    cost_paths,
    figure_paths,
    failure_paths=(),
    command="",
    versions=None,
):
    """The Content of a report.

    manifest_path: of the data set; runs_path, comparison_path, published_path: tables of the stage
    compare; run_folders: of all runs; cost_paths: <model>.json of all models, each with its drawing
    beside it; figure_paths: SVG files; failure_paths: of runs that failed; command: what makes the
    results again; versions: locked ones by library. Raises UserError where a file is missing or not
    what it should be.
    """
    key = ["model", "recipe"]
    comparison = read_table(comparison_path, [*key, "test_accuracy_percent"])
    rows_of_runs = read_table(runs_path, [*key, "seed", "test_accuracy_percent"])
    published = read_table(published_path, [*key, "same_recipe"])
    published_of = {(row["model"], row["recipe"]): row for row in published.to_dict("records")}
    trainings = {
        (run.model, run.recipe, run.seed): run.training for run in map(RunFolder, run_folders)
    }
    runs = {}
    for row in rows_of_runs.to_dict("records"):
        model, recipe, seed = row["model"], row["recipe"], row["seed"]
        run = Run(model, recipe, seed, row, trainings[model, recipe, seed])
        runs.setdefault((model, recipe), []).append(run)
    costs = {Path(path).stem: read_json(path) for path in cost_paths}
    entries = [
        Entry(
            model=row["model"],
            recipe=row["recipe"],
            measured=row,
            published=published_of.get((row["model"], row["recipe"])),
            runs=runs[row["model"], row["recipe"]],
            cost=costs[row["model"]],
        )
        for row in comparison.to_dict("records")
    ]
    figures = {Path(path).stem: Path(path) for path in figure_paths}
    for path in map(Path, cost_paths):
        figures[f"structure.{path.stem}"] = path.with_suffix(".svg")
    return Content(
        dataset_name=Path(manifest_path).parent.parent.name,
        manifest=read_json(manifest_path),
        entries=entries,
        figures={name: path.read_text(encoding="utf-8") for name, path in figures.items()},
        failures=[read_failure(path) for path in failure_paths],
        command=command,
        versions=versions or {},
    )
