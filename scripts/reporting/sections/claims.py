"""What the published text claims, each claim with its test and its verdict."""

from markupsafe import Markup

from reporting.blocks import Details, Field, Paragraph, Section, Table
from reporting.claim_words import CLAIMS, DIGITS, MISSING, OUTCOMES, TESTS, UNITS, VERDICTS
from reporting.messages import N_
from reporting.numbers import number

ABOUT = N_(
    "What the published text says of its own numbers, each claim tested by itself. Accuracies are "
    "compared in pairs, of the same seeds and the same test images. The interval says where the "
    "difference could lie with other test images and other seeds."
)
ABOUT_OTHERS = N_(
    "The same pairs of models, each pair trained with one recipe, but not as it was published. It "
    "says whether the difference is one of the models or of the published recipe."
)


def blocks(content, say):
    judged, others = (
        [line for line in content.claims if line["training"] == training]
        for training in ("published", "another")
    )
    found = [Paragraph(say(ABOUT))]
    if judged:
        found.append(table_of_claims(judged, say))
    if others:
        inner = [Paragraph(say(ABOUT_OTHERS)), table_of_others(others, say)]
        found.append(Details(say(N_("With other recipes")), inner, id="claims-others"))
    return [*found, Paragraph(say.source("compare/claims.csv"), "source")]


def table_of_claims(lines, say):
    heads = (N_("claim"), N_("measured"), N_("verdict"), N_("evidence"))
    rows = []
    for line in lines:
        name, test = line["claim"], line["test"]
        claim = say.lines(say(CLAIMS[name]), say(TESTS[test], **margin_of(line)))
        evidence = say.lines("", *map(say.code, texts(line["evidence"])))
        cells = [Field(claim), Field(measured(line, say)), verdict(line, VERDICTS, say)]
        rows.append([*cells, Field(evidence)])
    label = say(N_("Claims of the published text"))
    return Table(label=label, style="words", head=[Field(say(h)) for h in heads], rows=rows)


def table_of_others(lines, say):
    heads = (N_("model"), N_("recipe"), N_("measured"), N_("verdict"))
    message = N_("%(b)s against %(a)s")
    rows = []
    for line in lines:
        first, second = texts(line["models"])
        pair = say(message, a=first, b=second)
        cells = [Field(pair), Field(say.name(line["recipe"])), Field(measured(line, say))]
        rows.append([*cells, verdict(line, OUTCOMES, say)])
    label = say(N_("With other recipes"))
    return Table(label=label, style="words", head=[Field(say(h)) for h in heads], rows=rows)


def texts(joined):
    """The parts of a text of claims.csv, a list."""
    return joined.split("; ") if joined else []


def margin_of(line):
    return {"margin": f"{line['margin']:g}"} if line["margin"] is not None else {}


def measured(line, say):
    """What was measured, with its interval and its seeds below it."""
    if line["measured"] is None:
        return "–"
    unit = line["unit"]
    found, low, high = (
        number(line[name], DIGITS[unit]).replace("-", "−") for name in ("measured", "low", "high")
    )
    text = say(UNITS[unit], x=found)
    if line["low"] is None:
        return text
    interval = say(N_("95 %% interval %(low)s to %(high)s"), low=low, high=high)
    seeds = say(N_("seeds: %(n)s"), n=number(line["seeds"], 0))
    return say.lines(text, interval, seeds)


def verdict(line, words, say):
    """The Field of a verdict, with what is missing for it or of it."""
    reached, missing = line["verdict"], line["missing"]
    word = say(words[reached])
    if say.is_html:
        word = Markup('<span class="verdict %s">%s</span>') % (reached, word)
    else:
        word = Markup("*%s*") % word
    notes = [say(MISSING[missing], models=texts(line["missing_of"]))] if missing else []
    return Field(say.lines(word, *notes))


SECTION = Section(
    "claims",
    N_("Claims of the published text"),
    blocks,
    is_shown=lambda content: bool(content.rows and content.claims),
)
