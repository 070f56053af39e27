"""What a configuration may say, and the runs that it asks for."""

import re
from itertools import product
from pathlib import Path
from typing import Annotated, Literal, NamedTuple

from pydantic import BeforeValidator, Field, WithJsonSchema, create_model, model_validator

from cifarlab.datasets.registry import DATASETS, is_synthetic
from cifarlab.datasets.store import UNNAMED
from cifarlab.evaluation.settings import EvaluationSettings
from cifarlab.models.families import ModelSettings
from cifarlab.names import Name, Names
from cifarlab.studies import StudySettings
from cifarlab.sweeps import ConfiguredRecipe
from cifarlab.training.parts import left_out_at
from engine.errors import UserError
from engine.files import local_path
from engine.overrides import as_yaml
from engine.settings import (
    Count,
    DeviceName,
    PositiveNumber,
    Seed,
    Settings,
    checked_settings,
    text_like,
)

Md5 = text_like(r"[0-9a-f]{32}", "should be 32 hexadecimal digits, in small letters")
Sources = Annotated[
    list[Annotated[str, Field(min_length=1)]],
    Field(min_length=1),
    BeforeValidator(lambda value: [value] if isinstance(value, str) else value),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "minLength": 1},
                {"type": "array", "items": {"type": "string", "minLength": 1}, "minItems": 1},
            ]
        }
    ),
]
SYNTHETIC = "synthetic"
SYNTHETIC_KINDS = [name for name in DATASETS if is_synthetic(name)]


class SourceSettings(Settings):
    """Which images, and where they come from."""

    name: Name
    """Folder under `results/`. The name of a synthetic data set starts with `synthetic`, no other
    one does."""

    kind: Literal[tuple(DATASETS)] = UNNAMED[False]
    """Module of `scripts/cifarlab/datasets/` that reads or makes the images; not needed where
    `source` is the name of a synthetic data set."""

    source: Sources
    """A URL, a path to an archive, a list of them tried in order, or the name of a synthetic data
    set, such as `synthetic`."""

    md5: Md5 | None = None
    """MD5 of the archive, 32 hexadecimal digits: whatever the source, only these bytes are read.
    It must be given, except for a synthetic data set, which does not use it."""

    @model_validator(mode="before")
    @classmethod
    def _kind_from_source(cls, values):
        source = values.get("source") if isinstance(values, dict) else None
        named = source[0] if isinstance(source, list) and len(source) == 1 else source
        if isinstance(named, str) and named in SYNTHETIC_KINDS:
            return {"kind": named, **values}
        return values

    @property
    def is_synthetic(self):
        return is_synthetic(self.kind)

    @property
    def train_per_class(self):
        """Training images of each class, list of int, or None where only the images say it."""
        known = getattr(DATASETS[self.kind], "train_per_class", None)
        return known and known(getattr(self, self.kind, None))

    @property
    def origin(self):
        """What the images follow from, by the names of scripts/data.py's arguments."""
        settings = getattr(self, self.kind, None)
        archive = {} if self.is_synthetic else {"md5": self.md5}
        return {**archive, **(settings.model_dump() if settings else {})}


# With the settings of each data set below its name: a file that is laid on top of another one only
# adds keys, so those of the other data sets may be there too.
DatasetSettings = create_model(
    "DatasetSettings",
    __base__=SourceSettings,
    __doc__=SourceSettings.__doc__,
    **{
        name: (
            module.Settings,
            Field(default=module.Settings(), description=module.Settings.__doc__),
        )
        for name, module in DATASETS.items()
        if module.Settings.model_fields
    },
)


class CheckpointSettings(Settings):
    """How often a training saves a checkpoint."""

    seconds: PositiveNumber | None = None
    """Seconds between two checkpoints. Without `checkpoints` it is 300; with
    `checkpoints: {steps: …}` steps alone count."""

    steps: Count | None = None
    """Steps between two checkpoints."""

    @model_validator(mode="after")
    def _check_any(self):
        if self.seconds is None and self.steps is None:
            raise ValueError("give seconds, steps or both; without `checkpoints` it is 300 seconds")
        return self


class RunSet(Settings):
    """One run for every model × recipe × seed."""

    models: Names
    """Names defined under `models`."""

    recipes: Names
    """Names defined under `recipes`."""

    seeds: Annotated[list[Seed], Field(min_length=1)]
    """Seeds of the weights and of the order of the images."""


class ReportSettings(Settings):
    """What the report is like."""

    languages: Names = Field(default_factory=lambda: ["en", "zh"])
    """One report for each, linked to each other: `en`, English, or the name of a folder of
    `templates/locale/`, such as `zh`, Chinese."""


