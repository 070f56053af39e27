"""What each change of a study gains or costs, on the validation split."""

import json

from cifarlab.comparison.repeats import AGREEMENT_PERCENT
from reporting.blocks import Field, Listing, Paragraph, Section, Table
from reporting.messages import N_
from reporting.numbers import is_missing, number
from reporting.pictures import picture
from reporting.sections.overfitting_sentences import baseline_sentences
from reporting.sections.pairs import p_value
from reporting.sections.study_sentences import sentence

ABOUT = N_(
    "Changes to one recipe, each trained with the same seeds as what it is compared with. All are "
    "compared on the same images, a part of the training split that no run trains on; the test "
    "split is not used. An interval is of one change by itself, and covers other seeds, not other "
    "images. A change gains or loses where its p-value, corrected for the number of tests (Holm), "
    "is below 0.05. All changes of a study are compared with the same runs: where these are worse "
    "by chance, every change looks better."
)
BASELINE = N_("The baseline %(recipe)s: %(settings)s.")
HEADS = (
    N_("validation accuracy, %"),
    N_("compared with, %"),
    N_("difference, points"),
    N_("95 % interval, from"),
    N_("95 % interval, to"),
    N_("corrected p"),
    N_("training, s"),
    N_("compared with, training, s"),
    N_("training time, ratio"),
    N_("steps"),
    N_("held out, %"),
    N_("seeds"),
)

TOGETHER = N_("all together")
UNTIMED = N_(
    "–: times are compared only where no run was interrupted, all ran with as many threads on the "
    "same kind of device, and a step takes the same time with every seed of a recipe, within "
    "%(n)s %%."
)


def blocks(content, say):
    lines = content.studies
    overfitting = [*map(say.value, baseline_sentences(content))]
    return [
        Paragraph(say(ABOUT)),
        picture(content, say, "changes"),
        *(Paragraph(text, "quiet") for text in baselines(content, say)),
        *listings(say, ordered(lines)),
        table(say, lines),
        *([Paragraph(say(UNTIMED, n=AGREEMENT_PERCENT), "quiet")] if untimed(lines) else []),
        Paragraph(say.source("compare/studies.csv"), "source"),
        *([Listing(overfitting, say(N_("Overfitting")))] if overfitting else []),
        picture(content, say, "change_curves"),
    ]


def baselines(content, say):
    """What every recipe sets that changes are compared with; texts."""
    runs = {run.recipe: run for run in (*content.runs, *content.untested)}
    lines = [line for line in content.studies if line["kind"] == "change"]
    for name in dict.fromkeys(line["compared_with"] for line in lines):
        if name not in runs:
            continue
        # What is off goes without saying.
        settings = [
            say.pair(say.setting_name(key), say.setting_value(value))
            for key, value in runs[name].training["recipe"].items()
            if value
        ]
        yield say(BASELINE, recipe=name, settings=say.joined(say(N_("; ")), settings))


def listings(say, lines):
    """The sentences; of several studies, each by itself."""
    studies, n_tested = {}, sum(is_missing(line["not_tested"]) for line in lines)
    for line in lines:
        studies.setdefault(line["study"], []).append(say.value(sentence(line, n_tested)))
    if len(studies) == 1:
        return [Listing(*studies.values())]
    return [Listing(items, say(N_("Study %(name)s"), name=name)) for name, items in studies.items()]


def ordered(lines):
    """Lines study by study and model by model, those that gain most first."""
    groups = {}
    for line in lines:
        groups.setdefault((line["study"], line["model"], line["kind"] == "without"), []).append(
            line
        )

    def gained(line):
        value = line["difference_points"]
        return float("inf") if is_missing(value) else -value

    return [line for group in groups.values() for line in sorted(group, key=gained)]


def untimed(lines):
    """Those with pairs whose training times are not compared."""
    return [
        line
        for line in lines
        if is_missing(line["seconds_ratio"]) and not is_missing(line["difference_points"])
    ]


def table(say, lines):
    heads = (N_("study"), N_("model"), N_("change"))
    return Table(
        label=say(N_("Studies")),
        style="dense",
        head=[
            *(Field(say(text)) for text in heads),
            *(Field(say(text), True) for text in HEADS),
            Field(say(N_("what it sets"))),
        ],
        rows=[row(say, line) for line in ordered(lines)],
        at_once=7,
        repeated=3,
    )


def row(say, line):
    change = say.name(line["change"])
    if line["kind"] == "combined":
        change = say(TOGETHER)
    elif line["kind"] == "without":
        change = say(N_("without %(label)s"), label=line["change"])
    digits = {
        "validation_accuracy_percent": 2,
        "compared_accuracy_percent": 2,
        "difference_points": 2,
        "low_points": 2,
        "high_points": 2,
        "p_value_holm": 3,
        "train_seconds": 1,
        "compared_train_seconds": 1,
        "seconds_ratio": 2,
        "steps": 0,
        "held_out_percent": 1,
        "seeds": 0,
    }
    numbers = {name: number(line[name], n) for name, n in digits.items()}
    numbers["p_value_holm"] = p_value(say, line["p_value_holm"])
    names = [say.name(line["study"]), say.name(line["model"]), change]
    fields = [Field(text, True) for text in numbers.values()]
    return [*map(Field, names), *fields, Field(settings(say, line))]


def settings(say, line):
    """What a change sets, as a configuration may have it; the rest of a recipe is no change."""
    if line["kind"] == "without":
        return "–"
    by_key = json.loads(line["settings"]).items()
    # JSON is YAML, too.
    texts = [f"{key}: {json.dumps(value, ensure_ascii=False)}" for key, value in by_key]
    return say.joined(say(N_(", ")), map(say.code, texts))


SECTION = Section("studies", N_("Studies"), blocks, is_shown=lambda content: bool(content.studies))
