"""The table of the comparison."""

from cifarlab.comparison.columns import COLUMNS
from reporting.blocks import Details, Field, Pairs, Paragraph, Section, Table, ViewControls
from reporting.columns import BETTER, TITLES, columns_of, first_direction, shown
from reporting.messages import N_, Sentence, Term
from reporting.setting_names import SIZE_RULES


def notes_on_costs(content):
    """By which rules sizes were counted, and where the rest was measured."""
    notes = [
        Sentence(N_("Total sizes follow the published table's convention for each model."), {})
    ]
    for rule, models in content.size_rules.items():
        values = {"models": models, "rule": Term(SIZE_RULES[rule])}
        notes.append(Sentence(N_("%(models)s: %(rule)s."), values))
    for (device, threads), models in content.measured_on.items():
        values = {"models": models, "device": device, "threads": str(threads)}
        if len(content.measured_on) == 1:
            del values["models"]
            message = N_(
                "Latency, throughput and memory were measured on %(device)s, threads of the CPU: "
                "%(threads)s."
            )
        else:
            message = N_(
                "Latency, throughput and memory of %(models)s were measured on %(device)s, threads "
                "of the CPU: %(threads)s."
            )
        notes.append(Sentence(message, values))
    if any(row.unmeasured for row in content.rows):
        message = N_(
            "Where a cost is a dash, it could not be measured; the model's own part says why."
        )
        notes.append(Sentence(message, {}))
    return notes


def blocks(content, say):
    columns = columns_of(content)
    table = Table(
        id="table",
        label=say(N_("Comparison")),
        head=[head(say, name) for name in columns],
        rows=[[cell(say, row, name) for name in columns] for row in content.by_accuracy],
        # The rules of sizes stand below.
        left_out=(columns.index("size_convention"),),
        at_once=10,
        repeated=2,
        of_rows=tuple(row.number for row in content.by_accuracy),
    )
    return [
        Paragraph(
            say(
                N_(
                    "One row per model and recipe, means over seeds. The 95 % interval is one of "
                    "other seeds and other test images; with one seed it covers test images alone. "
                    "A rank is an interval too: from one more than how many are measurably better "
                    "to all but those measurably worse, by the paired tests below."
                )
            )
        ),
        ViewControls([(name, say(TITLES[name].title), TITLES[name].is_shown) for name in columns]),
        table,
        Paragraph(
            say.sentences([say.source("compare/comparison.csv"), files_of_the_table(say)]),
            "source",
        ),
        Details(
            say(N_("How sizes and times were measured")),
            [Paragraph(say.sentences(notes_on_costs(content)), "source")],
            is_printed=True,
        ),
        Details(say(N_("What the columns mean")), [Pairs(meanings(say, columns))]),
    ]


def files_of_the_table(say):
    """Where the table is as files, for other texts."""
    message = N_(
        "As files: %(csv)s with all columns, %(md)s and %(tex)s with those that are shown at first."
    )
    names = {"csv": ("comparison.csv", "CSV")}
    for form, name in (("md", "Markdown"), ("tex", "LaTeX")):
        names[form] = (f"comparison.{say.language.code}.{form}", name)
    links = {form: say.file_link(*file) for form, file in names.items()}
    return Sentence(message, links)


def head(say, name):
    """The head of a column, by which the page's script knows it."""
    column, text = COLUMNS[name], say(TITLES[name].title)
    attributes = {"data-column": name, "title": say(TITLES[name].help)}
    attributes["data-first"] = first_direction(name)
    if column.better and say.is_html:
        text = say.lines(text, say(BETTER[column.better]))
    return Field(text, column.digits is not None, attributes | hidden(name))


def cell(say, row, name):
    value = row.measured[name]
    attributes = {"id": row.cell(name), "data-column": name}
    attributes["data-value"] = value if row.has(name) else ""
    if name in row.unmeasured:
        attributes["title"] = row.unmeasured[name]
    text = None
    if name == "model":
        text = say.link(row.anchor, say.strong(row.model))
        # Where there is no room for the column of the recipe.
        attributes["data-recipe"] = row.recipe
    return Field(
        text or shown(say, row, name),
        COLUMNS[name].digits is not None,
        attributes | hidden(name),
    )


def hidden(name):
    return {} if TITLES[name].is_shown else {"hidden": ""}


def meanings(say, columns):
    return [
        (say.joined(" ", [say(TITLES[name].title), say.code(name)]), say(TITLES[name].help))
        for name in columns
    ]


SECTION = Section("comparison", N_("Comparison"), blocks)
