"""What was published next to what was measured, with a verdict on each number."""

from markupsafe import Markup

from cifarlab.comparison.columns import COLUMNS
from cifarlab.comparison.repeats import AGREEMENT_PERCENT
from reporting.blocks import Details, Field, Paragraph, Section, Table
from reporting.columns import TITLES
from reporting.messages import N_
from reporting.numbers import number
from reporting.pictures import picture
from reporting.verdict_words import VERDICTS

ABOUT = N_(
    "Each cell: measured, published, verdict. Exact: the same in all published digits. "
    "Within: inside the 95 %% interval of the accuracy, or the range over seeds of other results. "
    "Better: higher accuracy, lower everything else. Not run here: no run of the model, or only "
    "with another recipe, from other weights, at another input size or size convention. Not "
    "measured: this could not be measured; the model's own part says why. A time has a verdict "
    "where there are several seeds, and their times differ by at most %(percent)s %%. The lowest "
    "training loss has none, since its definition was not published. The published study trained "
    "each model once, on its own machine, so times are those of two machines."
)
ABOUT_SYNTHETIC = N_(
    "On synthetic images only what follows from the architecture is compared; published "
    "accuracies, losses and times are of real images and stay out of this report."
)


def verdict_anchor(number):
    """The anchor of a cell of the published table. number: of the line of verdicts.csv."""
    return f"verdict-{number}"


def blocks(content, say):
    found = []
    if sources := content.published_sources:
        message = N_("Published in: %(sources)s. %(entry)s has its BibTeX entry.")
        entry = say.link("citation", say(N_("How to cite")))
        found.append(Paragraph(say(message, sources=sources, entry=entry)))
    if content.is_synthetic:
        found.append(Paragraph(say(ABOUT_SYNTHETIC)))
    about = Paragraph(say(ABOUT, percent=AGREEMENT_PERCENT))
    if not content.verdict_table:
        return [*found, about]
    numbers = [table(content, say), Paragraph(say.source("compare/verdicts.csv"), "source")]
    numbers.append(Details(say(N_("What the verdicts mean")), [about], is_printed=True))
    if content.is_synthetic:
        return [*found, *numbers]
    return [
        *found,
        picture(content, say, "published"),
        Details(say(N_("Every published number, with its verdict")), numbers),
    ]


def table(content, say):
    quantities = list(content.verdict_table[0][2])
    rows, numbers = [], {row.key: row.number for row in content.rows}
    for model, recipe, cells in content.verdict_table:
        name = say.lines(say.strong(model), say.safe(recipe or "–"))
        rows.append([Field(name), *(cell(say, key, *cells[key]) for key in quantities)])
    heads = [Field(say(TITLES[name].title), is_number=True) for name in quantities]
    return Table(
        label=say(N_("Published vs measured")),
        style="narrow",
        head=[Field(say(N_("model, recipe"))), *heads],
        rows=rows,
        of_rows=tuple(numbers.get((model, recipe)) for model, recipe, _ in content.verdict_table),
    )


def cell(say, quantity, place, line):
    """The Field of a line of verdicts.csv: measured, published, verdict. place: of the line."""
    measured, published = (
        number(line[name], COLUMNS[quantity].digits) for name in ("measured", "published")
    )
    numbers = say.lines(measured, say(N_("published %(value)s"), value=published))
    verdict = line["verdict"]
    word = say(VERDICTS[verdict])
    if say.is_html:
        text = Markup('%s<span class="verdict %s">%s</span>') % (numbers, verdict, word)
    else:
        text = f"{numbers}<br>*{word}*"
    return Field(text, is_number=True, attributes={"id": verdict_anchor(place)})


SECTION = Section("published", N_("Published vs measured"), blocks)
