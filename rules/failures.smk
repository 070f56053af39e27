# In: what trainings whose loss was no longer finite left behind.
# Out: the run table without them, as long as they would fail in the same way again.

from engine.code import code_digests
from cifarlab.configuration import Run
from engine.records import read_record
from engine.staleness import differences

FAILURES = []


def leave_out_failed_runs():
    """Take runs out of the table whose training failed as it is defined now, and say so."""
    digests = Digests(DIGESTS)
    for job in jobs_of("train"):
        path = str(FAILURE).format(**job.wildcards)
        failure = read_record(path, ("code", "settings", "inputs", "diverged"))
        if failure is None:
            continue
        inputs = {file: digests.of(file) for file in job.inputs}
        if differences(job, failure, code_digests(job.code), inputs):
            continue
        FAILURES.append(path)
        RUNS.remove(Run(**job.wildcards))
        logger.warning(
            f"left out: {job.name}, its loss became {failure['diverged']['loss']} at step "
            f"{failure['diverged']['step']}; change its recipe, or delete {path} to try again"
        )
    tabulate()


if (RESULTS / "failures").is_dir():
    leave_out_failed_runs()
    if not RUNS:
        sys.exit("error: the training of every run failed; lower the learning rates")
