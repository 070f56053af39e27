"""Which outputs are stale, and why: decided from contents alone, never from time stamps."""

import os
from dataclasses import dataclass, field

from engine.code import code_digests
from engine.records import plain_value, read_record


@dataclass
class Job:
    """One job of the workflow, as it is defined now.

    stage: its rule; wildcards: values by name, which tell it from others of the stage; code,
    inputs, outputs: paths; settings: values by name; record: path of its record; repeats: whether
    the same definition is sure to give the same bytes; is_checkpoint: whether what follows is
    decided after it ran; tolerated: settings that may differ from the record.
    """

    stage: str
    wildcards: dict
    code: list[str]
    settings: dict
    inputs: list[str]
    outputs: list[str]
    record: str
    repeats: bool = False
    is_checkpoint: bool = False
    tolerated: frozenset = frozenset()

    @property
    def name(self):
        """The wildcards' values, for people."""
        return "/".join(map(str, self.wildcards.values()))


@dataclass
class Decision:
    """What is known of one job.

    reasons: why it is stale, in words; is_missing: it was never made, or not whole; waits_for: the
    jobs that are made again before it can be told whether it is stale; after: a job that is made
    and whose outputs it comes from, or None; digests: of its outputs, by path, where they are
    known; lost: outputs that are not there.
    """

    reasons: list[str] = field(default_factory=list)
    is_missing: bool = False
    waits_for: list[Job] = field(default_factory=list)
    after: Job | None = None
    digests: dict = field(default_factory=dict)
    lost: set = field(default_factory=set)

    @property
    def is_made(self):
        """Whether the job is sure to run."""
        return self.is_missing or bool(self.reasons)


def decide(jobs, digests, forced=frozenset()):
    """Decisions by record path.

    jobs: list of Job, each after those whose outputs it reads; digests: Digests; forced: stages or
    outputs that are to be made again whatever their content.
    """
    producers, decisions, code = {}, {}, {}
    for job in jobs:
        key = tuple(job.code)
        if key not in code:
            code[key] = code_digests(job.code)
        decisions[job.record] = _decide(job, code[key], producers, decisions, digests, forced)
        producers.update(dict.fromkeys(job.outputs, job))
    digests.save()
    return decisions


def _decide(job, code, producers, decisions, digests, forced):
    decision = Decision()
    record = read_record(job.record)
    inputs, remade = {}, []
    for path in job.inputs:
        producer = producers.get(path)
        upstream = decisions[producer.record] if producer else None
        if upstream is None:
            inputs[path] = digests.of(path)
        elif path in upstream.digests:
            inputs[path] = upstream.digests[path]
            # Its bytes are known, but until they are back Snakemake would run what reads them.
            if producer.is_checkpoint and path in upstream.lost:
                decision.waits_for.append(producer)
        elif producer.is_checkpoint:
            decision.waits_for.append(producer)
        elif not upstream.waits_for:
            remade.append(producer.stage)
        if upstream and (upstream.is_made or upstream.after) and decision.after is None:
            decision.after = producer if upstream.is_made else upstream.after
        if upstream and upstream.waits_for:
            decision.waits_for += upstream.waits_for
    if record is None:
        decision.is_missing, decision.waits_for = True, []
        # What was never made needs no reason; Snakemake knows.
        if os.path.exists(job.record):
            decision.reasons.append(f"{job.record} is damaged")
        elif any(map(os.path.exists, job.outputs)):
            decision.reasons.append(f"{job.record} is missing")
        return decision
    if job.stage in forced or not forced.isdisjoint(job.outputs):
        decision.reasons.append("forced")
    own = differences(job, record, code, inputs)
    decision.reasons += own
    found = {path: digests.of(path) for path in job.outputs}
    decision.lost = {path for path in job.outputs if found[path] is None}
    decision.reasons += _broken_outputs(record, found)
    if remade and not decision.reasons:
        decision.reasons.append(f"{remade[0]} is made again")
    # What is made again from the same things gives the same bytes, where that is sure.
    is_same = not decision.reasons or (job.repeats and not own and not remade)
    if is_same and not decision.waits_for:
        decision.digests = record["outputs"]
    if decision.reasons:
        decision.waits_for = []
    return decision


def _broken_outputs(record, found):
    reasons = []
    for path, digest in found.items():
        if digest is None:
            reasons.append(f"{path} is missing")
        elif digest != record["outputs"].get(path):
            reasons.append(f"{path} was changed after it was made")
    return reasons


def differences(job, record, code, inputs):
    """What differs between a record and the job's definition now, in words.

    job: Job; record: a JSON object; code, inputs: digests of the job's, by module and by path.
    """
    reasons = []
    recorded, defined = (
        {name: plain_value(value) for name, value in values.items() if name not in job.tolerated}
        for values in (record["settings"], job.settings)
    )
    if (recorded, record["code"], record["inputs"]) == (defined, code, inputs):
        return reasons
    for key, before, now in _changes(recorded, defined):
        reasons.append(f"{key}: {_shown(before)} → {_shown(now)}")
    names = [n for n, _, _ in _changes(record["code"], code)]
    if names:
        reasons.append(f"code changed: {', '.join(names)}")
    gone = sorted(record["inputs"].keys() - set(job.inputs))
    new = [path for path in inputs if path not in record["inputs"]]
    changed = [path for path in inputs if inputs[path] != record["inputs"].get(path, inputs[path])]
    for paths, words in ((changed, "changed"), (new, "is new"), (gone, "is no longer read")):
        if paths:
            more = f" and {len(paths) - 1} more" if len(paths) > 1 else ""
            reasons.append(f"{paths[0]}{more} {words}")
    return reasons


MISSING = object()


def _changes(before, now, prefix=""):
    """(dotted key, old value, new value) of every leaf that differs."""
    for key in sorted({*before, *now}):
        old, new = before.get(key, MISSING), now.get(key, MISSING)
        if isinstance(old, dict) and isinstance(new, dict):
            yield from _changes(old, new, f"{prefix}{key}.")
        elif old is MISSING or new is MISSING or type(old) is not type(new) or old != new:
            yield f"{prefix}{key}", old, new


def _shown(value):
    if value is MISSING:
        return "nothing"
    if isinstance(value, list) and len(value) > 3:
        return f"{len(value)} values"
    return str(value)


def why(jobs, decisions):
    """Lines for people: every stale job's reasons, alike ones together."""
    groups = {}
    for job in jobs:
        decision = decisions[job.record]
        for reason in decision.reasons:
            groups.setdefault((job.stage, reason), []).append(job.name)
        if decision.waits_for and not decision.is_made:
            producer = decision.waits_for[0]
            reason = f"decided when {producer.stage} {producer.name}".rstrip() + " is made again"
            groups.setdefault((job.stage, reason), []).append(job.name)
    lines = []
    for (stage, reason), names in groups.items():
        shown = ", ".join(filter(None, names[:3])) + (
            f" and {len(names) - 3} more" if len(names) > 3 else ""
        )
        lines.append(f"{stage} {shown}".rstrip() + f": {reason}")
    return lines
