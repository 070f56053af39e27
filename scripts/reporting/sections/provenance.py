"""Where the results come from: source, data, every run, and a checklist."""

import json
import re

from reporting.blocks import (
    Answers,
    Code,
    Details,
    Field,
    Group,
    Pairs,
    Paragraph,
    Section,
    Table,
    Warnings,
)
from reporting.columns import TITLES
from reporting.messages import N_
from reporting.numbers import number
from reporting.sections.checklist import checklist


def blocks(content, say):
    other = N_(
        "Not the locked version: %(run)s was trained with %(library)s %(found)s instead of "
        "%(locked)s."
    )
    others = [
        say(other, run=run.name, library=library, found=found or "–", locked=locked)
        for run, library, found, locked in content.other_versions
    ]
    return [
        *(command(content, say) if content.command else []),
        Pairs(origins(content, say)),
        *([Warnings(others)] if others else []),
        *(of_rows(content, say) if content.rows else []),
        *(untested(content, say) if content.untested else []),
        Details(say(N_("Configuration")), [Code(folded_json(content.configuration), "json")]),
    ]


def command(content, say):
    """How to make these results again, as blocks."""
    left_out = N_(
        "Not in this command, because outside of the repository: %(files)s. What was set there is "
        "in the configuration below."
    )
    files = say.joined(", ", map(say.code, content.elsewhere))
    return [
        Paragraph(say(N_("Reproduce with, or with more cores")), "quiet"),
        Code(content.command, "sh", copied_as="command"),
        *([Paragraph(say(left_out, files=files), "quiet")] if content.elsewhere else []),
    ]


def of_rows(content, say):
    """What is said of the runs of the comparison, as blocks."""
    return [
        Group(say(N_("Checklist of reproducibility")), [answers(content, say)]),
        Details(say(N_("Runs")), runs(content, say), id="all-runs"),
    ]


def origins(content, say):
    """Where the results come from, as (name, what to show)."""
    manifest, source = content.manifest, content.manifest["source"]
    digests = {
        N_("images, in any order"): manifest["images_sha256"],
        N_("test images, in this order"): manifest["sha256"]["test_images.npy"],
    }
    state = say(N_("no git checkout"))
    if content.source:
        changes = N_("with uncommitted changes") if content.source["dirty"] else N_("clean")
        commit = say.code(content.source["commit"])
        state = say(N_("%(name)s (%(rest)s)"), name=commit, rest=say(changes))
    # What a data set is made from is for its module to say.
    made_from = [
        (say.setting_name(key), say.code(value) if key == "md5" else say.setting_value(value))
        for key, value in source.items()
        if key != "synthetic" and value is not None
    ]
    return [
        (say(N_("source")), state),
        (say(N_("data set")), say.name(content.dataset_name)),
        *made_from,
        *((say(name), say.joined(" ", ["SHA-256", say.code(d)])) for name, d in digests.items()),
    ]


def answers(content, say):
    words = {True: "yes", False: "no", None: "unknown"}
    return Answers(
        [
            (
                words[item.answer],
                say.answer(item.answer),
                say(item.question),
                say(item.evidence, **item.values),
            )
            for item in checklist(content)
        ]
    )


def runs(content, say):
    """Every run, as blocks."""
    name = "test_accuracy_percent"
    rows = [(run, run.measured[name]) for run in content.runs]
    of_rows = tuple(row.number for row in content.rows for _ in row.runs)
    return table_of(say, rows, say(N_("Runs")), say(TITLES[name].title), "runs", of_rows)


def untested(content, say):
    """The runs of studies and the points of sweeps, as blocks."""
    title = say(N_("Runs of studies and sweeps: %(n)s"), n=len(content.untested))
    accuracy = say(N_("validation accuracy, %"))
    rows = [(run, run.training["validation_accuracy_percent"]) for run in content.untested]
    return [Details(title, table_of(say, rows, title, accuracy, "untested"))]


def table_of(say, rows, label, accuracy, anchor, of_rows=()):
    """A table of runs, as blocks.

    rows: (Run, its accuracy in percent); label: of the table; accuracy: the title of its column;
    of_rows: numbers of the rows of the comparison that the runs belong to.
    """
    name = "train_seconds"
    texts = (N_("device"), N_("libraries"), N_("start and end (UTC)"), N_("source"))
    head = [Field(say(N_("model"))), Field(say(N_("recipe"))), Field(say(N_("seed")), True)]
    head += [Field(accuracy, True), Field(say(TITLES[name].title), True)]
    head += [Field(say(text)) for text in texts]
    table = Table(
        id=anchor,
        label=label,
        head=head,
        rows=[[Field(say.safe(run.model)), *run_fields(say, run, value)] for run, value in rows],
        of_rows=of_rows,
    )
    asterisk = say(N_("An asterisk: with uncommitted changes."))
    source = say.sentences([say.source("runs/…/training.json"), asterisk])
    return [table, Paragraph(source, "source")]


def run_fields(say, run, accuracy):
    """The cells of one run but the first. accuracy: in percent."""
    training = run.training
    start, end = (training[name][:19].replace("T", " ") for name in ("started_at", "ended_at"))
    source = training["source"]
    versions = [f"{library} {version}" for library, version in training["versions"].items()]
    return [
        Field(say.safe(run.recipe)),
        Field(str(run.seed), True),
        Field(number(accuracy, 2), True),
        Field(number(training["train_seconds"], 1), True),
        Field(device(say, training)),
        Field(say.lines("", *map(say.safe, versions))),
        Field(say.lines(start, end, say.pair(say(N_("resumed")), say.answer(run.is_resumed)))),
        Field(
            say.code(source["commit"][:10]) + ("*" if say.is_html else "\\*") * source["dirty"]
            if source
            else "–"
        ),
    ]


def device(say, training):
    """Where a run was trained."""
    notes = []
    if training["driver"]:
        notes.append(say.joined(" ", [say(N_("driver")), say.name(training["driver"])]))
    if training["device"] != "cpu":
        notes.append(say.pair("CPU", say.name(training["cpu"])))
    notes.append(say.pair(say(N_("threads")), training["threads"]))
    name = say.pair(training["device"].upper(), say.name(training["device_name"]))
    return say.lines(name, *notes)


def folded_json(value):
    """A JSON object as indented text, short objects and lists on one line."""
    text = json.dumps(value, indent=2, ensure_ascii=False)
    return re.sub(
        r"([\[{])\n\s+([^\[\]{}]{1,150}?)\n\s+([\]}])",
        lambda match: f"{match[1]}{' '.join(match[2].split())}{match[3]}",
        text,
    )


SECTION = Section("provenance", N_("Provenance"), blocks, is_shown=lambda _content: True)
