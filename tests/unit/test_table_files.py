"""The table of the comparison for other texts: Markdown and LaTeX."""

import re

import pytest
from test_report import content_of, language, write_results

from reporting.columns import TITLES
from reporting.table_files import latex_table, markdown_table

NAME = "50 % & {more}_|^~\\ –"
ACCURACIES = {
    ("cnn_2", "r"): (41.25, 43.75),
    ("cnn_3", NAME): (9.5,),
    ("cnn_5", "r"): (60.0, 60.25),
}


@pytest.fixture(scope="module")
def content(tmp_path_factory):
    folder = tmp_path_factory.mktemp("results") / "cifar100"
    return content_of(write_results(folder, accuracies=ACCURACIES))


def shown(content):
    """Names of the columns that are shown at first, but for those that this data set lacks."""
    missing = {"test_accuracy_with_flips_percent"} - {
        name for name in TITLES if content.rows[0].has(name)
    }
    return [name for name, title in TITLES.items() if title.is_shown and name not in missing]


def rows_of(tex):
    return [line.split(" & ") for line in re.findall(r"^  (.*) \\\\$", tex, re.MULTILINE)]


def test_markdown_has_the_columns_that_are_shown_at_first_and_a_line_a_row(content):
    lines = markdown_table(content, language()).splitlines()
    assert len(lines) == 2 + 3
    assert lines[0].startswith("| model | recipe | test accuracy, % | rank |")
    assert lines[1].startswith("| --- | --- | ---: | ---: |")
    bars = {len(re.findall(r"(?<!\\)\|", line)) for line in lines}
    assert bars == {1 + len(shown(content))}
    # As in the page, the best first.
    assert lines[2].startswith("| cnn\\_5 | r | 60.13 |")
    assert "\\{more\\}\\_\\|" in lines[4]
    # Of a machine: numbers without separators of thousands.
    assert "| 206116 |" in lines[2]


def test_latex_aligns_numbers_at_their_points_and_keeps_words_from_siunitx(content):
    tex = latex_table(content, language())
    start, columns = re.match(r"(.*\n)\\begin\{tabular\}\{(.*)\}\n", tex).groups()
    assert start == "% \\usepackage{booktabs, siunitx}\n"
    assert columns.startswith("l l S[table-format=2.2] S[table-format=")
    assert len(re.findall(r"l|S\[table-format=\d+\.\d+\]", columns)) == len(shown(content))
    head, *rows = rows_of(tex)
    assert head[:3] == ["model", "recipe", "{test accuracy, \\%}"]
    assert [row[2] for row in rows] == ["60.13", "42.50", "9.50"]
    # A number is larger than what its column says, or has other digits, nowhere.
    formats = re.findall(r"l|S\[table-format=(\d+)\.(\d+)\]", columns)
    for row in rows:
        for cell, (whole, fraction) in zip(row, formats, strict=True):
            if whole and not cell.startswith("{"):
                before, _, after = cell.partition(".")
                assert len(before) <= int(whole)
                assert len(after) <= int(fraction)
    assert tex.endswith("  \\bottomrule\n\\end{tabular}\n")
    assert not re.search(r"\d,\d", tex)


def test_signs_of_latex_in_a_name_mean_themselves(content):
    tex = latex_table(content, language())
    name = r"50 \% \& \{more\}\_|\textasciicircum{}\textasciitilde{}\textbackslash{} --"
    assert name in tex


def test_a_rank_that_is_an_interval_is_words(content):
    heads, *rows = rows_of(latex_table(content, language()))
    place = heads.index("{rank}")
    for row, measured in zip(rows, content.by_accuracy, strict=True):
        low, high = (int(measured.measured[f"rank_{end}"]) for end in ("low", "high"))
        assert row[place] == (f"{low}" if low == high else f"{{{low} to {high}}}")


def test_heads_are_those_of_the_language(content):
    assert "测试准确率" in markdown_table(content, language("zh"))
    assert "测试准确率" in latex_table(content, language("zh"))
