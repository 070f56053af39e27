"""What the report says, gathered from files under results/ and from the published table."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from cifarlab.errors import UserError
from cifarlab.files import read_json
from cifarlab.results import RunFolder

PUBLISHED_COLUMNS = [
    "model",
    "total_params",
    "total_size_mb",
    "size_convention",
    "min_loss",
    "final_loss",
    "test_accuracy_percent",
    "train_seconds",
    "epochs",
    "batch_size",
    "loss",
    "optimizer",
    "learning_rate",
]
# These follow from the architecture alone, so they may stand beside results on synthetic images.
DATA_INDEPENDENT_COLUMNS = ["model", "total_params", "total_size_mb", "size_convention"]

SIZE_RULES = {
    "activations-x2-MiB-batch64": "input, twice every output, and parameters at batch 64",
    "activations-x2-MiB-batch1": "input, twice every output, and parameters at batch 1",
    "torchinfo-MB-batch1": "torchinfo's estimate at batch 1",
}


@dataclass(frozen=True)
class Entry:
    """One model × recipe.

    measured: its row of comparison.csv; published: its row of the published table or None, with
    only what may be compared; runs: its RunFolders; cost: the model's cost; structure: its drawing,
    SVG text; histories: one DataFrame of history.csv per run.
    """

    model: str
    recipe: str
    measured: dict
    published: dict | None
    runs: list[RunFolder]
    cost: dict
    structure: str
    histories: list[pd.DataFrame]

    @property
    def is_as_published(self):
        """Whether the recipe has the published row's settings, so that results may be compared."""
        recipe = self.runs[0].training["recipe"]
        optimizer = recipe["optimizer"]
        measured = (recipe["epochs"], recipe["batch_size"], recipe["loss"], optimizer["name"])
        row = self.published
        return (
            row is not None
            and measured == (row["epochs"], row["batch_size"], row["loss"], row["optimizer"])
            and optimizer["learning_rate"] == row["learning_rate"]
            and not recipe["max_steps"]
        )

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
    command: what makes the results again, or empty; versions: the locked ones of libraries by
    name, or empty.
    """

    dataset_name: str
    manifest: dict
    entries: list[Entry]
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


def read_table(path, columns):
    """A CSV file as a DataFrame; UserError where it is missing or lacks one of `columns`."""
    try:
        # A name may look like a number, or like a missing one.
        names = dict.fromkeys(("model", "recipe"), str)
        table = pd.read_csv(path, dtype=names, keep_default_na=False, na_values=[""])
    except (OSError, ValueError) as error:
        raise UserError(f"cannot read the table {path} ({error})") from error
    missing = [column for column in columns if column not in table]
    if missing:
        raise UserError(f"{path} has no column {', '.join(missing)}; expected {', '.join(columns)}")
    return table


def gather(
    manifest_path,
    comparison_path,
    run_folders,
    cost_paths,
    published_path,
    command="",
    versions=None,
):
    """The Content of a report.

    manifest_path, comparison_path, published_path: files; cost_paths: files, each with its drawing
    beside it; run_folders: of all runs; command: what makes the results again; versions: locked
    ones by library. Raises UserError where a file is missing or not what it should be.
    """
    manifest = read_json(manifest_path)
    comparison = read_table(comparison_path, ["model", "recipe", "test_accuracy_percent"])
    published = read_table(published_path, PUBLISHED_COLUMNS).set_index("model", drop=False)
    if not published.index.is_unique:
        raise UserError(f"{published_path} has a model twice; keep one row for each")
    if manifest["source"]["synthetic"]:
        withheld = [name for name in PUBLISHED_COLUMNS if name not in DATA_INDEPENDENT_COLUMNS]
        published = published.assign(**dict.fromkeys(withheld, None))
    costs = {Path(path).stem: read_json(path) for path in cost_paths}
    structures = {
        Path(path).stem: Path(path).with_suffix(".svg").read_text(encoding="utf-8")
        for path in cost_paths
    }
    runs = [RunFolder(Path(path)) for path in run_folders]
    entries = []
    for measured in comparison.to_dict("records"):
        model, recipe = measured["model"], measured["recipe"]
        own_runs = [run for run in runs if (run.model, run.recipe) == (model, recipe)]
        entries.append(
            Entry(
                model=model,
                recipe=recipe,
                measured=measured,
                published=published.loc[model].to_dict() if model in published.index else None,
                runs=own_runs,
                cost=costs[model],
                structure=structures[model],
                histories=[
                    read_table(run.path / "history.csv", ["step", "loss"]) for run in own_runs
                ],
            )
        )
    return Content(
        Path(manifest_path).parent.parent.name, manifest, entries, command, versions or {}
    )
