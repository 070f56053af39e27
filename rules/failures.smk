# In: what trainings whose loss was no longer finite left behind.
# Out: the run table without them, as long as they would fail in the same way again.

from types import SimpleNamespace

from engine.code import Code
from engine.records import DEFINITION_KEYS, read_record
from engine.staleness import differences

# Records of runs that are left out, each with its training.
LEFT_OUT = {}


def training_job(run):
    """The training of a run as the engine knows it."""
    wildcards = SimpleNamespace(**run._asdict())
    rehearsal = str(REHEARSAL).format(**run._asdict())
    return Job(
        stage="train",
        name="/".join(map(str, run)),
        command="train",
        settings=defines_run(wildcards),
        inputs=[str(p) for p in (DATA / "train.json", initial_weights(wildcards), rehearsal) if p],
        outputs=[],
        record=str(FAILURE).format(**run._asdict()),
    )


def current_failure(job, digests):
    """What a training left that failed as it is defined now, or None."""
    failure = read_record(job.record, (*DEFINITION_KEYS, "diverged"))
    if failure is None:
        return None
    code = Code(digests.of_code).now([job.command, *failure["code"]])
    inputs = {file: digests.of(file) for file in job.inputs}
    return None if differences(job, failure, code, inputs, digests) else failure


def leave_out_failed_runs():
    """Take runs out of the table whose training failed as it is defined now, and say so."""
    digests = Digests(DIGESTS)
    for job, run in [(training_job(run), run) for run in list(TRAININGS)]:
        failure = current_failure(job, digests)
        if failure is None:
            continue
        LEFT_OUT[job.record] = job
        TRAININGS.remove(run)
        if run in RUNS:
            RUNS.remove(run)
        logger.warning(
            f"left out: {job.name}, its loss became {failure['diverged']['loss']} at step "
            f"{failure['diverged']['step']}; change its recipe, or delete {job.record} to try again"
        )
    # A sweep of which no point is left has no run.
    RUNS[:] = [run for run in RUNS if run.recipe not in PLAN.points or points_left(run)]
    tabulate()


def points_left(run):
    """The points of a sweep's run, list of names, of which no seed failed."""
    seeds = [other.seed for other in PLAN.runs if other[:2] == run[:2]]
    points = [[run._replace(recipe=p, seed=s) for s in seeds] for p in PLAN.points[run.recipe]]
    return [runs[0].recipe for runs in points if all(one in TRAININGS for one in runs)]


def wrongly_left_out():
    """Lines on runs that were left out and, after what ran, would be trained."""
    digests = Digests(DIGESTS)
    for job in LEFT_OUT.values():
        if current_failure(job, digests) is None:
            yield f"train {job.name}: left out, and defined otherwise by now"


AT_THE_END.append(wrongly_left_out)
if (RESULTS / "failures").is_dir():
    try:
        leave_out_failed_runs()
    except UserError as error:
        sys.exit(f"error: {error}")
    if not TRAININGS:
        sys.exit("error: the training of every run failed; lower the learning rates")
    # A study by itself has a report.
    if not (RUNS or PLAN.studies):
        sys.exit(
            "error: no point of a sweep is left of which every seed was trained; lower the "
            "learning rates"
        )
