"""What a reader takes from the page: figures, tables, entries, lines of code."""

import csv
import io
import re
from xml.etree import ElementTree

import pytest
from PIL import Image
from scenes import LANGUAGES
from test_page import column, header, ranked, shown_columns, table

CLIPBOARD = {"permissions": ["clipboard-read", "clipboard-write"]}
SVG = "{http://www.w3.org/2000/svg}"


def saved(page, button):
    """(suggested name, bytes) of what a button saves."""
    with page.expect_download() as download:
        button.click()
    page.requests.clear()
    return download.value.suggested_filename, download.value.path().read_bytes()


def button(page, label, form):
    return page.locator(f'figure[data-label="{label}"] .save').get_by_role(
        "button", name=form, exact=True
    )


def test_every_figure_is_saved_as_svg_png_and_csv(open_report):
    page = open_report("a failed run")
    figures = page.locator("figure").evaluate_all("all => all.map(it => it.dataset.label)")
    assert len(figures) > 8
    for label in figures:
        # A browser keeps a page from saving too many files at once.
        page = open_report("a failed run")
        page.locator("#open-all").click()
        page.locator("#more-charts > summary").click()
        name, text = saved(page, button(page, label, "SVG"))
        assert name == f"{label}.svg"
        drawing = ElementTree.fromstring(text)
        assert float(drawing.get("width")) > 100
        assert "currentColor" not in (drawing.get("style") or "")
        name, picture = saved(page, button(page, label, "PNG"))
        assert name == f"{label}.png"
        image = Image.open(io.BytesIO(picture)).convert("L")
        assert image.width >= 2000
        dark, bright = image.getextrema()
        assert dark < 100 < bright
        name, numbers = saved(page, button(page, label, "CSV"))
        lines = list(csv.DictReader(io.StringIO(numbers.decode())))
        assert name == f"{label}.csv"
        assert lines
        assert all(None not in line.values() for line in lines)


def test_the_numbers_of_a_figure_are_those_of_its_table(open_report):
    page = open_report("7 models")
    _, text = saved(page, button(page, "accuracy", "CSV"))
    lines = list(csv.DictReader(io.StringIO(text.decode())))
    for line, row in zip(lines, ranked(page), strict=True):
        assert line["model"] == row["model"]
        for name in ("test_accuracy_percent", "test_accuracy_low_percent"):
            assert float(line[name]) == pytest.approx(float(row[name]), rel=1e-6)


def test_a_saved_figure_lacks_what_is_hidden(open_report):
    page = open_report("7 models", fragment="#view?hide=3")
    _, text = saved(page, button(page, "accuracy", "SVG"))
    texts = {"".join(it.itertext()) for it in ElementTree.fromstring(text).iter(f"{SVG}text")}
    assert "vgg19" not in texts
    assert "swin_b" in texts


def view(page, to, form):
    return page.locator(f'[data-to="{to}"] [data-form="{form}"]')


def copied(page, form):
    view(page, "clipboard", form).click()
    page.wait_for_function("() => document.getElementById('copied').textContent")
    return page.evaluate("navigator.clipboard.readText()")


@pytest.mark.parametrize(
    ("form", "start"), [("csv", "model,recipe,"), ("md", "| model | recipe |"), ("tex", "% ")]
)
def test_the_saved_view_is_the_copied_one(open_report, form, start):
    page = open_report("7 models", fragment="#view?hide=2&filter=published", **CLIPBOARD)
    name, text = saved(page, view(page, "file", form))
    assert name == f"comparison.{form}"
    assert text.decode() == copied(page, form)
    assert text.decode().startswith(start)
    assert "vgg19" in text.decode().replace("\\_", "_")
    assert "cnn_5" not in text.decode().replace("\\_", "_")


def test_the_view_in_latex_has_aligned_numbers_and_escaped_names(open_report):
    page = open_report("7 models × 6 seeds", **CLIPBOARD)
    for _ in range(2):
        header(page, "test_accuracy_percent").get_by_role("button").click()
    text = copied(page, "tex")
    assert text.startswith("% \\usepackage{booktabs, siunitx}\n\\begin{tabular}{l l S[")
    for word in (
        "\\toprule",
        "\\midrule",
        "\\bottomrule",
        "\\end{tabular}",
        "{test accuracy, \\%}",
    ):
        assert word in text
    n_columns = len(shown_columns(page))
    (columns,) = re.findall(r"\\begin\{tabular\}\{(.*)\}\n", text)
    assert len(re.findall(r"l|S\[table-format=\d+\.\d+\]", columns)) == n_columns
    rows = re.findall(r"^  (.* & .*) \\\\$", text, re.MULTILINE)[1:]
    assert len(rows) == 7
    assert {row.count(" & ") for row in rows} == {n_columns - 1}
    accuracies = [float(row.split(" & ")[2]) for row in rows]
    assert accuracies == sorted(accuracies)
    assert "vit\\_b\\_32" in text
    # Separators of thousands would be no numbers for siunitx.
    assert not re.search(r"\d,\d", text)


def test_the_view_in_markdown_is_a_table(open_report):
    page = open_report("hostile names", **CLIPBOARD)
    lines = copied(page, "md").rstrip("\n").split("\n")
    assert len(lines) == 2 + len(column(page, "model"))
    bars = {len(re.findall(r"(?<!\\)\|", line)) for line in lines}
    assert bars == {len(shown_columns(page)) + 1}
    assert "---:" in lines[1]
    # Marks of Markdown in a name are none of the table's.
    assert "\\`z\\`" in lines[-1]
    assert "\\<script\\>" in lines[-1]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_table_stands_in_files_beside_the_page_which_links_them_without_scripts(
    open_report, language
):
    page = open_report("7 models × 6 seeds", language, java_script_enabled=False)
    links = page.locator('section:has(#comparison) .source a[href*="comparison."]')
    names = [link.get_attribute("href") for link in links.all()]
    assert names == [
        "comparison.csv",
        *(f"comparison.{language}.{form}" for form in ("md", "tex")),
    ]
    texts = [(page.results / "report" / name).read_text(encoding="utf-8") for name in names]
    assert texts[0] == (page.results / "compare/comparison.csv").read_text(encoding="utf-8")
    assert [text.count("vit") for text in texts] == [1, 1, 1]


@pytest.mark.parametrize("scene", ["7 models", "1 run"])
def test_bibtex_and_the_lines_that_load_weights_are_copied(open_report, scene):
    page = open_report(scene, **CLIPBOARD)
    page.locator("#open-all").click()
    entries = page.locator("section:has(#citation)")
    name, text = saved(page, entries.get_by_role("button", name="Save"))
    assert name == "references.bib"
    assert text.decode().count("\n@") + 1 == 3
    assert (page.results / "report/references.bib").read_bytes() == text
    for place in range(page.locator("details.model").count()):
        model = page.locator("details.model").nth(place)
        model.locator("summary", has_text="Load its weights").click()
        model.get_by_role("button", name="Copy").click()
        lines = page.evaluate("navigator.clipboard.readText()")
        name = table(page)[place]["model"]
        assert f"runs/{name}/" in lines
        assert "load_into(model" in lines
        (weights,) = model.locator('a[href$="/weights.safetensors"]').all()
        run = re.search(r'run = "results/cifar100/(.*)"', lines)[1]
        assert weights.get_attribute("href") == f"../{run}/weights.safetensors"
