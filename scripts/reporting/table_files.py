"""The table of the comparison, as a page shows it at first, for other texts: Markdown and LaTeX."""

import re

from cifarlab.comparison.columns import COLUMNS
from reporting.columns import COVERS, TITLES, TRIALS, columns_of
from reporting.messages import N_
from reporting.numbers import is_missing, number
from reporting.page_text import markdown_escape

TEX = {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "–": "--"}
TEX |= {sign: f"\\{sign}" for sign in "&%$#_{}"}
NUMBER = re.compile(r"(-?\d+)(?:\.(\d+))?")


def markdown_table(content, language):
    """The table in Markdown. language: Language of the heads."""
    heads, lines = _texts(content, language)
    marks = ["---:" if _is_number(name) else "---" for name in heads]
    rows = [map(markdown_escape, heads.values()), marks]
    rows += [map(markdown_escape, line.values()) for line in lines]
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def latex_table(content, language):
    """The table in LaTeX with booktabs, its numbers in columns of siunitx. language: as above."""
    heads, lines = _texts(content, language)
    columns = " ".join(_tex_column([line[name] for line in lines], name) for name in heads)
    rows = [" & ".join(_tex_cell(text, name) for name, text in line.items()) for line in lines]
    head = " & ".join(_tex_cell(text, name) for name, text in heads.items())
    return "\n".join(
        [
            r"% \usepackage{booktabs, siunitx}",
            rf"\begin{{tabular}}{{{columns}}}",
            *(r"  \toprule", rf"  {head} \\", r"  \midrule"),
            *(rf"  {row} \\" for row in rows),
            *(r"  \bottomrule", r"\end{tabular}", ""),
        ]
    )


def _texts(content, language):
    """The heads and the lines of what is shown at first: a dict by column, a list of such.

    And which rows are trial runs, if any, as no mark beside their accuracies says it here.
    """
    names = [n for n in columns_of(content) if TITLES[n].is_shown or n == "trial"]
    heads = {name: language(TITLES[name].title) for name in names}
    return heads, [
        {name: _text(language, row, name) for name in names} for row in content.by_accuracy
    ]


def _text(language, row, name):
    """A value as it is read, numbers without separators of thousands."""
    column, value = COLUMNS[name], row.measured[name]
    if is_missing(value):
        return "–"
    if name in ("interval_covers", "trial"):
        return language({**COVERS, **TRIALS}[value])
    if name == "rank_low" and value != row.measured["rank_high"]:
        ends = {"low": int(value), "high": int(row.measured["rank_high"])}
        return language(N_("%(low)s to %(high)s")) % ends
    if column.digits is None:
        return str(value)
    return number(value / column.divisor, column.digits).replace(",", "")


def _is_number(name):
    return COLUMNS[name].digits is not None


def _tex_column(texts, name):
    """How a column is aligned: at the left, or at the points of its numbers."""
    if not _is_number(name):
        return "l"
    numbers = [found.groups("") for found in map(NUMBER.fullmatch, texts) if found]
    whole = max([1, *(len(before) for before, _ in numbers)])
    fraction = max([0, *(len(after) for _, after in numbers)])
    return f"S[table-format={whole}.{fraction}]"


def _tex_cell(text, name):
    escaped = "".join(TEX.get(sign, sign) for sign in " ".join(text.split()))
    # What is no number is kept from siunitx by braces.
    return escaped if not _is_number(name) or NUMBER.fullmatch(text) else f"{{{escaped}}}"
