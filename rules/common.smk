# The configuration and what follows from it. This is the only file that reads `config`;
# rules take the names below.

import gc
import os
import re
import shlex
import sys
from pathlib import Path

from snakemake.utils import min_version

min_version("9.0")

# With many runs Snakemake makes millions of objects that live to its end: looking for garbage among
# them as often as Python does takes a seventh of a dry run.
gc.set_threshold(50_000, 50, 50)

sys.path.insert(0, str(Path(workflow.basedir) / "scripts"))

from cifarlab.configuration import read_configuration, run_table
from engine.errors import UserError
from reporting.figures import CODE, FIGURES, drawings
from reporting.language import LANGUAGES as KNOWN_LANGUAGES
from engine.settings import canonical_json

# `.venv/bin/snakemake` without an activated .venv must find the same Python for its jobs. With
# `--sdm conda` the environment of a rule is activated later and comes first.
os.environ.update(PATH=os.pathsep.join([str(Path(sys.executable).parent), *os.get_exec_path()]))

try:
    CONFIGURATION = read_configuration(config)
    RUNS = run_table(CONFIGURATION)
except UserError as error:
    sys.exit(f"error in the configuration: {error}")

DATASET = CONFIGURATION.dataset
RESULTS = Path("results") / DATASET.name
LOGS = RESULTS / "logs"
RUN = RESULTS / "runs/{model}/{recipe}/seed-{seed}"
RECORDS = RESULTS / "records"
DATA = RESULTS / "data"
MANIFEST = DATA / "manifest.json"
# What a training goes on from; no output, because Snakemake removes those of a job that failed.
CHECKPOINTS = RESULTS / "checkpoints/{model}/{recipe}/seed-{seed}"
# What can be seen of a training while it runs; no output for the same reason.
LIVE = RESULTS / "live/{model}/{recipe}/seed-{seed}"
# Written instead of outputs by a training whose loss is no longer finite.
FAILURE = RESULTS / "failures/{model}/{recipe}/seed-{seed}.json"
PUBLISHED = CONFIGURATION.published
DEVICE = CONFIGURATION.device
THREADS = CONFIGURATION.threads
# What is measured is measured alone: a job that asks for all cores has no neighbours. In a cluster's
# job the cores are those of a node, of which the job has only its share.
ALL_CORES = THREADS
if workflow.is_main_process:
    ALL_CORES = max(THREADS, workflow.resource_settings.cores or 0)
# With device auto a job uses a GPU where it finds one, so it asks for one.
GPUS_PER_RUN = 0 if DEVICE == "cpu" else 1
# Each as canonical JSON, by name: made once, asked for by every job.
MODELS = {name: model.to_json() for name, model in CONFIGURATION.models.items()}
RECIPES = {name: recipe.to_json() for name, recipe in CONFIGURATION.recipes.items()}
# The report's, by code.
LANGUAGES = {code: KNOWN_LANGUAGES[code].name for code in CONFIGURATION.report.languages}
VERSIONS_ARE_LOCKED = CONFIGURATION.library_versions == "locked"


wildcard_constraints:
    model="|".join(map(re.escape, CONFIGURATION.models)),
    recipe="|".join(map(re.escape, CONFIGURATION.recipes)),
    seed=r"\d+",


def tabulate():
    """What follows from the run table; once more where a run was taken out of it."""
    # The rows of the comparison, (model, recipe), each with its runs.
    ROWS.clear()
    for run in RUNS:
        ROWS.setdefault((run.model, run.recipe), []).append(run)
    COMPARED_MODELS[:] = dict.fromkeys(run.model for run in RUNS)
    PRETRAINED_MODELS[:] = [
        name for name in COMPARED_MODELS if CONFIGURATION.models[name].is_pretrained
    ]


ROWS, COMPARED_MODELS, PRETRAINED_MODELS = {}, [], []
tabulate()


def locked_versions():
    """The versions of torch and torchvision in the lock file, as canonical JSON."""
    lock = (Path(workflow.basedir) / "requirements.lock").read_text(encoding="utf-8")
    return canonical_json(dict(re.findall(r"^(torch|torchvision)==([\w.+]+)", lock, re.MULTILINE)))


