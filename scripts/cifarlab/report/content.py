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
]
# These follow from the architecture alone, so they may stand beside results on synthetic images.
DATA_INDEPENDENT_COLUMNS = ["model", "total_params", "total_size_mb", "size_convention"]


@dataclass(frozen=True)
class Entry:
    """One model × recipe.

    measured: its row of comparison.csv; published: its row of the published table or None, with
    only what may be compared; runs: its RunFolders; cost: the model's cost; blocks: its layers,
    folded; histories: one DataFrame of history.csv per run.
    """

    model: str
    recipe: str
    measured: dict
    published: dict | None
    runs: list[RunFolder]
    cost: dict
    blocks: list[dict]
    histories: list[pd.DataFrame]


@dataclass(frozen=True)
class Content:
    """What a report says.

    dataset_name: the data set's folder; manifest: its manifest; entries: in the order compared;
    command: what makes the results again, or empty.
    """

    dataset_name: str
    manifest: dict
    entries: list[Entry]
    command: str

    @property
    def is_synthetic(self):
        return self.manifest["source"]["synthetic"]

    @property
    def runs(self):
        return [run for entry in self.entries for run in entry.runs]

    @property
    def models(self):
        """Names of the models, each once."""
        return list(dict.fromkeys(entry.model for entry in self.entries))

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
        table = pd.read_csv(path)
    except (OSError, ValueError) as error:
        raise UserError(f"cannot read the table {path} ({error})") from error
    missing = [column for column in columns if column not in table]
    if missing:
        raise UserError(f"{path} has no column {', '.join(missing)}; expected {', '.join(columns)}")
    return table


def fold_blocks(layers):
    """Layers of the same top-level module as one block, in order.

    layers: of a cost, dicts with name, kind, output_shape, parameters. Returns dicts with name,
    kinds, output_shape of the last layer, parameters of all.
    """
    blocks = []
    for layer in layers:
        name = layer["name"].partition(".")[0]
        if not blocks or blocks[-1]["name"] != name:
            blocks.append({"name": name, "kinds": [], "parameters": 0})
        blocks[-1]["kinds"].append(layer["kind"])
        blocks[-1]["parameters"] += layer["parameters"]
        blocks[-1]["output_shape"] = layer["output_shape"]
    return blocks


def gather(manifest_path, comparison_path, run_folders, cost_paths, published_path, command=""):
    """The Content of a report.

    manifest_path, comparison_path, cost_paths, published_path: files; run_folders: of all runs;
    command: what makes the results again.
    Raises UserError where a file is missing or not what it should be.
    """
    manifest = read_json(manifest_path)
    comparison = read_table(comparison_path, ["model", "recipe", "test_accuracy_percent"])
    published = read_table(published_path, PUBLISHED_COLUMNS).set_index("model", drop=False)
    if manifest["source"]["synthetic"]:
        withheld = [name for name in PUBLISHED_COLUMNS if name not in DATA_INDEPENDENT_COLUMNS]
        published = published.assign(**dict.fromkeys(withheld, None))
    costs = {Path(path).stem: read_json(path) for path in cost_paths}
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
                blocks=fold_blocks(costs[model]["layers"]),
                histories=[
                    read_table(run.path / "history.csv", ["step", "loss"]) for run in own_runs
                ],
            )
        )
    return Content(Path(manifest_path).parent.parent.name, manifest, entries, command)