class Configuration(Settings):
    """What to run."""

    dataset: DatasetSettings
    """Where the images come from."""

    device: DeviceName = "auto"
    """Where to train and evaluate. `auto` takes a GPU if there is one. Rehearsals, trainings,
    evaluations and measurements of cost ask Snakemake for `gpu=1`, except with `cpu`, or with
    `auto` on a machine without a GPU."""

    threads: Count
    """CPU threads of one training, and of other jobs that compute. On a CPU, the same number gives
    the same bytes. If `--cores` is lower, its number is used."""

    checkpoints: CheckpointSettings = CheckpointSettings(seconds=300)
    """How often a training saves a checkpoint, to resume from after an interruption; after
    whichever comes first, where both are given."""

    models: dict[Name, ModelSettings]
    """Architectures, by a name of the user's choice."""

    recipes: dict[Name, ConfiguredRecipe]
    """Everything about training that is not the model, by a name of the user's choice."""

    runs: list[RunSet]
    """One run for every model × recipe × seed of each entry. It may be empty where there are
    studies."""

    studies: Annotated[dict[Name, StudySettings], left_out_at({})] = Field(default_factory=dict)
    """What changes to a recipe gain or cost, by a name of the user's choice."""

    evaluation: EvaluationSettings = EvaluationSettings()
    """What is measured on the test split beside what always is. Nothing is trained again for it."""

    published: Annotated[str, Field(min_length=1)]
    """CSV file of the published numbers; `config/published.csv` is the published study's table."""

    report: ReportSettings = ReportSettings()
    """What the report is like."""

    library_versions: Literal["locked", "any"] = "locked"
    """`locked`: a training with other versions of torch and torchvision than the lock file's is
    stale; `any`: it is accepted, and the report says so."""

    @property
    def published_file(self):
        """The Path of the published numbers."""
        return local_path(self.published) or Path(self.published)


class Run(NamedTuple):
    """One model × one recipe × one seed, by their names."""

    model: str
    recipe: str
    seed: int


def read_configuration(values, overrides=None):
    """The Configuration in `values`, a dict as read from YAML.

    overrides: the values among them that --config gave, in which numbers are text. Raises UserError
    with one line per fault: the key, what was found and what is allowed.
    """
    typed = as_yaml(values, overrides or {})
    configuration = checked_settings(Configuration, typed, texts=values)
    _check_source(configuration.dataset)
    return configuration


def _check_source(dataset):
    kinds = [name for name in dataset.source if name in SYNTHETIC_KINDS]
    if kinds and len(dataset.source) > 1:
        raise UserError(
            f"dataset.source: {kinds[0]} stands alone, it is no fallback (found {dataset.source})"
        )
    if kinds and kinds[0] != dataset.kind:
        raise UserError(
            f"dataset.kind: expected {kinds[0]}, which dataset.source names, or another source "
            f"(found {dataset.kind!r})"
        )
    if dataset.is_synthetic != dataset.name.startswith(SYNTHETIC):
        raise UserError(
            f"dataset.name: a name starts with {SYNTHETIC!r} exactly where the data set is "
            f"synthetic, so that nobody takes one for the other (found {dataset.name!r})"
        )
    if dataset.is_synthetic:
        return
    if dataset.md5 is None:
        raise UserError("dataset.md5: missing; give the MD5 of the archive (md5sum FILE prints it)")
    for source in dataset.source:
        if "://" in source and not re.match(r"https?://[^/]|file:///", source):
            raise UserError(
                "dataset.source: expected http://, https://, file:/// with the path, or a path "
                f"(found {source!r})"
            )


def run_table(configuration):
    """The runs that a Configuration asks for, as a list of Run in the order of the configuration.

    Raises UserError where a run names an unknown model or recipe, or where one is asked for twice.
    """
    if not configuration.runs and not configuration.studies:
        raise UserError("runs: expected at least 1 entry, or studies, found neither; add one")
    first_places = {}
    for number, run_set in enumerate(configuration.runs):
        for kind in ("models", "recipes"):
            known = getattr(configuration, kind)
            for name in getattr(run_set, kind):
                check_defined(name, known, kind, f"runs[{number}].{kind}")
        for run in map(Run._make, product(run_set.models, run_set.recipes, run_set.seeds)):
            if run in first_places:
                raise UserError(
                    f"runs[{number}]: model {run.model}, recipe {run.recipe}, seed {run.seed} "
                    f"was already asked for by runs[{first_places[run]}]; ask for each run once"
                )
            first_places[run] = number
    for kind in ("model", "recipe"):
        check_capitals(f"{kind}s", dict.fromkeys(getattr(run, kind) for run in first_places))
    return list(first_places)


def check_defined(name, known, kind, at):
    """Raise UserError where the key `at` names what is not among the `known` models or recipes."""
    if name not in known:
        raise UserError(
            f"{at}: {name!r} is not defined; {kind} has: {', '.join(sorted(known)) or 'nothing'}"
        )


def check_capitals(kind, names):
    """Names are folders, and macOS and Windows take those that differ only in capitals for one."""
    first_names = {}
    for name in names:
        other = first_names.setdefault(name.lower(), name)
        if other != name:
            raise UserError(
                f"{kind}: {other!r} and {name!r} differ only in capitals, and some file systems "
                "take them for one folder; rename one of them"
            )
