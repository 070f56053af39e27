"""docs/architecture.md, done as written."""

import csv
import importlib
import json
import re

import pytest
from pages import BLOCK, PAGE, PARTS, follow

pytestmark = pytest.mark.long

SECTIONS = {part.partition("\n")[0]: part for part in PARTS}
RUN = "runs/cnn_2/demo_few_steps/seed-0"
PLACES = {"dataset": "synthetic", "model": "cnn_2", "recipe": "demo_few_steps", "n": "0"}


def results_of(project, path):
    return (project.folder / "results/synthetic" / path).read_text()


def test_every_module_and_function_that_the_page_names_exists():
    names = set(re.findall(r"`((?:cifarlab|engine|reporting)(?:\.\w+)+)`", PAGE))
    assert len(names) > 20
    for name in names:
        parent, _, last = name.rpartition(".")
        try:
            importlib.import_module(name)
        except ModuleNotFoundError:
            assert hasattr(importlib.import_module(parent), last), name


def test_every_result_that_the_page_names_is_there_after_its_small_run(tried_once):
    paths = set(re.findall(r"`(results/<dataset>/[^`]+)`", PAGE))
    assert len(paths) > 8
    for path in paths:
        filled = re.sub(r"<(\w+)>", lambda match: PLACES[match[1]], path)
        assert (tried_once.folder / filled).is_file(), path


@pytest.mark.parametrize("name", SECTIONS)
def test_each_addition_takes_at_most_two_files_and_a_screen(name):
    blocks = BLOCK.findall(SECTIONS[name])
    # A catalogue has the words, and a configuration is what somebody runs.
    files = {path for language, path, _ in blocks if path and language not in ("po", "yaml")}
    assert len(files) <= 2
    code = [content for language, _, content in blocks if language in ("python", "diff", "po")]
    assert sum(len(content.splitlines()) for content in code) <= 40


def test_an_optimizer_is_added_as_written(tried):
    printed = follow(tried, SECTIONS["An optimizer"])
    training = json.loads(results_of(tried, "runs/cnn_2/adagrad/seed-0/training.json"))
    optimizer = {"name": "adagrad", "learning_rate": 0.001, "rate_decay": 0.0}
    assert training["recipe"]["optimizer"] == optimizer
    assert training["steps"] == 3
    assert "adagrad" in (tried.folder / "config/schema.json").read_text()
    assert "rule train:" in printed


def test_a_loss_is_added_as_written(tried):
    follow(tried, SECTIONS["A loss"])
    training = json.loads(results_of(tried, "runs/cnn_2/hinge/seed-0/training.json"))
    assert training["recipe"]["loss"] == "multi_margin"
    # That of 100 classes which are about as likely, where cross-entropy is about 4.6.
    assert 0.5 < training["final_loss"] < 1.5
    assert "multi_margin" in (tried.folder / "config/README.md").read_text()


def test_an_augmentation_is_added_as_written(tried):
    follow(tried, SECTIONS["An augmentation"])
    training = json.loads(results_of(tried, "runs/cnn_2/exposure/seed-0/training.json"))
    assert training["recipe"]["augmentations"] == ["flip", {"name": "exposure", "most": 0.3}]
    assert training["steps"] == 3


def test_a_metric_is_added_as_written(tried):
    printed = follow(tried, SECTIONS["A metric"])
    metrics = json.loads(results_of(tried, f"{RUN}/metrics.json"))
    assert metrics["worst_class_percent"] == min(metrics["class_accuracy_percent"])
    (row,) = csv.DictReader(results_of(tried, "compare/comparison.csv").splitlines())
    assert float(row["worst_class_percent"]) == metrics["worst_class_percent"]
    assert "accuracy of the worst class" in results_of(tried, "report/report.en.md")
    assert "rule metrics:" in printed
    assert "rule train:" not in printed


def test_a_corruption_is_added_as_written(tried):
    printed = follow(tried, SECTIONS["A corruption"])
    lines = [*csv.DictReader(results_of(tried, "compare/robustness.csv").splitlines())]
    assert [(line["corruption"], line["severity"]) for line in lines] == [
        ("shot_noise", str(severity)) for severity in range(1, 6)
    ]
    assert "shot noise" in results_of(tried, "report/report.en.md")
    assert "rule robustness:" in printed
    assert "rule train:" not in printed


def test_a_figure_is_added_as_written(tried):
    printed = follow(tried, SECTIONS["A figure"])
    assert "training images per second" in (tried.folder / "pace.svg").read_text()
    planned = re.findall(r"^(\w+) +(\d+)$", printed, re.MULTILINE)
    assert set(planned) == {("all", "1"), ("pace", "1"), ("report", "1"), ("total", "3")}


def test_a_report_section_is_added_as_written(tried):
    follow(tried, SECTIONS["A report section"])
    device = json.loads(results_of(tried, f"{RUN}/training.json"))["device_name"]
    html = results_of(tried, "report/report.en.html")
    assert '<h2 id="devices">Where it was trained</h2>' in html
    assert '<li><a href="#devices">' in html
    for page, end in ((html, "<h2"), (results_of(tried, "report/report.en.md"), "## ")):
        section = page.rpartition("Where it was trained")[2].partition(end)[0]
        assert device in section


def test_a_claim_is_added_as_written(tried):
    follow(tried, SECTIONS["A claim of the published text"])
    (line,) = [
        line
        for line in csv.DictReader(results_of(tried, "compare/claims.csv").splitlines())
        if line["claim"] == "five_blocks_against_two"
    ]
    assert (line["verdict"], line["missing"], line["missing_of"]) == ("not_run", "runs", "cnn_5")
    assert "From 2 to 5 blocks" in results_of(tried, "report/report.en.md")


def test_a_data_set_is_added_as_written(tried):
    follow(tried, SECTIONS["A data set"])
    manifest = json.loads((tried.folder / "results/own/data/manifest.json").read_text())
    assert manifest["fine_names"] == ["a", "b"]
    assert manifest["counts"] == {"train": 8, "test": 8}
    assert manifest["source"]["dataset"] == "npz"
    assert '"npz"' in (tried.folder / "config/schema.json").read_text()


def test_a_language_is_added_as_written(tried):
    printed = follow(tried, SECTIONS["A language"])
    html = results_of(tried, "report/report.de.html")
    assert '<html lang="de">' in html
    assert '<h2 id="curves">Trainingskurven</h2>' in html
    assert "Trainingskurven" in results_of(tried, "report/report.de.md")
    assert ">Deutsch</a>" in results_of(tried, "report/report.en.html")
    catalogue = (tried.folder / "templates/locale/de/LC_MESSAGES/report.po").read_text()
    assert catalogue.count("\nmsgid") > 200
    assert "rule train:" not in printed
