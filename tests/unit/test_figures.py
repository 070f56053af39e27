"""The figures draw what the data says."""

import base64
import csv
import io
import json
import re
import shutil
import subprocess
import sys
from html import unescape
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from project import ROOT
from test_comparison import write_run
from test_report import TEMPLATES, write_results

from cifarlab.comparison.results import RunFolder
from engine.files import write_csv
from reporting.figures import FIGURES
from reporting.figures.classes import BAR_WIDTH, classes_svg
from reporting.figures.examples import (
    N_PICTURES,
    RIGHT,
    WRONG,
    choose,
    examples_svg,
    picture,
)
from reporting.plot import style_of
from reporting.svg import MESSAGE, inline_svg, standalone_svg

SVG = "{http://www.w3.org/2000/svg}"


def texts_of(svg):
    return ["".join(text.itertext()) for text in ElementTree.fromstring(svg).iter(f"{SVG}text")]


# --- classes


def bars_of(svg):
    """Widths of the filled bars, in percent."""
    rects = ElementTree.fromstring(svg).iter(f"{SVG}rect")
    return [100 * float(r.get("width")) / BAR_WIDTH for r in rects if r.get("fill")]


def marks_of(svg):
    """Places of the marks on the bars, in percent."""
    root = ElementTree.fromstring(svg)
    bars = [r for r in root.iter(f"{SVG}rect") if not r.get("fill")]
    lines = root.iter(f"{SVG}line")
    return [
        100 * (float(line.get("x1")) - float(bar.get("x"))) / BAR_WIDTH
        for bar, line in zip(bars, lines, strict=True)
    ]


def test_classes_are_drawn_the_highest_first_with_a_bar_as_long_as_their_accuracy(tmp_path):
    # Two seeds with the same ten images of three classes, and none of the fourth.
    confusions = [
        [[1, 9, 0, 0], [0, 9, 1, 0], [5, 0, 5, 0], [0, 0, 0, 0]],
        [[3, 7, 0, 0], [0, 9, 0, 1], [4, 0, 6, 0], [0, 0, 0, 0]],
    ]
    runs = [write_run(tmp_path, "a", seed, 50.0, confusion=c) for seed, c in enumerate(confusions)]
    classes = tmp_path / "classes.json"
    classes.write_text(json.dumps({"fine_names": ["low", "high", "middle", "none"]}))
    svg = FIGURES["classes"].draw(runs=runs, classes=classes)
    # Taken for low: 4 and 9 others; for high: 18 and 16 others; for middle: 11 and one other.
    precisions = [100 * 18 / 34, 100 * 11 / 12, 100 * 4 / 13, 0]
    assert texts_of(svg) == [
        *("high", "90.0", "52.9", "middle", "55.0", "91.7", "low", "20.0", "30.8"),
        *("none", "–", "0.0"),
    ]
    assert bars_of(svg) == pytest.approx([90, 55, 20], abs=0.02)
    assert marks_of(svg) == pytest.approx(precisions, abs=0.02)


@pytest.mark.parametrize("n_classes", [1, 5, 100])
def test_any_number_of_classes_has_its_place_in_the_picture(n_classes):
    svg = classes_svg([(f"<class> {n}", 100.0, 99.0) for n in range(n_classes)])
    root = ElementTree.fromstring(svg)
    _, _, width, height = map(float, root.get("viewBox").split())
    texts = list(root.iter(f"{SVG}text"))
    assert len(texts) == 3 * n_classes
    places = [(float(text.get("x")), float(text.get("y"))) for text in texts]
    assert len(set(places)) == len(places)
    assert all(0 < x < width and 0 < y < height for x, y in places)


# --- examples


LOGITS = st.lists(
    st.tuples(st.integers(0, 3), st.lists(st.integers(-3, 3), min_size=4, max_size=4)),
    min_size=1,
    max_size=40,
)


@given(LOGITS)
def test_the_groups_of_examples_are_right_or_wrong_and_the_confident_ones_the_most(images):
    labels = np.array([label for label, _ in images])
    logits = np.array([values for _, values in images], dtype=np.float32)
    confidences, predicted, groups = choose(logits, labels)
    softmax = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    assert confidences == pytest.approx(softmax.max(axis=1), rel=1e-5)
    assert predicted.tolist() == logits.argmax(axis=1).tolist()
    for (is_right, kind), chosen in groups.items():
        candidates = np.flatnonzero((predicted == labels) == is_right)
        assert len(chosen) == min(N_PICTURES, len(candidates))
        assert set(chosen) <= set(candidates)
        assert len(set(chosen)) == len(chosen)
        if kind == "confident" and len(chosen):
            shown = confidences[chosen].tolist()
            assert shown == sorted(shown, reverse=True)
            others = sorted(set(candidates) - set(chosen))
            assert all(confidences[others] <= shown[-1])


