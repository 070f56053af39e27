# In: the run table, and the decisions on its trainings.
# Out: logs/runs.json, from which scripts/watch.py knows what there is to watch.

import time

from engine.files import new_files, read_json, to_json

RUN_LIST = LOGS / "runs.json"
# rules/failures.smk takes runs out of the table; they are shown as well.
LISTED_RUNS = list(RUNS)
STARTED = time.time()


def list_runs():
    """Keep the list of all runs and whether they are to be trained, unless nothing is made now."""
    makes_something = workflow.executor_plugin and not (workflow.dryrun or workflow.touch)
    if not (workflow.is_main_process and makes_something):
        return
    record = str(rules.train.output.record)
    runs = []
    for run in LISTED_RUNS:
        decision = DECISIONS.get(record.format(**run._asdict()))
        is_stale = decision is not None and bool(decision.is_made or decision.waits_for)
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
