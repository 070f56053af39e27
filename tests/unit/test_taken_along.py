"""What readers take along: entries to cite, lines that load weights, the numbers of figures."""

import csv
import io
import re
import subprocess
import sys
from xml.etree import ElementTree

import pytest
import torch
import yaml
from project import ROOT
from test_figures import SVG
from test_report import content_of, rendered, write_results

from cifarlab.models.build import build_model
from cifarlab.models.families import ModelSettings
from cifarlab.models.weights import save_weights
from engine.settings import settings_from_json
from reporting.bibliography import PROJECT, PUBLISHED, bibliography
from reporting.figures import drawings
from reporting.loading import loading_lines
from reporting.plot import drawing, legend_below, of_row, svg_text
from reporting.svg import legible_width, with_table


@pytest.fixture(scope="module")
def real(tmp_path_factory):
    return write_results(tmp_path_factory.mktemp("taken") / "results/cifar100")


@pytest.fixture(scope="module")
def synthetic(tmp_path_factory):
    return write_results(tmp_path_factory.mktemp("taken") / "synthetic", synthetic=True)


def test_the_entry_of_the_project_says_what_its_citation_file_says():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    for told in (citation["title"], citation["authors"][0]["name"], citation["version"]):
        assert f"{{{told}}}" in PROJECT
    assert f"{{{citation['license']} license}}" in PROJECT
    (study,) = citation["references"]
    assert f"{{{study['title']}}}" in PUBLISHED
    assert f"{{{{{study['authors'][0]['alias']}}}}}" in PUBLISHED


def test_only_what_a_report_shows_is_to_be_cited(real, synthetic):
    texts = [bibliography(content_of(folder)) for folder in (real, synthetic)]
    entries = [re.findall(r"^@\w+\{(.*),$", text, re.MULTILINE) for text in texts]
    project, dataset, published = "cifar100-benchmark", "krizhevsky2009learning", "angfff-cifar100"
    assert entries == [[project, dataset, published], [project, published]]
    assert all(dataset in page for page in rendered(real))


def test_the_lines_load_the_weights_of_a_run(real):
    content = content_of(real)
    (row,) = content.rows
    settings = settings_from_json(ModelSettings, '{"family": "cnn", "blocks": 2}')
    torch.manual_seed(3)
    state = build_model(settings, 100).state_dict()
    run = row.runs[0].folder.path
    save_weights(run / "weights.safetensors", state, {"inputs": {"input_size": 32}})
    lines = loading_lines(content, row)
    assert "  # or seed-1\n" in lines
    root = real.parent.parent
    (root / "scripts").symlink_to(ROOT / "scripts")
    check = "print(inputs, sum(float(v.double().sum()) for v in model.state_dict().values()))"
    words = [sys.executable, "-c", lines + check]
    result = subprocess.run(words, cwd=root, capture_output=True, text=True)
    assert result.stderr == ""
    expected = sum(float(value.double().sum()) for value in state.values())
    assert result.stdout == f"{{'input_size': 32}} {expected}\n"
    assert lines in rendered(real)[1]


def table_in(svg):
    root = ElementTree.fromstring(svg[svg.index("<svg") :])
    return list(csv.DictReader(io.StringIO(root.findtext(f"{SVG}metadata"))))


def test_every_figure_holds_the_numbers_that_it_shows(real):
    figures = content_of(real).figures
    assert set(figures) == set(drawings([("cnn_2", "r")]))
    for label, svg in figures.items():
        lines = table_in(svg)
        # These images have no near-duplicates.
        assert lines or label == "duplicate_pairs", label
        assert all(None not in (*line, *line.values()) for line in lines), label
    (line,) = table_in(figures["accuracy"])
    assert (line["test_accuracy_percent"], line["runs_percent"]) == ("42.5", "41.25 43.75")


def test_numbers_in_a_drawing_are_csv_whatever_names_they_have():
    lines = [{"name": 'a, "<b>"', "x": 1 / 3}, {"name": "&\n\0", "x": float("nan")}]
    svg = with_table('<svg xmlns="http://www.w3.org/2000/svg"></svg>\n', lines)
    assert table_in(svg) == [
        {"name": 'a, "<b>"', "x": "0.3333333"},
        {"name": "&\ufffd\ufffd", "x": ""},
    ]


def test_marks_of_a_row_and_its_entry_in_the_legend_have_its_number():
    with drawing(4, 3) as (figure, axes, say):
        for number in (0, 1):
            mark = axes.errorbar(1, number, yerr=0.5, capsize=2, label=f"row {number}", marker="o")
            of_row(number, mark)
        axes.plot([0, 1], [0, 1], label=say("line"))
        legend_below(figure, axes, is_of_rows=True)
        root = ElementTree.fromstring(svg_text(figure, say))
    for number in ("0", "1"):
        groups = [group for group in root.iter(f"{SVG}g") if group.get("data-row") == number]
        # Mark, bar and two caps, in the chart and in the legend, and the name.
        assert len(groups) >= 7
        texts = "".join(text for group in groups for text in group.itertext())
        assert texts.strip() == f"row {number}"


def test_a_drawing_is_as_wide_as_its_smallest_letters_need():
    svg = '<svg viewBox="0 0 600 10"><text style="font: bold 10px sans-serif">a</text>'
    assert legible_width(svg + '<text font-size="8">b</text></svg>') == 900
    assert legible_width(svg + "</svg>") == 720
    assert legible_width('<svg viewBox="0 0 600 10"></svg>') == 0
