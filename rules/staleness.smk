# In: all rules as they are defined, the records beside their outputs.
# Out: which jobs are stale. Snakemake asks for it through the input `stale` of each job; all other
# inputs are ancient(), so that no time stamp decides. docs/staleness.md tells the whole.

import time
from types import SimpleNamespace

from snakemake.logging import logger
from snakemake.settings.types import RerunTrigger

from engine.records import Digests
from engine.staleness import Job, decide, why

STALE = LOGS / "stale.txt"
DIGESTS = Path("results/.digests.json")
# Each after those whose outputs it reads.
STAGES = ["data", "weights", "train", "evaluate", "metrics", "cost", "compare"]
STAGES += [*FIGURES, "report"]
# The same definition gives the same bytes again; the others measure, or run on a GPU.
REPEATING = {"data", "weights", "metrics", "compare", *FIGURES, "report"}
# What follows is decided by the digests of what they make, so after they ran.
DECIDING = {"data", "weights"}
# Parameters that say where and how a job runs, not what it makes.
TOLERATED = {
    "data": frozenset({"arguments"}),
    "train": frozenset({"device", "checkpoints", "interval", "live", "failure"})
    | (frozenset() if VERSIONS_ARE_LOCKED else {"versions"}),
    # It shows the configuration; what of it bears on the results is in their own settings.
    "report": frozenset({"configuration"}),
    "evaluate": frozenset({"device", "batch_size", "checkpoints"}),
    # What Snakemake's own report says below a figure.
    **dict.fromkeys(FIGURES, frozenset({"caption"})),
}
DECISIONS = {}


def if_stale(stage):
    """An input function: nothing, or a file that makes a job of this stage run.

    That is the record of a job before it that runs, or the list of reasons, written now.
    """

    def files(wildcards):
        # Ours decide. This is the first place in which the settings of the command line are known.
        workflow.dag_settings.rerun_triggers = frozenset({RerunTrigger.MTIME})
        record = str(getattr(rules, stage).output.record).format(**wildcards)
        decision = decisions().get(record)
        # Not in the table, or left out, but asked for by name.
        if decision is None:
            return []
        for job in decision.waits_for:
            # Raises until that job has run; then Snakemake asks again.
            getattr(checkpoints, job.stage).get(**job.wildcards)
        if decision.waits_for:
            decide_again()
            decision = decisions()[record]
        if decision.is_made and decision.after:
            return decision.after.record
        return str(STALE) if decision.is_made else []

    return files


def decisions():
    """The decision on every job by its record, made once."""
    if not DECISIONS:
        decide_again()
        # Snakemake builds the part of its graph that follows a checkpoint twice, which costs seconds
        # where there are many runs: only what decides something now is one.
        awaited = {job.stage for decision in DECISIONS.values() for job in decision.waits_for}
        for stage in DECIDING - awaited:
            getattr(rules, stage).rule.is_checkpoint = False
    return DECISIONS


def decide_again():
    """Decide on every job by what is there now, and tell what is stale."""
    jobs = [job for stage in STAGES for job in jobs_of(stage)]
    forced = frozenset(map(str, workflow.dag_settings.forcerun))
    DECISIONS.update(decide(jobs, Digests(DIGESTS), forced))
    if workflow.is_main_process:
        tell(jobs)
    list_runs()


def jobs_of(stage):
    """The jobs of one stage, as its rule defines them."""
    proxy = getattr(rules, stage)
    if "{seed}" in str(proxy.output.record):
        each = [run._asdict() for run in RUNS]
    elif "{recipe}" in str(proxy.output.record):
        each = [{"model": model, "recipe": recipe} for model, recipe in ROWS]
    elif "{model}" in str(proxy.output.record):
        names = COMPARED_MODELS if stage != "weights" else PRETRAINED_MODELS
        each = [{"model": name} for name in names]
    else:
        each = [{}]
    outputs = [str(file) for file in proxy.output if file != proxy.output.record]
    for values in each:
        wildcards = SimpleNamespace(**values)
        yield Job(
            stage=stage,
            wildcards=values,
            code=code_of(stage, values),
            settings=settings_of(proxy.params, wildcards),
            inputs=[
                file
                for name, item in proxy.input.items()
                if name != "stale"
                for file in files_of(item, wildcards)
            ],
            outputs=[file.format(**values) for file in outputs],
            record=str(proxy.output.record).format(**values),
            repeats=stage in REPEATING,
            is_checkpoint=stage in DECIDING,
            tolerated=TOLERATED.get(stage, frozenset()),
        )


def code_of(stage, wildcards):
    """The Python files whose code, with what they import, makes the outputs of a stage's job."""
    if stage in FIGURES:
        return ["scripts/figure.py", CODE[stage]]
    if stage == "report":
        return ["scripts/report.py", *CODE.values()]
    builds_model = stage in ("weights", "train", "evaluate", "cost")
    return [f"scripts/{stage}.py", *(code_of_model(wildcards["model"]) if builds_model else [])]


def settings_of(params, wildcards):
    """What a rule's parameters are for one job, by name; those that come as a dict by its keys."""
    settings = {}
    for name, value in params.items():
        if callable(value):
            value = value(wildcards)
        if value == "{seed}":
            value = wildcards.seed
        settings.update(value if isinstance(value, dict) else {name: value})
    return settings


def files_of(item, wildcards):
    """The paths of a rule's input, which is a pattern, a list of them, or a function."""
    if callable(item):
        item = item(wildcards)
    items = [item] if isinstance(item, (str, Path)) else item
    return [str(file).format(**vars(wildcards)) for file in items]


def tell(jobs):
    """Say what is stale and why, and keep it; its time makes Snakemake run what is stale."""
    made = [job for job in jobs if DECISIONS[job.record].is_made]
    lines = why(jobs, DECISIONS)
    for line in ["Stale, by content:", *lines] if lines else []:
        logger.info(line)
    if not made:
        return
    STALE.parent.mkdir(parents=True, exist_ok=True)
    STALE.write_text("\n".join(lines) + "\n", encoding="utf-8")
    # An output may come from a clock that was ahead.
    outputs = [file for job in made for file in job.outputs]
    times = [os.stat(file).st_mtime for file in outputs if os.path.exists(file)]
    newest = max([time.time(), *(moment + 1 for moment in times)])
    os.utime(STALE, (newest, newest))