def test_the_same_predictions_give_the_same_examples_and_those_at_random_are_not_the_first():
    logits, labels = np.random.default_rng(0).normal(size=(400, 4)), np.arange(400) % 4
    first, second = (choose(logits, labels)[2] for _ in range(2))
    assert {key: value.tolist() for key, value in first.items()} == {
        key: value.tolist() for key, value in second.items()
    }
    for is_right in (True, False):
        drawn = first[is_right, "random"].tolist()
        assert drawn != sorted(drawn)
        assert drawn != first[is_right, "confident"].tolist()


def test_an_example_has_its_picture_its_class_and_what_it_was_taken_for():
    # Image 0 is a cat and taken for one, image 1 a dog that was taken for a cat.
    images = np.random.default_rng(0).integers(0, 256, (2, 32, 32, 3), dtype=np.uint8)
    logits, names = np.log(np.array([[0.8, 0.2], [0.6, 0.4]])), ["cat", "dog"]
    svg = examples_svg(images, logits, np.array([0, 1]), names)
    root = ElementTree.fromstring(svg)
    pictures = [element.get("href") for element in root.iter(f"{SVG}image")]
    assert pictures == [picture(images[i]) for i in (0, 1, 0, 1)]
    frames = [element.get("stroke") for element in root.iter(f"{SVG}rect")]
    assert frames == [RIGHT, WRONG, RIGHT, WRONG]
    assert texts_of(svg) == [
        *("right, drawn at random", "✓ cat", "80 %"),
        *("wrong, drawn at random", "✗ cat", "60 %", "dog"),
        *("right, most confident", "✓ cat", "80 %"),
        *("wrong, most confident", "✗ cat", "60 %", "dog"),
    ]


def test_a_model_without_a_mistake_has_no_row_of_mistakes():
    images = np.zeros((3, 32, 32, 3), dtype=np.uint8)
    svg = examples_svg(images, np.eye(3), np.arange(3), ["a", "b", "c"])
    assert "wrong" not in svg
    assert len(list(ElementTree.fromstring(svg).iter(f"{SVG}image"))) == 6


def test_a_picture_is_the_image_nearly():
    ramp = np.arange(32, dtype=np.uint8)[:, None, None] * np.array([7, 4, 1], dtype=np.uint8)
    image = np.broadcast_to(ramp, (32, 32, 3))
    data = base64.b64decode(picture(image).partition(",")[2])
    shown = np.asarray(Image.open(io.BytesIO(data))).astype(int)
    assert shown.shape == (32, 32, 3)
    assert np.abs(shown - image).max() < 12


# --- losses and loss


def groups_of(element, name):
    """The groups inside an element whose ids are this name and a number, in order."""
    groups = element.iter(f"{SVG}g")
    return [group for group in groups if re.fullmatch(rf"{name}_\d+", group.get("id") or "")]


def axes_of(svg):
    return groups_of(ElementTree.fromstring(svg), "axes")


def numbers_of(axes):
    """The numbers at the ticks of the horizontal axis."""
    axis = groups_of(axes, r"matplotlib\.axis")[0]
    ticks = groups_of(axis, "xtick")
    return [float("".join(tick.itertext())) for tick in ticks]


def epochs_lasting(run, seconds):
    """Let every epoch of a run have taken so many seconds."""
    columns = ("epoch", "mean_loss", "validation_loss", "validation_accuracy_percent")
    row = dict.fromkeys(columns, "") | {"images_per_second": 100.0}
    write_csv(run / "epochs.csv", [row | {"seconds": s} for s in seconds])


def test_losses_stand_over_the_seconds_that_the_epochs_took(tmp_path):
    runs = [write_run(tmp_path, "a", seed, 50.0, epochs=5) for seed in (0, 1)]
    drawings = []
    for seconds in (20, 200):
        for run in runs:
            epochs_lasting(run, [seconds] * 5)
        drawings.append(axes_of(FIGURES["losses"].draw(runs=runs)))
    (by_step, by_second), (by_step_slow, by_second_slow) = drawings
    assert numbers_of(by_step) == numbers_of(by_step_slow)
    assert numbers_of(by_step)[-1] == 10  # steps
    assert 80 <= numbers_of(by_second)[-1] <= 100
    assert 800 <= numbers_of(by_second_slow)[-1] <= 1000


def test_seeds_that_ended_at_different_steps_have_a_mean_to_the_first_end(tmp_path):
    runs = [write_run(tmp_path, "a", seed, 50.0, epochs=n) for seed, n in enumerate((5, 40))]
    by_step, _ = axes_of(FIGURES["losses"].draw(runs=runs))
    assert numbers_of(by_step)[-1] == 10
    # Each seed's own curve goes to its end.
    assert numbers_of(axes_of(FIGURES["loss"].draw(runs=runs))[-1])[-1] == 80


