# The configuration and what follows from it. This is the only file that reads `config`;
# rules take the names below.

import re

from cifarlab.configuration import read_configuration, run_table
from cifarlab.named_files import check_files
from reporting.figures import FIGURES, drawings
from reporting.language import describe_language
from engine.settings import canonical_json

try:
    CONFIGURATION = read_configuration(config, OVERRIDES)
    RUNS = run_table(CONFIGURATION)
    RESULTS = Path("results") / CONFIGURATION.dataset.name
    RECORDS = RESULTS / "records"
    # The names of the report's languages, by code.
    LANGUAGES = {
        code: describe_language(code, "templates/locale").name
        for code in CONFIGURATION.report.languages
    }
    check_files(CONFIGURATION, RUNS, has_data=(RECORDS / "data.json").exists())
except UserError as error:
    sys.exit(f"error in the configuration: {error}")

DATASET = CONFIGURATION.dataset
LOGS = RESULTS / "logs"
# What identifies a run, and a row.
RUN_NAME, ROW_NAME = "{model}/{recipe}/seed-{seed}", "{model}/{recipe}"
RUN = RESULTS / "runs" / RUN_NAME
DATA = RESULTS / "data"
MANIFEST = DATA / "manifest.json"
# What a training resumes from; no output, because Snakemake removes those of a job that failed.
CHECKPOINTS = RESULTS / "checkpoints" / RUN_NAME
# What can be seen of a training while it runs; no output for the same reason.
LIVE = RESULTS / "live" / RUN_NAME
# Written instead of outputs by a training whose loss is no longer finite.
FAILURE = RESULTS / f"failures/{RUN_NAME}.json"
PUBLISHED = str(CONFIGURATION.published_file)
# Each as canonical JSON, by name: made once, asked for by every job.
MODELS = {name: model.to_json() for name, model in CONFIGURATION.models.items()}
RECIPES = {name: recipe.to_json() for name, recipe in CONFIGURATION.recipes.items()}
VERSIONS_ARE_LOCKED = CONFIGURATION.library_versions == "locked"


wildcard_constraints:
    model="|".join(map(re.escape, CONFIGURATION.models)),
    recipe="|".join(map(re.escape, CONFIGURATION.recipes)),
    seed=r"\d+",


def inputs(**files):
    """The inputs of a rule, by name: paths, lists of them, or functions of the wildcards.

    Their content decides what is stale, so their time does not count.
    """
    return {name: ancient(item) for name, item in files.items()}


def record_of(stage, name=""):
    """The file that says what a job's outputs are made from. name: of the job in its stage."""
    return RECORDS / f"{Path(stage, name)}.json"


def log_of(stage, name=""):
    """The file that keeps what the command of a job prints."""
    return LOGS / f"{Path(stage, name)}.log"


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
    """The arguments of scripts/train.py that say how often to save a checkpoint."""
    intervals = CONFIGURATION.checkpoints.model_dump(exclude_none=True)
    return [word for name, value in intervals.items() for word in (f"--checkpoint-{name}", value)]


def as_data(value):
    """A function for a rule's params that gives `value`, whose braces are no wildcards."""
    return lambda wildcards: value


def data_settings():
    """What the images are, by the names of scripts/data.py's arguments."""
    return {"kind": DATASET.kind, **DATASET.origin}


def data_arguments():
    """The arguments of scripts/data.py that say what to make, and where to find it."""
    words = [DATASET.kind]
    for name, value in DATASET.origin.items():
        text = value if isinstance(value, str) else canonical_json(value)
        words += [f"--{name.replace('_', '-')}", text]
    # Where the images come from has no bearing on what they are: their digest is given.
    if not DATASET.is_synthetic:
        words += ["--source", *DATASET.source, "--downloads", "results/downloads"]
    return words


def defines_row(wildcards):
    """What the results of a row's jobs follow from, by the names of their commands' arguments."""
    settings = {"model": MODELS[wildcards.model], "recipe": RECIPES[wildcards.recipe]}
    versions = {"versions": LOCKED_VERSIONS} if VERSIONS_ARE_LOCKED else {}
    return {**settings, **versions}


def defines_run(wildcards):
    """What the results of a training follow from: those of its row, and the seed."""
    return {**defines_row(wildcards), "seed": int(wildcards.seed)}


def defines_cost(wildcards):
    """What the costs of a model follow from, by the names of scripts/cost.py's arguments."""
    names = dict.fromkeys(run.recipe for run in RUNS if run.model == wildcards.model)
    recipes = {name: CONFIGURATION.recipes[name].of_one_step() for name in names}
    return {
        "model": MODELS[wildcards.model],
        "recipes": canonical_json({name: recipe.model_dump() for name, recipe in recipes.items()}),
        "device": DEVICE,
        "threads": THREADS,
    }


def defines_model(wildcards):
    """The settings of a job's model, as canonical JSON, by the name of a command's argument."""
    return {"model": MODELS[wildcards.model]}


def images_at_once(wildcards):
    """How many images an evaluation computes at once."""
    return CONFIGURATION.recipes[wildcards.recipe].images_at_once


def local_weights(wildcards):
    """The local file that a job's model starts from, if any."""
    return [path] if (path := CONFIGURATION.models[wildcards.model].local_weights) else []


def initial_weights(wildcards):
    """The output of the stage weights that a job's model starts from, if any."""
    is_pretrained = CONFIGURATION.models[wildcards.model].is_pretrained
    return RESULTS / f"weights/{wildcards.model}.safetensors" if is_pretrained else []


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


# Tables of the comparison, by name: category and label in Snakemake's own report.
COMPARED = {
    "runs": ("Comparison", "Every run"),
    "comparison": ("Comparison", "Models, mean over seeds"),
    "published": ("Comparison", "Published, where it can be compared"),
    "verdicts": ("Comparison", "Published and measured"),
    "classes": ("Classes", "Accuracy of every class"),
    "confusions": ("Classes", "Most confused pairs"),
}


def table_of_report(name):
    """A table of the comparison as Snakemake's own report shows it."""
    category, label = COMPARED[name]
    caption = f"../templates/captions/{name}.rst"
    path = RESULTS / f"compare/{name}.csv"
    return report(path, caption=caption, category=category, labels={"table": label})
