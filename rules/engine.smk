# In: all jobs as the rules define them, their records. Out: which run; see docs/staleness.md.
#
# This is the only file that uses what Snakemake does not document, each use with what breaks when
# Snakemake changes. tests/workflow/test_engine.py runs with the oldest and the locked Snakemake.

import os
import re
import sys
from pathlib import Path

import snakemake.workflow
from snakemake.dag import DAG
from snakemake.exceptions import WorkflowError
from snakemake.logging import logger
from snakemake.settings.types import RerunTrigger
from snakemake.utils import min_version

min_version("9.0")

sys.path.insert(0, str(Path(workflow.basedir) / "scripts"))

from engine.errors import UserError
from engine.locks import release_stale_locks
from engine.process import prepare_process
from engine.records import Digests
from engine.staleness import Job, decide, why

prepare_process()
# False in the Snakemake that a cluster's job starts: what it runs was decided. If this goes, each
# such process decides again, which costs seconds.
IS_MAIN_PROCESS = workflow.is_main_process
# Whether jobs run here, known when the graph is built; a dry run knows other executors by --jobs.
JOBS_RUN_HERE = lambda: workflow.local_exec and not (workflow.dryrun and NODES)
# --cores, which workflow.cores has too, but that raises where none was given (--report); --jobs.
CORES, NODES = workflow.resource_settings.cores or 0, workflow.resource_settings.nodes
# For the command that reproduces a report: what --configfile and --config said.
CONFIGFILES = [os.path.relpath(file) for file in workflow.configfiles]
OVERRIDES = dict(workflow.config_settings.config or {})
DIGESTS = Path("results/.digests.json")
# Functions that are called with the decisions by record before the first job starts.
BEFORE_JOBS = []
# Functions that give lines on what is stale outside of the graph, when all jobs ran.
AT_THE_END = []

NEEDED = "update_needrun postprocess bfs toposorted needrun finished reason jobs".split()
MISSING = [name for name in NEEDED if not hasattr(DAG, name)]
if MISSING or not hasattr(snakemake.workflow, "DAG"):
    sys.exit(
        f"error: this workflow cannot plan with Snakemake {snakemake.__version__} "
        f"(it has no DAG.{', DAG.'.join(MISSING)}); install the version in requirements.lock"
    )


