"""Which outputs are stale, and why: decided from contents alone, never from time stamps."""

import os
from dataclasses import dataclass, field

from engine.code import Code
from engine.records import plain_value, read_record


@dataclass(frozen=True)
class Job:
    """One job of the workflow, as it is defined now.

    stage: its rule; name: of the job in its stage, for people; command: the name of
    the command's module; settings: values that define the outputs, by name; inputs, outputs: paths;
    record: path of its record; repeats: whether the same definition is sure to give the same bytes;
    is_checkpoint: whether what is downstream is decided after it ran.
    """

    stage: str
    name: str
    command: str
    settings: dict
    inputs: list[str]
    outputs: list[str]
    record: str
    repeats: bool = True
    is_checkpoint: bool = False


@dataclass
class Decision:
    """What is known of one job.

    reasons: why it is stale, in words; is_missing: it has no record; waits_for: jobs that run
    before it is known whether it is stale, or what it reads; digests: of its outputs, by path,
    where they are known; lost: outputs that are not there.
    """

    reasons: list[str] = field(default_factory=list)
    is_missing: bool = False
    waits_for: list[Job] = field(default_factory=list)
    digests: dict = field(default_factory=dict)
    lost: set = field(default_factory=set)

    @property
    def runs(self):
        """Whether the job is sure to run."""
        return self.is_missing or bool(self.reasons)


def decide(jobs, digests, forced=frozenset()):
    """Decisions by record path.

    jobs: list of Job, each after those whose outputs it reads; digests: Digests; forced: records of
    the jobs that run whatever their content.
    """
    producers, decisions, known_code = {}, {}, {}
    code = Code(digests.of_code)
    for job in jobs:
        record = read_record(job.record)
        names = frozenset([job.command, *(record["code"] if record else ())])
        if names not in known_code:
            known_code[names] = code.now(names)
        decisions[job.record] = _decide(
            job, record, known_code[names], producers, decisions, digests, job.record in forced
        )
        producers.update(dict.fromkeys(job.outputs, job))
    return decisions


def _decide(job, record, code, producers, decisions, digests, is_forced):
    decision = Decision()
    inputs, upstream_reasons = _inputs(job, producers, decisions, digests, decision)
    if record is None:
        decision.is_missing = True
        # What was never made needs no reason; Snakemake knows.
        if os.path.exists(job.record):
            decision.reasons.append(f"{job.record} is damaged")
        elif any(map(os.path.exists, job.outputs)):
            decision.reasons.append(f"{job.record} is missing")
        return decision
    own = differences(job, record, code, inputs, digests)
    found = {path: digests.of(path) for path in job.outputs}
    decision.lost = {path for path in job.outputs if found[path] is None}
    decision.reasons += ["forced"] * is_forced + own + _broken_outputs(record, found)
    decision.reasons += [] if decision.reasons else upstream_reasons[:1]
    # What reruns from the same things gives the same bytes, where that is sure.
    is_same = not decision.runs or (job.repeats and not own and inputs.keys() >= set(job.inputs))
    if is_same and not decision.waits_for:
        decision.digests = record["outputs"]
    return decision


def _inputs(job, producers, decisions, digests, decision):
    """Digests of a job's inputs, by path, as far as they are known; and reasons from upstream.

    What has to run before more is known is added to decision.waits_for.
    """
    inputs, reasons = {}, []
    for path in job.inputs:
        producer = producers.get(path)
        if producer is None:
            inputs[path] = digests.of(path)
            continue
        upstream = decisions[producer.record]
        decision.waits_for += upstream.waits_for
        is_lost = path in upstream.lost
        if path in upstream.digests:
            inputs[path] = upstream.digests[path]
            # Its bytes are known, but Snakemake plans what reads a file that is not there.
            if is_lost and producer.is_checkpoint:
                decision.waits_for.append(producer)
            elif is_lost:
                reasons.append(f"{path} is missing")
        elif producer.is_checkpoint:
            decision.waits_for.append(producer)
        elif upstream.runs:
            reasons.append(f"{producer.stage} reruns")
    return inputs, reasons


def _broken_outputs(record, found):
    reasons = []
    for path, digest in found.items():
        if digest is None:
            reasons.append(f"{path} is missing")
        elif digest != record["outputs"].get(path):
            reasons.append(f"{path} was changed after the job")
    return reasons


def differences(job, record, code, inputs, digests):
    """What differs between a record and the job's definition now, in words.

    job: Job; record: a JSON object; code: digests by module, of those that the record names;
    inputs: digests by path, of those that are known; digests: Digests.
    """
    defined = {name: plain_value(value) for name, value in job.settings.items()}
    # Other arguments of the command say where and how it ran.
    recorded = {name: record["settings"][name] for name in defined if name in record["settings"]}
    reasons = [
        f"{key}: {_shown(before)} → {_shown(now)}"
        for key, before, now in _changes(recorded, defined)
    ]
    if names := [name for name, _, _ in _changes(record["code"], code)]:
        reasons.append(f"code changed: {', '.join(names)}")
    before = record["inputs"]
    read = {path: digests.of(path) for path in record["read"]}
    changed = [path for path in inputs if inputs[path] != before.get(path, inputs[path])]
    changed += [path for path in read if read[path] != record["read"][path]]
    new = [path for path in job.inputs if path not in before]
    gone = sorted(before.keys() - set(job.inputs))
    for paths, words in ((changed, "changed"), (new, "is new"), (gone, "is no longer read")):
        if paths:
            more = f" and {len(paths) - 1} more" if len(paths) > 1 else ""
            reasons.append(f"{paths[0]}{more} {words}")
    return reasons


MISSING = object()


def _changes(before, now, prefix=""):
    """(dotted key, old value, new value) of every leaf that differs."""
    if before is now or _is_same(before, now):
        return
    for key in sorted({*before, *now}):
        old, new = before.get(key, MISSING), now.get(key, MISSING)
        if isinstance(old, dict) and isinstance(new, dict):
            yield from _changes(old, new, f"{prefix}{key}.")
        elif not _is_same(old, new):
            yield f"{prefix}{key}", old, new


def _is_same(one, other):
    """Whether two values of JSON are the same; 1, 1.0 and True are not, nor are 0.0 and -0.0."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(_is_same(one[k], other[k]) for k in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(_is_same, one, other))
    return one == other and repr(one) == repr(other)


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
        if decision.waits_for and not decision.runs:
            producer = decision.waits_for[0]
            reason = f"decided after {producer.stage} {producer.name}".rstrip() + " has run"
            groups.setdefault((job.stage, reason), []).append(job.name)
    lines = []
    for (stage, reason), names in groups.items():
        shown = ", ".join(filter(None, names[:3])) + (
            f" and {len(names) - 3} more" if len(names) > 3 else ""
        )
        lines.append(f"{stage} {shown}".rstrip() + f": {reason}")
    return lines