LOCKED_VERSIONS = locked_versions()


def checkpoint_arguments():
    """The words that tell scripts/train.py how often to keep a checkpoint."""
    intervals = CONFIGURATION.checkpoints.model_dump(exclude_none=True)
    return [word for name, value in intervals.items() for word in (f"--checkpoint-{name}", value)]


def data_settings():
    """What the images are, by the names of scripts/data.py's arguments."""
    if DATASET.is_synthetic:
        return {"kind": "synthetic", **DATASET.synthetic.model_dump()}
    return {"kind": "archive", "md5": DATASET.md5}


def data_arguments():
    """The words that tell scripts/data.py what to make, and where to find it."""
    settings = data_settings()
    words = [settings.pop("kind")]
    for name, value in settings.items():
        words += [f"--{name.replace('_', '-')}", str(value)]
    # Where the images come from has no bearing on what they are: their digest is given.
    if not DATASET.is_synthetic:
        words += ["--source", *DATASET.source, "--downloads", "results/downloads"]
    return words


def model_settings(wildcards):
    """The settings of a job's model, as canonical JSON."""
    return MODELS[wildcards.model]


# Snakemake spends more on a function of the wildcards than on what it returns: one for each job.
def run_settings(wildcards):
    """The settings of a run's model and recipe, each as canonical JSON, by name."""
    return {"model": MODELS[wildcards.model], "recipe": RECIPES[wildcards.recipe]}


def evaluation_settings(wildcards):
    """The settings of a run's model, as canonical JSON, and how many images it takes at once."""
    recipe = CONFIGURATION.recipes[wildcards.recipe]
    return {"model": MODELS[wildcards.model], "batch_size": recipe.images_at_once}


def recipes_of_model(wildcards):
    """What a step takes with every recipe that a job's model is trained with, by name, as JSON."""
    names = dict.fromkeys(run.recipe for run in RUNS if run.model == wildcards.model)
    recipes = {name: CONFIGURATION.recipes[name].of_one_step() for name in names}
    return canonical_json({name: recipe.model_dump() for name, recipe in recipes.items()})


def code_of_model(name):
    """Paths of the Python files that a model is built from."""
    return CONFIGURATION.models[name].code_files


def local_weights(wildcards):
    """The local file that a job's model starts from, if any."""
    return ancient(CONFIGURATION.models[wildcards.model].local_weights or [])


def initial_weights(wildcards):
    """The output of the stage weights that a job's model starts from, if any."""
    if CONFIGURATION.models[wildcards.model].is_pretrained:
        return ancient(str(RESULTS / "weights/{model}.safetensors").format(model=wildcards.model))
    return []


def of_all_runs(pattern):
    """`pattern` with {model}, {recipe} and {seed}, filled in for every run."""
    return [str(pattern).format(**run._asdict()) for run in RUNS]


def of_all_models(pattern):
    """`pattern` with {model}, filled in for every model that is compared."""
    return [str(pattern).format(model=model) for model in COMPARED_MODELS]


def of_all_rows(pattern):
    """`pattern` with {model} and {recipe}, filled in for every row of the comparison."""
    return [str(pattern).format(model=model, recipe=recipe) for model, recipe in ROWS]


def runs_of_row(wildcards):
    """The folders of the runs of one row of the comparison."""
    return [str(RUN).format(**run._asdict()) for run in ROWS[wildcards.model, wildcards.recipe]]


def runs_of_model(wildcards):
    """The folders of the runs of one model, with every recipe."""
    return [str(RUN).format(**run._asdict()) for run in RUNS if run.model == wildcards.model]


def command_again():
    """The command line that makes these results again."""
    words = ["snakemake", "--cores", str(THREADS)]
    files = [os.path.relpath(file) for file in workflow.configfiles]
    if further := [file for file in files if file != "config/config.yaml"]:
        words += ["--configfile", *further]
    if overrides := workflow.config_settings.config:
        words += ["--config", *(f"{key}={value}" for key, value in overrides.items())]
    return shlex.join(words)
