"""Each model by itself: how it was trained, what it is, what it is good at."""

import re

from markupsafe import Markup, escape

from reporting.blocks import (
    Code,
    Columns,
    Details,
    Field,
    FoldControls,
    Folded,
    Group,
    Pairs,
    Paragraph,
    Section,
    Table,
)
from reporting.columns import TITLES, columns_of, rank_text, shown
from reporting.layers import structure_text
from reporting.loading import loading_lines
from reporting.messages import N_, Sentence, Term
from reporting.numbers import number
from reporting.pictures import further, picture
from reporting.sections.cost_sentences import unmeasured_sentences
from reporting.sections.superclass_table import superclass_table

# Columns of the comparison that a model's part repeats.
RESULTS = (
    *("test_accuracy_percent", "test_accuracy_low_percent", "test_accuracy_high_percent"),
    *("rank_low", "test_accuracy_with_flips_percent"),
    *("top5_accuracy_percent", "superclass_accuracy_percent", "errors_in_superclass_percent"),
    *("test_loss", "brier_score", "calibration_error_percent", "temperature"),
    *("scaled_calibration_error_percent", "risk_coverage_area_percent", "min_loss", "final_loss"),
    *("train_seconds", "images_per_second", "peak_memory_mb", "total_params"),
    *("multiply_adds", "latency_median_ms"),
)
# What became of the classifier layer of weights that a training started from.
HEADS = {"kept": N_("kept"), "replaced": N_("replaced")}
# These have their places; further ones come after them.
PLACED = ("structure", "loss", "classes", "confusion", "examples")


def about_training(content, row):
    """How one model was trained, in words."""
    values = {"recipe": row.recipe, "seeds": [str(run.seed) for run in row.runs]}
    sentences = [Sentence(N_("Recipe %(recipe)s, seeds: %(seeds)s."), values)]
    if origin := row.origin:
        message = N_("Started from %(source)s (SHA-256 %(digest)s…), classifier layer: %(head)s.")
        values = {"source": origin["source"], "digest": origin["sha256"][:16]}
        values["head"] = Term(HEADS[origin["head"]])
        sentences.append(Sentence(message, values))
        if taken_off := origin.get("taken_off"):
            message = N_("Names in its file began with %(names)s, which was removed.")
            sentences.append(Sentence(message, {"names": taken_off}))
    else:
        sentences.append(Sentence(N_("Trained from scratch."), {}))
    if chosen := row.runs[0].training.get("chosen"):
        message = N_("Chosen on the validation split among %(n)s points of its sweep: %(point)s.")
        values = {"n": len(chosen["from"]), "point": chosen["recipe"]}
        sentences.append(Sentence(message, values))
        others = {point["recipe"] for point in chosen["from"]} - {chosen["recipe"]}
        # `runs` may ask for the recipe of another point, and another sweep may choose it.
        if not others & {o.trained_recipe for o in content.rows if o.model == row.model}:
            sentences.append(Sentence(N_("The others did not meet the test split."), {}))
    if row.is_cut_short:
        message = N_("A trial run: max_steps stopped it after %(n)s steps.")
        sentences.append(Sentence(message, {"n": row.runs[0].training["steps"]}))
    if row.stops_early:
        sentences.append(about_early_stopping(row))
    return sentences


def about_early_stopping(row):
    """When the trainings of a model ended, in words."""
    trainings = [run.training for run in row.runs]
    message = N_(
        "Early stopping ended %(k)s of %(n)s trainings. Epochs taken: %(taken)s; best epochs: "
        "%(best)s; weights of the epochs: %(weights)s."
    )
    values = {
        "k": sum(training["ended_by"] == "early_stopping" for training in trainings),
        "n": len(trainings),
        "taken": [str(training["epochs"]) for training in trainings],
        "best": [str(training["best_epoch"] or "–") for training in trainings],
        "weights": [str(training["weights_epoch"]) for training in trainings],
    }
    return Sentence(message, values)


def blocks(content, say):
    chapters = [
        Group(say(chapter), [*said_once(say, rows), *(model(content, say, r, rows) for r in rows)])
        for chapter, rows in content.chapters
    ]
    return [FoldControls(), *chapters]


def shared_idea(rows):
    """The idea of all of several rows, or None where they are not alike."""
    return rows[0].idea if len(rows) > 1 and len({row.idea for row in rows}) == 1 else None


def shared_hyperparameters(rows):
    """The (key, value) that several rows, or more, have in common."""
    if len(rows) < 2:
        return []
    return [pair for pair in rows[0].hyperparameters if all_have(rows, pair)]


def all_have(rows, pair):
    return all(pair in row.hyperparameters for row in rows)


def said_once(say, rows):
    """What the rows of a chapter share, as blocks."""
    found = [Paragraph(say(idea))] if (idea := shared_idea(rows)) else []
    if shared := shared_hyperparameters(rows):
        title = say(N_("Shared hyperparameters"))
        found.append(Details(title, [Pairs(settings(say, shared))]))
    return found