def test_every_model_has_its_line_in_both_panels(tmp_path):
    runs = [write_run(tmp_path, name, 0, 50.0) for name in ("a", "b", "c")]
    svg = FIGURES["losses"].draw(runs=runs)
    for axes in axes_of(svg):
        drawing = ElementTree.tostring(axes, encoding="unicode")
        colours = set(re.findall(r"stroke: (#\w{6})", drawing))
        assert {"#0072b2", "#d55e00", "#009e73"} <= {colour.lower() for colour in colours}
    assert {"a", "b", "c"} <= set(texts_of(svg))


@pytest.mark.parametrize("share", [0.0, 0.1])
def test_a_training_has_a_panel_of_its_validation_where_it_was_validated(tmp_path, share):
    runs = [write_run(tmp_path, "a", seed, 50.0, validation=share) for seed in (0, 1)]
    svg = FIGURES["loss"].draw(runs=runs)
    said = {match[2] for match in MESSAGE.finditer(svg)}
    losses = "training and validation loss" if share else "training loss"
    assert {losses, "learning rate", "seed %(seed)s"} <= said
    assert ("validation accuracy, %" in said) == bool(share)
    assert len(axes_of(svg)) == (3 if share else 2)
    # The loss on the validation split of each seed, after each of five epochs.
    metadata = re.search(r"<metadata>(.*?)</metadata>", svg, re.DOTALL)[1]
    lines = [*csv.DictReader(io.StringIO(unescape(metadata)))]
    validated = [line for line in lines if line["validation_loss"]]
    assert len(validated) == (10 if share else 0)
    dotted = ElementTree.tostring(axes_of(svg)[0], encoding="unicode").count("stroke-dasharray: 1")
    assert (dotted >= 2) == bool(share)


def test_a_validation_stands_where_its_epoch_ended_also_the_last_and_shorter_one(tmp_path):
    run = write_run(tmp_path, "a", 0, 50.0, epochs=50)  # of 100 steps
    gaps = []
    for seconds in ([50, 50], [90, 10]):
        rows = [
            {"epoch": n + 1, "seconds": seconds[n], "images_per_second": 64.0}
            | {"mean_loss": 2.0, "validation_loss": 1.0, "validation_accuracy_percent": 10 * n}
            for n in (0, 1)
        ]
        write_csv(run / "epochs.csv", rows)
        assert RunFolder(run).epochs["images_share"].tolist() == [seconds[0] / 100, 1]
        axes = axes_of(FIGURES["loss"].draw(runs=[run]))[-1]
        first, last = (float(mark.get("x")) for mark in list(axes.iter(f"{SVG}use"))[-2:])
        gaps.append(last - first)
    assert gaps[0] == pytest.approx(5 * gaps[1], rel=0.01)


@pytest.mark.parametrize("n_models", [7, 14])
def test_no_two_of_fourteen_models_look_alike_without_their_colour(n_models):
    styles = [style_of(number) for number in range(n_models)]
    marks = {(s["marker"], s["markerfacecolor"] == "none") for s in styles}
    assert len(marks) == n_models
    assert len({str(style["linestyle"]) for style in styles}) == 7


# --- every figure


def test_a_drawing_has_ids_of_its_own_and_a_text_for_those_who_cannot_see_it(tmp_path):
    runs = [write_run(tmp_path, "a", 0, 50.0)]
    svg = standalone_svg(FIGURES["loss"].draw(runs=runs))
    first, second = (inline_svg(svg, prefix, "What it shows") for prefix in ("f0", "f1"))
    ids = [set(re.findall(r'\bid="([^"]+)"', text)) for text in (first, second)]
    assert ids[0]
    assert not ids[0] & ids[1]
    targets = re.findall(r'href="#([^"]+)"|url\(#([^)]+)\)', first)
    assert {a or b for a, b in targets} <= ids[0]
    assert first.startswith('<svg role="img" aria-label="What it shows"')
    assert ElementTree.fromstring(first).get("width") is None
    assert "prefers-color-scheme" in svg
    assert "prefers-color-scheme" not in first


# --- accuracy


