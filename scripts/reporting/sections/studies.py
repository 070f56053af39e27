"""What each change of a study gains or costs, on the validation split."""

import json

from cifarlab.comparison.repeats import AGREEMENT_PERCENT
from reporting.blocks import Field, Listing, Paragraph, Section, Table
from reporting.messages import N_, Sentence, Term
from reporting.numbers import is_missing, number, signed
from reporting.pictures import picture
from reporting.sections.overfitting_sentences import baseline_sentences

ABOUT = N_(
    "Changes to one recipe, each trained with the same seeds as what it is compared with. They are "
    "compared on the part of the training split that their recipe holds out, not on the test "
    "split: these accuracies are not those of the comparison. An interval is of one change by "
    "itself: of twenty that change nothing, one is expected to leave out zero by chance."
)
HEADS = (
    N_("validation accuracy, %"),
    N_("compared with, %"),
    N_("gained, points"),
    N_("95 % interval, from"),
    N_("95 % interval, to"),
    N_("training, s"),
    N_("training of the compared, s"),
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


def sentence(line):
    """The Sentence that follows from a line of studies.csv."""
    values = {**subject(line), "seeds": int(line["seeds"])}
    is_left_out = line["kind"] == "without"
    if is_missing(line["difference_points"]):
        del values["seeds"]
        return Sentence(no_pair(is_left_out), values)
    values["x"] = signed(line["difference_points"], 1)
    if line["trial"]:
        del values["seeds"]
        return Sentence(of_trial_runs(is_left_out), values)
    if is_missing(line["low_points"]):
        del values["seeds"]
        return Sentence(one_seed(is_left_out), values)
    values |= interval(line)
    if line["low_points"] <= 0 <= line["high_points"]:
        if line["kind"] == "combined":
            del values["change"]
        return Sentence(nothing_shown(line["kind"]), values)
    del values["seeds"]
    if is_left_out:
        return Sentence(LEFT_OUT, values)
    is_gain = line["difference_points"] > 0
    if is_missing(line["seconds_ratio"]):
        return Sentence(GAINS_UNTIMED if is_gain else LOSES_UNTIMED, values)
    values["ratio"] = number(line["seconds_ratio"], 2)
    return Sentence(GAINS if is_gain else LOSES, values)


def answer(content):
    """What a report of studies alone begins with: list of Sentence, none without an interval."""
    lines = [line for line in content.studies if line["kind"] != "without" and not line["trial"]]
    lines = [line for line in lines if not is_missing(line["low_points"])]
    if not lines:
        return []
    gains = [line for line in lines if line["low_points"] > 0]
    values = {"n": len(lines), "gains": len(gains)}
    values["losses"] = sum(line["high_points"] < 0 for line in lines)
    counts = N_(
        "Changes compared on the validation split: %(n)s; measurable gains: %(gains)s, measurable "
        "losses: %(losses)s."
    )
    if not gains:
        none = N_("No change gained anything that its seeds can show.")
        return [Sentence(none, {}), Sentence(counts, values)]
    best = largest(gains)
    # The largest gain is often that of a longer training.
    cheap = [line for line in gains if takes_no_longer(line)]
    if takes_no_longer(best) or not cheap:
        return [largest_gain(best), Sentence(counts, values)]
    found = {**measured(largest(cheap)), "most": number(NO_LONGER, 1)}
    return [largest_gain(best), Sentence(LARGEST_NO_LONGER, found), Sentence(counts, values)]


def largest(lines):
    return max(lines, key=lambda line: line["difference_points"])


# Times the training time of what a change is compared with.
NO_LONGER = 1.1
LARGEST_NO_LONGER = N_(
    "The largest gain for at most %(most)s times the training time: %(change)s on %(model)s, "
    "%(x)s points, %(low)s to %(high)s."
)


def takes_no_longer(line):
    ratio = line["seconds_ratio"]
    return not is_missing(ratio) and ratio <= NO_LONGER


def largest_gain(line):
    if is_missing(line["seconds_ratio"]):
        message = N_(
            "The largest gain: %(change)s on %(model)s, %(x)s points, %(low)s to %(high)s."
        )
        return Sentence(message, measured(line))
    message = N_(
        "The largest gain: %(change)s on %(model)s, %(x)s points, %(low)s to %(high)s, for "
        "%(ratio)s times the training time."
    )
    return Sentence(message, {**measured(line), "ratio": number(line["seconds_ratio"], 2)})


def measured(line):
    """What a line is of and what it gives, for messages."""
    return {**subject(line), **interval(line), "x": signed(line["difference_points"], 1)}


def subject(line):
    """What a line is of, for messages."""
    change = Term(TOGETHER) if line["kind"] == "combined" else line["change"]
    return {"change": change, "model": line["model"]}


def interval(line):
    """The ends of a line's interval, for messages."""
    return {name: signed(line[f"{name}_points"], 1) for name in ("low", "high")}


GAINS = N_(
    "%(change)s gains on %(model)s: %(x)s points, %(low)s to %(high)s, for %(ratio)s times the "
    "training time."
)
LOSES = N_(
    "%(change)s loses on %(model)s: %(x)s points, %(low)s to %(high)s, for %(ratio)s times the "
    "training time."
)
# Where times cannot be compared.
GAINS_UNTIMED = N_("%(change)s gains on %(model)s: %(x)s points, %(low)s to %(high)s.")
LOSES_UNTIMED = N_("%(change)s loses on %(model)s: %(x)s points, %(low)s to %(high)s.")
LEFT_OUT = N_(
    "All together on %(model)s without %(change)s: %(x)s points, %(low)s to %(high)s, compared "
    "with all together."
)


def nothing_shown(kind):
    """The message where the interval holds zero. kind: of the change."""
    if kind == "combined":
        return N_(
            "All together on %(model)s changed nothing that %(seeds)s seeds can show: %(x)s "
            "points, %(low)s to %(high)s."
        )
    if kind == "without":
        return N_(
            "Leaving %(change)s out of all together on %(model)s changed nothing that %(seeds)s "
            "seeds can show: %(x)s points, %(low)s to %(high)s."
        )
    return N_(
        "%(change)s alone on %(model)s changed nothing that %(seeds)s seeds can show: %(x)s "
        "points, %(low)s to %(high)s."
    )


def no_pair(is_left_out):
    """The message where runs failed."""
    if is_left_out:
        return N_(
            "All together on %(model)s without %(change)s has no pair of runs with the same seed, "
            "to compare with all together."
        )
    return N_("%(change)s on %(model)s has no pair of runs with the same seed.")


def of_trial_runs(is_left_out):
    """The message where `max_steps` stopped runs."""
    if is_left_out:
        return N_(
            "All together on %(model)s without %(change)s: %(x)s points in trial runs, which "
            "max_steps stopped and which show nothing."
        )
    return N_(
        "%(change)s on %(model)s: %(x)s points in trial runs, which max_steps stopped and which "
        "show nothing."
    )


def one_seed(is_left_out):
    """The message where one pair gives no interval."""
    if is_left_out:
        return N_(
            "All together on %(model)s without %(change)s: %(x)s points with one seed, which has "
            "no interval and shows nothing."
        )
    return N_(
        "%(change)s on %(model)s: %(x)s points with one seed, which has no interval and shows "
        "nothing."
    )


def blocks(content, say):
    lines = content.studies
    overfitting = [*map(say.value, baseline_sentences(content))]
    return [
        Paragraph(say(ABOUT)),
        picture(content, say, "changes"),
        *listings(say, ordered(lines)),
        table(say, lines),
        *([Paragraph(say(UNTIMED, n=AGREEMENT_PERCENT), "quiet")] if untimed(lines) else []),
        Paragraph(say.source("compare/studies.csv"), "source"),
        *([Listing(overfitting, say(N_("Overfitting")))] if overfitting else []),
        picture(content, say, "change_curves"),
    ]


def listings(say, lines):
    """The sentences; of several studies, each by itself."""
    studies = {}
    for line in lines:
        studies.setdefault(line["study"], []).append(say.value(sentence(line)))
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
        at_once=6,
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
        "train_seconds": 1,
        "compared_train_seconds": 1,
        "seconds_ratio": 2,
        "steps": 0,
        "held_out_percent": 1,
        "seeds": 0,
    }
    numbers = [Field(number(line[name], n), True) for name, n in digits.items()]
    names = [say.name(line["study"]), say.name(line["model"]), change]
    return [*map(Field, names), *numbers, Field(settings(say, line))]


def settings(say, line):
    """What a change sets, as a configuration may have it; the rest of a recipe is no change."""
    if line["kind"] == "without":
        return "–"
    by_key = json.loads(line["settings"]).items()
    # JSON is YAML, too.
    texts = [f"{key}: {json.dumps(value, ensure_ascii=False)}" for key, value in by_key]
    return say.joined(say(N_(", ")), map(say.code, texts))


SECTION = Section("studies", N_("Studies"), blocks, is_shown=lambda content: bool(content.studies))
