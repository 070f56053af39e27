# In: the run table, and the decisions on its trainings.
# Out: logs/runs.json, from which scripts/watch.py knows what there is to watch.

import time

from engine.files import new_files, read_json, to_json

RUN_LIST = LOGS / "runs.json"
# rules/failures.smk takes runs out of the table; they are shown as well.
LISTED_RUNS = list(TRAININGS)
STARTED = time.time()


def list_runs(decisions):
    """Keep the list of all runs and whether they are trained now.

    decisions: by record. Where nothing is trained and nothing changed, the list stays as it is.
    """
    runs = []
    for run in LISTED_RUNS:
        names = run._asdict()
        decision = decisions.get(str(record_of("train", RUN_NAME)).format(**names))
        # One that failed and is still in the table failed as it was defined before.
        is_stale = run in TRAININGS and Path(str(FAILURE).format(**names)).exists()
        if decision is not None:
            is_stale = decision.runs or bool(decision.waits_for)
        runs.append({**run._asdict(), "stale": is_stale})
    try:
        if not any(run["stale"] for run in runs) and runs == listed_before():
            return
        with new_files(RUN_LIST) as (path,):
            path.write_text(to_json({"since": STARTED, "runs": runs}), encoding="utf-8")
    except (OSError, UserError) as error:
        logger.warning(f"scripts/watch.py will not know the runs: {error}")


def listed_before():
    """The runs in the list that is there, or None."""
    try:
        return read_json(RUN_LIST)["runs"]
    except (UserError, KeyError):
        return None


BEFORE_JOBS.append(list_runs)