class ContentDag(DAG):
    """Snakemake's plan, in which decisions from content take the place of its triggers.

    Jobs without an output `record` are left to Snakemake. What this relies on, beside NEEDED: a job
    with an output in `forcefiles` runs; update_needrun plans, at the start and after a checkpoint;
    postprocess follows it, before jobs start. If one of them changes, check_plan or check_end ends
    the invocation with an error.
    """

    def __init__(self, workflow, *args, **kwargs):
        super().__init__(workflow, *args, **kwargs)
        self.decisions, self.our_jobs, self.our_files, self.announced = {}, {}, set(), set()
        self.executes = workflow.executor_plugin is not None and not workflow.dryrun
        self.checkpoint_rules = [rule for rule in self.rules if rule.is_checkpoint]
        # All inputs are ancient(), so no trigger of Snakemake's fires; this spares it the look.
        workflow.dag_settings.rerun_triggers = frozenset({RerunTrigger.MTIME})
        if self.executes and workflow.touch:
            raise WorkflowError(
                "--touch changes nothing here: content decides what is up to date, not time. "
                "Run the same command without --touch."
            )
        if workflow.dag_settings.batch is not None:
            raise WorkflowError("--batch would hide what other batches need. Run without it.")
        if self.executes and workflow.execution_settings.no_hooks:
            raise WorkflowError(
                "--no-hooks would skip the check that all is up to date at the end. "
                "Run the same command without it."
            )
        if self.executes:
            self.host_file = release_stale_locks(logger)

    async def update_needrun(self, *args, **kwargs):
        """Plan what is missing or forced, as Snakemake does, and what is stale."""
        self.decide()
        for job in self.our_jobs.values():
            # Snakemake keeps it from an earlier plan, made while another job's outputs were away.
            self.reason(job).updated_input_run.clear()
        stale = [job for record, job in self.our_jobs.items() if self.decisions[record].runs]
        self.our_files.update(file for job in stale for file in job.output)
        self.forcefiles.update(self.our_files)
        # Snakemake skips the reasons of all jobs downstream of one that runs: with inputs that are
        # not ancient() they would run anyway. It finds them with bfs; without masking all count.
        self.bfs = lambda *_, **__: ()
        try:
            await super().update_needrun(*args, **kwargs)
        finally:
            del self.bfs
        if self.executes and self.awaited:
            for record, job in self.our_jobs.items():
                # What it reads may still change, so it is not ready before the plan is set anew.
                if self.decisions[record].waits_for and self.needrun(job):
                    self._n_until_ready[job] += 1

    async def postprocess(self, *args, **kwargs):
        """Say what is stale and why, and compare the plan with the decisions."""
        await super().postprocess(*args, **kwargs)
        jobs = [self.engine_jobs[record] for record in self.asked_for()]
        lines = [line for line in why(jobs, self.decisions) if line not in self.announced]
        for line in ["Stale, by content:", *lines] if lines else []:
            logger.info(line)
        self.check_plan()
        if self.executes and not self.announced:
            for function in BEFORE_JOBS:
                function(self.decisions)
        self.announced.update(lines, ["first"])

    def decide(self):
        """Decide on every job by what is there now."""
        self.our_jobs, self.engine_jobs = {}, {}
        for level in self.toposorted():
            records = {str(getattr(job.output, "record", "")): job for job in level}
            for record in sorted(records.keys() - {""}):
                self.our_jobs[record] = records[record]
                self.engine_jobs[record] = engine_job(records[record], record)
        asked = self.forcefiles - self.our_files
        forced = {
            record
            for record, job in self.our_jobs.items()
            if (job.rule in self.forcerules or not asked.isdisjoint(job.output))
            and not self.finished(job)
        }
        digests = Digests(DIGESTS)
        try:
            self.decisions = decide(list(self.engine_jobs.values()), digests, forced)
        except UserError as error:
            raise WorkflowError(str(error)) from error
        if self.executes:
            digests.save()
        # Snakemake builds what is downstream of a checkpoint anew: only what is awaited is one.
        undecided = [item for item in self.decisions.values() if not item.runs]
        self.awaited = {job.stage for item in undecided for job in item.waits_for}
        for one in self.checkpoint_rules:
            one.is_checkpoint = one.name in self.awaited

    def asked_for(self):
        """Records of the jobs that targets, --until and --omit-from ask for, and what they need."""
        jobs = set(self.jobs)
        return [record for record, job in self.our_jobs.items() if job in jobs]

    def check_plan(self):
        """End with an error where Snakemake's plan is not what was decided."""
        made = {file for job in self.jobs for file in job.output}
        for job in self.jobs:
            for file in job.input:
                # Snakemake takes a file that is there for a source where no job can make it.
                if file not in made and any(one.is_producer(file) for one in self.rules):
                    raise WorkflowError(
                        f"{file} is there and can no longer be made: a file that its rule reads is "
                        "missing. Restore that file."
                    )
        for record in self.asked_for():
            job, decision = self.our_jobs[record], self.decisions[record]
            is_planned = self.needrun(job) or self.finished(job)
            if decision.runs and not is_planned:
                self.fail(f"{record} is stale and Snakemake does not plan its job")
            is_expected = decision.runs or decision.waits_for or self.finished(job)
            if is_planned and not is_expected and not self.reason(job).forced:
                self.fail(f"{record} is up to date and Snakemake plans its job")

    def check_end(self):
        """End with an error where something that was asked for is not up to date."""
        self.decide()
        lines = why([self.engine_jobs[record] for record in self.asked_for()], self.decisions)
        lines += [line for function in AT_THE_END for line in function()]
        if lines:
            raise WorkflowError(
                "All jobs ran, and this is not up to date, because something was edited meanwhile "
                "or by a fault of the workflow. Run the same command again.\n  "
                + "\n  ".join(lines)
            )

    def fail(self, what):
        raise WorkflowError(
            f"{what}. This is a fault of the workflow. Please report it with the command, "
            f"Snakemake's version ({snakemake.__version__}) and the record."
        )


def engine_job(job, record):
    """A job of Snakemake as the engine knows it.

    Of its parameters, `defines` are the settings that define the outputs; `reads` are inputs at
    paths of a user's choice, whose braces are no wildcards; `repeats` is False where the same
    definition may give other bytes.
    """
    params = job.params
    return Job(
        stage=job.rule.name,
        name="/".join(map(str, job.wildcards_dict.values())),
        command=re.search(r"scripts/(\w+)\.py", job.rule.shellcmd)[1],
        settings=params.get("defines", {}),
        inputs=[*map(str, job.input), *params.get("reads", [])],
        outputs=[str(file) for file in job.output if str(file) != record],
        record=record,
        repeats=params.get("repeats", True),
        is_checkpoint=job.rule in workflow.dag.checkpoint_rules,
    )


if IS_MAIN_PROCESS:
    # If this name goes, nothing is decided here and check_end finds no decisions.
    snakemake.workflow.DAG = ContentDag


onsuccess:
    if IS_MAIN_PROCESS:
        workflow.dag.check_end()