def test_accuracies_are_drawn_where_no_model_was_published(tmp_path):
    runs, comparison, published = (tmp_path / f"{name}.csv" for name in ("runs", "comparison", "p"))
    runs.write_text("model,recipe,test_accuracy_percent\nmine,r,41.5\n")
    comparison.write_text(
        "model,recipe,test_accuracy_percent,test_accuracy_low_percent,test_accuracy_high_percent,"
        "interval_covers,trial\nmine,r,41.5,40.0,43.0,images,\n"
    )
    published.write_text("model,recipe,same_training,test_accuracy_percent\n")
    files = {"runs_csv": runs, "comparison": comparison, "published": published}
    texts = texts_of(FIGURES["accuracy"].draw(**files))
    assert "41.50" in texts
    assert "published" not in texts
    assert "95 % interval (one seed)" in texts
    # A broken line, and a whole one where seeds are covered too.
    broken = FIGURES["accuracy"].draw(**files)
    comparison.write_text(comparison.read_text().replace("images,\n", "images and seeds,\n"))
    whole = FIGURES["accuracy"].draw(**files)
    assert "95 % interval" in texts_of(whole)
    assert broken.count("stroke-dasharray") > whole.count("stroke-dasharray")


# --- tradeoffs


def test_a_cost_that_nobody_has_is_a_panel_without_marks_and_says_so(tmp_path):
    path = tmp_path / "comparison.csv"
    row = {"model": "mine", "recipe": "r", "test_accuracy_percent": 41.5, "total_params": 7}
    row |= {"test_accuracy_low_percent": 40.0, "test_accuracy_high_percent": 43.0}
    row |= {"multiply_adds": None, "latency_median_ms": None, "train_seconds": 60.0, "trial": None}
    write_csv(path, [row, {**row, "model": "other", "latency_median_ms": 1.5}])
    svg = FIGURES["tradeoffs"].draw(comparison=path)
    assert texts_of(svg).count("no values") == 1
    parameters, multiply_adds, latency, _ = axes_of(svg)
    assert "no values" in "".join(multiply_adds.itertext())
    marks = [len([*axes.iter(f"{SVG}use")]) for axes in (parameters, multiply_adds, latency)]
    assert marks[0] > marks[2] > marks[1]


# --- descriptions


def test_the_module_of_a_figure_is_all_that_it_takes(tmp_path):
    folder = write_results(tmp_path / "cifar100")
    scripts = tmp_path / "scripts"
    shutil.copytree(ROOT / "scripts", scripts, ignore=shutil.ignore_patterns("__pycache__"))
    (scripts / "reporting/figures/counts.py").write_text(COUNTS)
    words = [folder / "figures/counts.cnn_2+r.svg", "counts", "--runs", *folder.glob("runs/*/*/*")]
    record = tmp_path / "counts.json"
    for command in (
        ["figure.py", "--record", record, "--figure", *words],
        ["report.py", "--dataset", folder / "data/manifest.json", "--templates", TEMPLATES],
    ):
        words = [sys.executable, scripts / command[0], *command[1:]]
        result = subprocess.run(words, capture_output=True, text=True, check=False)
        assert (result.returncode, result.stderr) == (0, "")
    html = (folder / "report/report.en.html").read_text()
    markdown = (folder / "report/report.en.md").read_text()
    section = html[html.index('id="model-0"') : html.index('<h2 id="not-run"')]
    assert '<text x="0">2 runs</text>' in section
    assert "How many of cnn_2" in section
    assert "![How many of cnn_2](figures.en/counts.cnn_2+r.svg)" in markdown.replace("\\_", "_")
    assert "Source: `runs/cnn_2/r/seed-…/metrics.json`." in markdown
    # Its definition has its own code and that of no other figure.
    modules = json.loads(record.read_text())["code"]
    own = {name for name in modules if name.startswith("reporting.figures.")}
    assert own == {"reporting.figures.counts"}


COUNTS = '''
"""How many runs there are."""

from reporting.figure import Figure


def draw(runs):
    text = f'<text x="0">{len(runs)} runs</text>'
    return f'<svg xmlns="http://www.w3.org/2000/svg">{text}</svg>'


FIGURE = Figure(
    per="row",
    category="Counts",
    title="Counts",
    description="How many of %(title)s",
    runs=("metrics.json",),
    draw=draw,
)
'''


def test_reading_the_descriptions_loads_nothing_that_draws():
    code = "import sys, reporting.figures; print(*sys.modules)"
    words = [sys.executable, "-c", code]
    result = subprocess.run(words, cwd=ROOT / "scripts", capture_output=True, text=True, check=True)
    loaded = {name.partition(".")[0] for name in result.stdout.split()}
    assert loaded & {"matplotlib", "pandas", "numpy", "PIL", "torch"} == set()


@pytest.mark.parametrize(
    "words", ["loss", "accuracy --files a.csv", "structure --files a.csv --runs a.csv"]
)
def test_what_a_figure_does_not_read_is_one_clear_line(run_command, tmp_path, words):
    (tmp_path / "a.csv").touch()
    kind, *words = words.replace("a.csv", str(tmp_path / "a.csv")).split()
    result = run_command("figure.py", kind, *words, "--figure", tmp_path / "x.svg")
    assert result.returncode == 1
    assert re.fullmatch(rf"error: expected for {kind} --.*, found \d files.*\n", result.stderr)
