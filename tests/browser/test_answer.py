"""What the page begins with: the answer, the best at the top, and no crown for trial runs."""

import re
import subprocess
import sys

import pytest
from PIL import Image
from project import ROOT
from scenes import LANGUAGES, SCENES
from test_layout import PHONE, WIDE, box
from test_page import column, ranked, table


def shown_text(page, selector):
    return page.locator(selector).inner_text().replace("\u00a0", " ")


def test_the_answer_is_made_from_the_numbers_and_each_leads_to_its_cell(open_report):
    page = open_report("7 models × 6 seeds")
    text = shown_text(page, ".lead")
    best = ranked(page)[0]
    assert text.startswith(f"Use {best['model']}: {float(best['test_accuracy_percent']):.1f} % (")
    for words in ("G multiply-adds", "ms an image", "MB", "s of training"):
        assert words in text
    links = page.locator(".lead a")
    assert links.count() >= 7
    for link in links.all():
        assert page.locator(link.get_attribute("href")).count() == 1
    links.first.click()
    assert page.locator(":target").is_visible()


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("scene", ["7 models", "7 models × 6 seeds"])
def test_the_first_screen_has_the_answer_and_both_charts(open_report, scene, language):
    page = open_report(scene, language, viewport={"width": 1280, "height": 860})
    accuracy, compute = (
        box(page, f"figure[data-label={label}] svg") for label in ("accuracy", "compute")
    )
    assert box(page, ".lead")["y"] < 200
    assert accuracy["y"] == pytest.approx(compute["y"], abs=2)
    assert accuracy["x"] + accuracy["width"] <= compute["x"]
    assert max(accuracy["y"] + accuracy["height"], compute["y"] + compute["height"]) <= 860


@pytest.mark.parametrize("options", [PHONE, WIDE], ids=["390 px", "1920 px"])
def test_the_charts_stand_below_each_other_only_where_there_is_no_room(open_report, options):
    page = open_report("7 models", **options)
    accuracy, compute = (
        box(page, f"figure[data-label={label}]") for label in ("accuracy", "compute")
    )
    assert (accuracy["y"] == compute["y"]) == (options is WIDE)


def test_the_best_model_is_at_the_top_of_chart_and_table(open_report):
    page = open_report("7 models")
    names = [row["model"] for row in ranked(page)]
    assert column(page, "model") == names
    places = page.locator("figure[data-label=accuracy] svg text").evaluate_all(
        "texts => texts.map(it => [it.textContent, it.getBoundingClientRect().y])"
    )
    heights = {text: y for text, y in places if text in names}
    assert sorted(heights, key=heights.get) == names


ORDER = (
    *("comparison", "accuracy-and-cost", "pairs", "analysis", "published", "claims"),
    *("data_quality", "classes", "curves", "models", "not-run", "provenance", "citation"),
)


def test_the_sections_go_from_the_answer_to_the_proof(open_report):
    page = open_report("7 models")
    assert page.locator("h2").evaluate_all("all => all.map(it => it.id)") == [*ORDER]


def test_every_published_model_has_its_place_the_missing_ones_with_the_reason(open_report):
    page = open_report("a failed run")
    drawing = page.locator("figure[data-label=published] svg")
    texts = [text.replace("\u2060", "") for text in drawing.locator("text").all_text_contents()]
    for model in ("cnn_2", "cnn_3", "cnn_5", "vgg19", "resnet101", "vit_b_32", "swin_b"):
        assert model in texts
    assert texts.count("not run here") == 5
    section = page.locator("section:has(> #published)")
    assert "AngFff: CIFAR100 多模型训练结果及分析" in section.inner_text()
    assert section.locator('a[href="#citation"]').count() == 1


# --- trial runs


def told_of_trials(page, language):
    words = {"en": "trial run", "zh": "试运行"}[language]
    return [words in text for text in column(page, "test_accuracy_percent")]


@pytest.mark.parametrize("language", LANGUAGES)
def test_trial_runs_are_marked_and_in_no_rank_no_pair_and_no_answer(open_report, language):
    page = open_report("trial runs", language)
    cut = [model.name for model in SCENES["trial runs"].models if model.ended_by == "max_steps"]
    assert "cnn_3" in shown_text(page, ".lead")
    for name in cut:
        assert name not in shown_text(page, ".lead")
        assert name in shown_text(page, ".caveats")
    assert "max_steps" in shown_text(page, ".caveats")
    assert told_of_trials(page, language) == [False] * 3 + [True] * 4
    assert column(page, "rank_low")[3:] == ["–"] * 4
    pairs = table(page, "pairwise")
    assert len(pairs) == 3
    for label in ("compute", "tradeoffs"):
        texts = page.locator(f"figure[data-label={label}] svg text").all_text_contents()
        assert not {*texts} & {*cut}
    matrix = page.locator("section:has(> #pairs)").inner_text()
    assert not any(name in matrix for name in cut)


@pytest.mark.parametrize("language", LANGUAGES)
def test_where_all_are_trial_runs_nothing_is_ranked_and_the_top_says_so(open_report, language):
    page = open_report("nothing but trial runs", language)
    assert page.locator(".lead").count() == 0
    words = {"en": "The accuracies mean nothing, and no model is ranked", "zh": "没有意义"}
    assert words[language] in shown_text(page, "header .warning")
    assert told_of_trials(page, language) == [True] * 3
    assert set(column(page, "rank_low")) == {"–"}
    assert page.locator("#accuracy-and-cost, #pairs, figure[data-label=compute]").count() == 0
    markdown = (page.results / f"report/report.{language}.md").read_text(encoding="utf-8")
    for wrong in ("Use ", "Best", "推荐", "more accurate than"):
        assert not re.search(rf"^{wrong}", markdown, re.MULTILINE), wrong


# --- the picture in the README


def test_the_picture_of_the_first_screen_is_taken_in_each_language(browser, build, tmp_path):
    assert browser.is_connected()
    script = ROOT / "tests/browser/screenshot.py"
    words = [sys.executable, script, build("7 models") / "report", "--folder", tmp_path]
    result = subprocess.run(words, capture_output=True, text=True, check=False)
    assert (result.returncode, result.stderr) == (0, "")
    assert {path.name for path in tmp_path.iterdir()} == {
        f"first-screen.{language}.png" for language in LANGUAGES
    }
    for path in tmp_path.iterdir():
        assert Image.open(path).size == (2 * 1280, 2 * 860)