def settings(say, pairs):
    return [(say.setting_name(key), say.setting_value(value)) for key, value in pairs]


def model(content, say, row, alike):
    """The part of one Row. alike: the rows of its chapter."""
    rank = rank_text(say, row.measured["rank_low"], row.measured["rank_high"])
    message = N_("test accuracy %(x)s %%, rank %(rank)s")
    if row.is_trial:
        message = N_("trial run: its accuracy means nothing")
    note = say(message, x=number(row.accuracy, 2), rank=rank)
    return Folded(
        say.safe(row.title),
        note,
        [
            *([] if shared_idea(alike) else [Paragraph(say(row.idea))]),
            Paragraph(say.sentences(about_training(content, row)), "quiet"),
            Columns([hyperparameters(say, row, alike), results(content, say, row)]),
            *uncalibrated(say, row),
            *unmeasured(say, row),
            picture(content, say, "structure", row, anchor=row.structure_anchor),
            *layers(say, row),
            Details(say(N_("Load its weights")), [weights(say, row), loading(content, row)]),
            picture(content, say, "loss", row),
            picture(content, say, "classes", row),
            picture(content, say, "confusion", row),
            *confusions(say, row),
            *superclass_table(say, row),
            picture(content, say, "examples", row),
            *(picture(content, say, name, row) for name in further(PLACED, "row", "model")),
        ],
        anchor=row.anchor,
        row=row.number,
    )


def hyperparameters(say, row, alike=()):
    shared = shared_hyperparameters(alike)
    own = [pair for pair in row.hyperparameters if pair not in shared]
    title = N_("Further hyperparameters") if shared else N_("Hyperparameters")
    steps = " – ".join(map(number, dict.fromkeys(row.step_range)))
    return Pairs([*settings(say, own), (say(N_("steps")), steps)], say(title))


def results(content, say, row):
    known = columns_of(content)
    pairs = [
        (say(TITLES[name].title), say.link(row.cell(name), shown(say, row, name)))
        for name in RESULTS
        if name in known
    ]
    return Pairs(pairs, say(N_("Results")), is_numbers=True)


def uncalibrated(say, row):
    """Why there is no temperature, as blocks; none where there is one."""
    if row.has("temperature"):
        return []
    message = N_(
        "A temperature is fitted on a validation split, and this recipe held out none: the "
        "calibration error after scaling is not given."
    )
    return [Paragraph(say(message), "quiet")]


def unmeasured(say, row):
    """What could not be measured and why, as blocks."""
    sentences = unmeasured_sentences(row)
    return [Paragraph(say.sentences(sentences), "quiet")] if sentences else []


def layers(say, row):
    """The table of layers, as blocks; none where the layers could not be followed."""
    if row.cost["structure"] is None:
        return []
    text = structure_text(row.cost["structure"], say.language)
    code = Code(aligned(text) if say.is_html else text)
    return [Details(say(N_("Table of layers")), [code])]


def weights(say, row):
    """Links to the weights of each run, from the report's folder."""
    message = N_("Weights of the seeds: %(files)s.")
    links = [
        say.file_link(
            f"../runs/{row.model}/{row.recipe}/seed-{run.seed}/weights.safetensors", str(run.seed)
        )
        for run in row.runs
    ]
    return Paragraph(say(message, files=links))


def loading(content, row):
    return Code(loading_lines(content, row), "python", copied_as="lines")


def aligned(text):
    """A table in a monospaced font as HTML, Chinese letters as wide as two others."""

    def two_columns(match):
        return f'<span class="cjk" style="width:{2 * len(match[0])}ch">{match[0]}</span>'

    return Markup(re.sub(r"[\u4e00-\u9fff]+", two_columns, str(escape(text))))


def confusions(say, row):
    """The pairs of classes that are confused most, as blocks; none where there are none."""
    if not row.confusions:
        return []
    title = say(N_("Most confused pairs"))
    heads = (N_("true class"), N_("taken for"))
    numbers = (N_("images, all seeds"), N_("share of the class, %"))
    return [
        Table(
            title=title,
            label=say.pair(title, say.safe(row.title)),
            style="narrow dense",
            head=[*(Field(say(h)) for h in heads), *(Field(say(n), True) for n in numbers)],
            rows=[
                [
                    Field(say.safe(line["true_class"])),
                    Field(say.safe(line["predicted_class"])),
                    Field(number(line["images"]), True),
                    Field(number(line["share_percent"], 1), True),
                ]
                for line in row.confusions
            ],
        ),
        Paragraph(say.source("compare/confusions.csv"), "source"),
    ]


def links(content):
    return [(row.anchor, row.title) for row in content.rows]


SECTION = Section("models", N_("Models"), blocks, links)
