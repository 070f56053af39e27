# The configuration and what follows from it. This is the only file that reads `config`;
# rules take the names below.

import os
import re

from cifarlab.configuration import read_configuration
from cifarlab.named_files import check_files
from cifarlab.plan import plan_of
from reporting.figures import FIGURES, drawings
from reporting.language import describe_language
from engine.settings import canonical_json

try:
    CONFIGURATION = read_configuration(config, OVERRIDES)
    PLAN = plan_of(CONFIGURATION)
    # Those of the comparison, which meet the test split; all that are trained.
    RUNS, TRAININGS = list(PLAN.runs), list(PLAN.trainings)
    RESULTS = Path("results") / CONFIGURATION.dataset.name
    RECORDS = RESULTS / "records"
    # The names of the report's languages, by code.
    LANGUAGES = {
        code: describe_language(code, "templates/locale").name
        for code in CONFIGURATION.report.languages
    }
    check_files(CONFIGURATION, TRAININGS, has_data=os.path.exists(RECORDS / "data.json"))
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
# What a row's runs go by.
REHEARSAL = RESULTS / f"rehearsals/{ROW_NAME}.json"
# Written instead of outputs by a training whose loss is no longer finite.
FAILURE = RESULTS / f"failures/{RUN_NAME}.json"
PUBLISHED = str(CONFIGURATION.published_file)
# The user's list of wrong test labels, if there is one, and what it makes of the labels.
LABEL_CORRECTIONS = [str(p) for p in [CONFIGURATION.evaluation.label_corrections_file] if p]
CORRECTIONS = DATA / "corrected_labels.json"
# What is done to test images beside measuring them as they are.
CORRUPTIONS = CONFIGURATION.evaluation.corruptions
# Each as canonical JSON, by name: made once, asked for by every job.
MODELS = {name: model.to_json() for name, model in CONFIGURATION.models.items()}
RECIPES = {name: recipe.to_json() for name, recipe in PLAN.recipes.items()}
VERSIONS_ARE_LOCKED = CONFIGURATION.library_versions == "locked"


def any_of(names):
    """A pattern of a wildcard: one of these names; with none of them it matches nothing."""
    return "|".join(map(re.escape, names)) or "(?!)"


# Those whose runs meet the test split: no point of a sweep, and no change of a study alone.
TESTED_RECIPE = any_of(dict.fromkeys(run.recipe for run in RUNS))


wildcard_constraints:
    model=any_of(CONFIGURATION.models),
    recipe=any_of(PLAN.recipes),
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


def check_list(decisions):
    """End before any job where the user's list does not fit the labels, if these are there."""
    made, data = (decisions.get(str(record_of(stage))) for stage in ("corrections", "data"))
    if made and made.runs and data and not (data.runs or data.waits_for):
        from cifarlab.datasets.corrections import load_corrections

        try:
            load_corrections(LABEL_CORRECTIONS[0], DATA / "test.json", DATA / "classes.json")
        except UserError as error:
            raise WorkflowError(str(error)) from error


BEFORE_JOBS.append(check_list)

# Tables of the comparison, by name: category and label in Snakemake's own report, which sorts them.
COMPARED = {
    "runs": ("2 Tables", "Every run"),
    "comparison": ("2 Tables", "Models: accuracy, rank and cost"),
    "pairwise": ("2 Tables", "Differences between pairs of models"),
    "published": ("2 Tables", "Published numbers of the models that were run"),
    "verdicts": ("2 Tables", "Published vs measured, with verdicts"),
    "claims": ("2 Tables", "Claims of the published text, with verdicts"),
    "robustness": ("2 Tables", "Accuracy on corrupted images"),
    "classes": ("4 Classes", "Accuracy and precision of every class"),
    "confusions": ("4 Classes", "Most confused pairs of classes"),
    "superclasses": ("4 Classes", "Confusion of the superclasses"),
    "images": ("4 Classes", "Every test image: how many runs are right"),
    "doubtful_labels": ("8 Data", "Labels that no run believes"),
}


def table_of_report(name):
    """A table of the comparison as Snakemake's own report shows it."""
    category, label = COMPARED[name]
    caption = f"../templates/captions/{name}.rst"
    path = RESULTS / f"compare/{name}.csv"
    return report(path, caption=caption, category=category, labels={"table": label})
