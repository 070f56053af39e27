"""The report in a real browser, with the network cut off."""

import csv
import io
import json
import math
import re
from dataclasses import replace
from urllib.parse import urlsplit

import pytest
from scenes import FAILED, HOSTILE, LANGUAGES, MODELS, SCENES, Scene

from cifarlab.comparison.results import RunFolder
from reporting.curves import mean_smoothed
from reporting.figures import drawings

MEGABYTE = 1_000_000


def table(page, name="comparison"):
    with open(page.results / f"compare/{name}.csv", newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def ranked(page):
    """The lines of comparison.csv as the page has them: the most accurate first, trials last."""

    def place(row):
        return bool(row["trial"]), -float(row["test_accuracy_percent"])

    return sorted(table(page), key=place)


def column(page, name):
    """The texts of a column of the table, from top to bottom, without the hidden rows."""
    cells = page.locator(f'#table tbody tr:not([hidden]) [data-column="{name}"]')
    return [text.split("±")[0].strip() for text in cells.all_text_contents()]


def header(page, name):
    return page.locator(f'#table thead [data-column="{name}"]')


def shown_columns(page):
    heads = page.locator("#table thead th:not([hidden])")
    return heads.evaluate_all("heads => heads.map(head => head.dataset.column)")


def accuracies(page):
    return [float(text) for text in column(page, "test_accuracy_percent")]


def seconds(page):
    return [float(text.replace(",", "")) for text in column(page, "train_seconds")]


def page_data(page):
    return json.loads(page.locator("#data").text_content())


def zoom(page, name):
    """The four ends of a chart's axes as the address has them, or None where all is shown."""
    text = page.evaluate(
        "name => new URLSearchParams(location.hash.slice(6)).get(`${name}.zoom`)", name
    )
    return text and [float(number) for number in text.split("~")]


# --- the file


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("scene", SCENES)
def test_a_report_opens_without_any_request_or_error(open_report, scene, language):
    page = open_report(scene, language)
    rows = page.locator("#table tbody tr")
    assert rows.count() == len(SCENES[scene].models)
    assert page.locator("#chart-losses canvas").is_visible() == bool(SCENES[scene].models)
    # That there was neither is asserted at the end of every test that opens a report.


def test_the_security_policy_stops_scripts_and_requests_that_are_not_the_reports(open_report):
    page = open_report()
    outcome = page.evaluate("""async () => {
        const script = document.createElement("script");
        script.textContent = "window.wasRun = true";
        document.body.append(script);
        document.body.insertAdjacentHTML("beforeend", "<i onclick='window.wasRun = true'></i>");
        document.body.lastElementChild.click();
        const answer = await fetch("https://example.org/").catch(() => "stopped");
        return [window.wasRun, answer];
    }""")
    assert outcome == [None, "stopped"]
    assert len(page.faults) >= 3
    assert all("Content Security Policy" in fault or "fetch" in fault for fault in page.faults)
    page.faults.clear()


@pytest.mark.parametrize(("scene", "most"), [("7 models", 3), ("7 models × 6 seeds", 8)])
def test_a_report_is_small_enough_to_send(build, scene, most):
    for language in LANGUAGES:
        size = (build(scene) / f"report/report.{language}.html").stat().st_size
        assert size <= most * MEGABYTE


def test_the_language_link_leads_to_the_same_report_in_the_other_language(open_report):
    page = open_report()
    for tag, name in (("zh-Hans", "中文"), ("en", "English")):
        page.get_by_role("link", name=name).click()
        page.wait_for_url(f"**/report.{tag[:2]}.html")
        assert page.locator("html").get_attribute("lang") == tag
        assert page.locator("#table tbody tr").count() == 2
    page.requests.clear()


def test_the_language_link_keeps_the_view(open_report):
    page = open_report("7 models")
    page.locator("#filter").fill("vit")
    page.get_by_role("link", name="中文").click()
    page.wait_for_url("**/report.zh.html#view?filter=vit")
    assert column(page, "model") == ["vit_b_32"]
    page.requests.clear()


# --- the table


def test_the_first_click_on_a_column_brings_the_better_values_to_the_top(open_report):
    page = open_report("7 models")
    for name, first, words in (
        ("test_accuracy_percent", "descending", "higher is better"),
        ("test_accuracy_low_percent", "descending", "higher is better"),
        ("total_params", "ascending", "lower is better"),
        ("rank_low", "ascending", "lower is better"),
        ("train_seconds", "ascending", "lower is better"),
        ("seeds", "descending", None),
        ("model", "ascending", None),
    ):
        header(page, name).get_by_role("button").click()
        assert header(page, name).get_attribute("aria-sort") == first, name
        told = header(page, name).locator("small")
        assert (told.text_content() if told.count() else None) == words, name


def test_a_column_is_sorted_one_way_then_the_other_then_not(open_report):
    page = open_report("7 models")
    head, before = header(page, "train_seconds"), seconds(page)
    for direction, expected in (
        ("ascending", sorted(before)),
        ("descending", sorted(before, reverse=True)),
        (None, before),
    ):
        head.get_by_role("button").click()
        assert head.get_attribute("aria-sort") == direction
        assert seconds(page) == expected
    assert before not in (sorted(before), sorted(before, reverse=True))


def test_numbers_are_sorted_by_value_and_names_as_text(open_report):
    page = open_report("7 models")
    header(page, "total_params").get_by_role("button").click()
    counts = [int(text.replace(",", "")) for text in column(page, "total_params")]
    assert counts == sorted(counts)
    header(page, "model").get_by_role("button").click()
    assert column(page, "model") == sorted(column(page, "model"))


def test_the_table_is_sorted_by_the_keyboard_alone(open_report):
    page = open_report()
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("!!document.activeElement.closest('#table thead')"):
            break
    press(page, "ArrowRight", "ArrowRight", "Enter")
    assert accuracies(page) == sorted(accuracies(page), reverse=True)
    page.keyboard.press("Space")
    assert accuracies(page) == sorted(accuracies(page))


def test_the_filter_keeps_the_rows_that_have_all_its_words(open_report):
    page = open_report("7 models")
    page.locator("#filter").fill("FINETUNE vit")
    assert column(page, "model") == ["vit_b_32"]
    assert page.locator("#count").text_content().startswith("1 ")
    page.locator("#filter").fill("no such model")
    assert column(page, "model") == []
    page.locator("#filter").fill("")
    assert len(column(page, "model")) == 7


def test_columns_are_hidden_and_shown(open_report):
    page = open_report()
    assert "rank_low" in shown_columns(page)
    assert "test_loss" not in shown_columns(page)
    page.locator(".menu summary").click()
    # As a reader sees them: all in the list, which scrolls down, not aside.
    sizes = page.locator(".menu fieldset").evaluate("it => [it.scrollWidth, it.clientWidth]")
    assert sizes[0] == sizes[1]
    page.locator('.menu input[name="rank_low"]').uncheck()
    page.locator('.menu input[name="test_loss"]').check()
    assert "rank_low" not in shown_columns(page)
    assert "test_loss" in shown_columns(page)
    assert page.locator('#table td[data-column="test_loss"]').first.is_visible()
    assert not page.locator('#table td[data-column="rank_low"]').first.is_visible()
    assert page.locator('.menu input[name="model"]').is_disabled()
    page.keyboard.press("Escape")
    assert not page.locator(".menu fieldset").is_visible()
    assert page.locator(".menu summary").evaluate("it => it === document.activeElement")


def test_the_address_keeps_the_view_and_brings_it_back(open_report):
    page = open_report("7 models")
    header(page, "total_params").get_by_role("button").click()
    page.locator("#filter").fill("published_finetune")
    page.locator(".menu summary").click()
    page.locator('.menu input[name="latency_median_ms"]').uncheck()
    fragment = "#" + urlsplit(page.url).fragment
    other = open_report("7 models", "zh", fragment)
    assert column(other, "model") == column(page, "model")
    assert len(column(other, "model")) == 4
    assert shown_columns(other) == shown_columns(page)
    assert "latency_median_ms" not in shown_columns(other)
    assert header(other, "total_params").get_attribute("aria-sort") == "ascending"
    assert other.locator("#filter").input_value() == "published_finetune"
    page.keyboard.press("Escape")
    # Back to the usual view, nothing is left of it.
    for name in ("total_params", "total_params"):
        header(page, name).get_by_role("button").click()
    page.locator("#filter").fill("")
    page.locator(".menu summary").click()
    page.locator('.menu input[name="latency_median_ms"]').check()
    assert urlsplit(page.url).fragment == ""


@pytest.mark.parametrize("scene", ["7 models × 6 seeds", "hostile names"])
def test_the_download_is_the_table_byte_for_byte(open_report, scene):
    page = open_report(scene)
    with page.expect_download() as download:
        page.locator("#download").click()
    assert download.value.suggested_filename == "comparison.csv"
    original = (page.results / "compare/comparison.csv").read_bytes()
    assert download.value.path().read_bytes() == original
    page.requests.clear()


def copied(page):
    page.locator('[data-to="clipboard"] [data-form="csv"]').click()
    page.wait_for_function("document.getElementById('copied').textContent")
    return list(csv.reader(io.StringIO(page.evaluate("navigator.clipboard.readText()"))))


def test_the_visible_view_is_copied_as_csv(open_report):
    page = open_report("7 models × 6 seeds", permissions=["clipboard-read", "clipboard-write"])
    header(page, "train_seconds").get_by_role("button").click()
    page.locator("#filter").fill("published_finetune")
    columns, *rows = copied(page)
    assert columns == shown_columns(page)
    expected = [row for row in table(page) if row["recipe"] == "published_finetune"]
    expected.sort(key=lambda row: float(row["train_seconds"]))
    assert rows == [[row[name] for name in columns] for row in expected]


def test_a_copied_name_may_hold_commas_quotes_and_newlines(open_report):
    page = open_report("hostile names", permissions=["clipboard-read", "clipboard-write"])
    _, *rows = copied(page)
    assert [row[:2] for row in rows] == [[row["model"], row["recipe"]] for row in ranked(page)]


# --- links


@pytest.mark.parametrize("target", ["#model-1", "#models", "#analysis", "#main"])
def test_a_link_to_a_section_shows_where_it_begins(open_report, target):
    page = open_report("7 models")
    page.locator(f'a[href="{target}"]').first.evaluate("link => link.click()")
    # Sections take their height when they are first shown, two frames later.
    page.wait_for_function(
        """target => new Promise((done) => {
            const top = () => document.querySelector(target).getBoundingClientRect().top;
            const look = () => done(Math.abs(top()) < 40);
            requestAnimationFrame(() => requestAnimationFrame(look));
        })""",
        arg=target,
    )
    assert page.locator(target).evaluate("it => getComputedStyle(it).outlineStyle") == "none"


# --- links from numbers


def test_a_number_in_the_analysis_leads_to_its_cell_and_shows_the_column(open_report):
    page = open_report()
    page.locator("#filter").fill("no such model")
    page.locator("#further-analysis > summary").click()
    link = page.locator('.sentences a[href$="-test_accuracy_std"]').first
    cell = page.locator(link.get_attribute("href"))
    assert not cell.is_visible()
    link.click()
    # The page hears of the new address a moment later.
    cell.wait_for(state="visible")
    assert cell.text_content() == link.text_content()
    assert cell.evaluate("cell => cell.getBoundingClientRect().bottom <= innerHeight")
    assert cell.evaluate("cell => cell.getBoundingClientRect().top >= 0")


def test_every_number_of_the_analysis_is_the_one_in_its_cell(open_report):
    page = open_report("7 models × 6 seeds")
    pairs = page.locator(".sentences a").evaluate_all("""links => links.map(
        a => [a.textContent, a.hash, document.querySelector(a.hash).textContent]
    )""")
    assert len(pairs) > 20
    for text, target, cell in pairs:
        if target.endswith("-multiply_adds"):
            # The table has millions, a sentence the unit that is short.
            scale = {"M": 1, "G": 1000}[text[-1]]
            value = float(text[:-2]) * scale
            assert float(cell.replace(",", "")) == pytest.approx(value, abs=0.5 * scale), target
        elif target.startswith("#pair-"):
            # With the same sign: both are of the more accurate model minus the other.
            assert text == cell.removeprefix("+"), target
        elif not target.startswith("#structure-"):
            assert text in cell, target


def test_a_class_in_the_analysis_is_shown_in_the_table_of_classes(open_report):
    page = open_report("1 run")
    link = page.locator('.sentences a[href^="#class-"]').first
    assert not page.locator("#class-table").is_visible()
    page.locator("#further-analysis > summary").click()
    link.click()
    page.locator(link.get_attribute("href")).wait_for(state="visible")


def test_a_cell_is_found_by_the_address_alone(open_report):
    page = open_report(fragment="#cell-1-min_loss")
    assert page.locator("#cell-1-min_loss").is_visible()
    assert page.locator(":target").count() == 1


def test_a_link_to_a_model_opens_it_again_after_it_was_closed(open_report):
    page = open_report("7 models")
    model = page.locator("#model-2")
    for _ in range(2):
        page.locator('#table a[href="#model-2"]').click()
        page.wait_for_selector("#model-2[open]")
        model.locator("summary").first.click()
        page.wait_for_selector("#model-2:not([open])")


def test_a_viewer_that_opens_the_file_as_a_blob_shows_what_links_lead_to(open_report):
    page = open_report("7 models")
    text = (page.results / "report/report.en.html").read_text(encoding="utf-8")
    viewer = "http://viewer.example/"
    frame = "<iframe width=1200 height=800></iframe>"
    page.route(viewer, lambda route: route.fulfill(content_type="text/html", body=frame))
    page.goto(viewer)
    page.locator("iframe").evaluate(
        "(it, text) => { it.src = URL.createObjectURL(new Blob([text], {type: 'text/html'})); }",
        text,
    )
    shown = page.frame_locator("iframe")
    shown.locator('#table a[href="#model-2"]').click()
    shown.locator("#model-2[open]").wait_for()
    # The report asked for nothing.
    assert page.requests == [viewer]
    page.requests.clear()


# --- two models, class by class


@pytest.mark.parametrize("scene", ["7 models", "7 models × 6 seeds"])
def test_the_differences_of_two_models_are_those_of_the_table_of_classes(open_report, scene):
    page = open_report(scene)
    page.locator("#first").select_option(label="swin_b")
    page.locator("#second").select_option(label="cnn_5")
    percents = {}
    for row in table(page, "classes"):
        percents.setdefault(row["class"], {})[row["model"]] = float(row["test_accuracy_percent"])
    shown = page.locator("#class-table tbody tr").evaluate_all("""rows => rows.map(
        row => [row.cells[0].textContent, row.querySelector('.bars').textContent]
    )""")
    assert len(shown) == len(percents) == 100
    differences = [float(text) for _, text in shown]
    assert differences == sorted(differences, reverse=True)
    for name, text in shown:
        expected = percents[name]["swin_b"] - percents[name]["cnn_5"]
        assert float(text) == pytest.approx(expected, abs=0.0501)
    heads = page.locator("#class-table thead th:not([hidden])").all_text_contents()
    assert heads[1:3] == ["swin_b", "cnn_5"]


def test_bars_of_differences_stay_within_their_rows_and_are_printed(open_report):
    page = open_report("7 models")
    page.locator("#first").select_option(label="cnn_2")
    page.locator("#second").select_option(label="cnn_5")
    differences = page.locator("td.bars").all_text_contents()
    assert any(text.startswith("−") for text in differences)
    for medium in ("screen", "print"):
        page.emulate_media(media=medium)
        sizes = page.locator("#class-table tbody tr").evaluate_all("""rows => rows.map((row) => {
            const [outer, bar] = [row, row.querySelector(".difference")].map(
                (it) => it.getBoundingClientRect()
            );
            return [outer.top <= bar.top && bar.bottom <= outer.bottom, bar.height, bar.width];
        })""")
        assert all(is_within for is_within, _, _ in sizes)
        assert all(height > 4 for _, height, _ in sizes)
        assert sum(width > 1 for _, _, width in sizes) > 50


def test_one_model_alone_has_no_second_one_to_be_compared_with(open_report):
    page = open_report("1 run", fragment="#class-0-0")
    assert page.locator("#class-0-0").is_visible()
    assert not page.locator("#pair").is_visible()
    assert not page.locator("#difference").is_visible()


# --- colours


def test_the_button_goes_through_the_themes_and_the_charts_follow(open_report):
    page = open_report(color_scheme="dark")
    canvas, root = page.locator("#chart-losses canvas"), page.locator("html")
    pictures, labels = [], []
    for theme in ("dark", "light", "dark"):
        assert root.get_attribute("data-theme") == theme
        pictures.append(canvas.evaluate("canvas => canvas.toDataURL()"))
        labels.append(page.locator("#theme").text_content())
        page.locator("#theme").click()
    assert pictures[0] == pictures[2] != pictures[1]
    assert len(set(labels)) == 3
    page.emulate_media(color_scheme="light")
    page.wait_for_selector("html[data-theme=light]")


def test_the_chosen_theme_is_kept(open_report):
    page = open_report()
    page.locator("#theme").click()
    page.locator("#theme").click()
    page.reload()
    assert page.locator("html").get_attribute("data-theme") == "dark"
    page.requests.clear()


# --- the keyboard


def test_everything_that_reacts_is_reached_by_tab_in_order_and_shows_its_focus(open_report):
    page = open_report()
    expected = page.evaluate("""() => {
        const all = "a[href], button, input, select, summary, [tabindex='0']";
        window.stops = [...document.querySelectorAll(all)].filter((stop) =>
            stop.checkVisibility({ visibilityProperty: true }) && !stop.disabled
            && stop.tabIndex >= 0 && !stop.closest("details:not([open]) > :not(summary)"));
        return stops.length;
    }""")
    focus = """() => {
        const stop = document.activeElement;
        const style = getComputedStyle(stop), box = stop.getBoundingClientRect();
        return { place: stops.indexOf(stop), name: stop.outerHTML.slice(0, 60),
            outline: style.outlineStyle === "none" ? 0 : parseFloat(style.outlineWidth),
            isInView: box.bottom > 0 && box.top < innerHeight && box.right > 0 };
    }"""
    for place in range(expected):
        page.keyboard.press("Tab")
        stop = page.evaluate(focus)
        assert stop["place"] == place, stop
        assert stop["outline"] >= 2, stop
        assert stop["isInView"], stop
    assert 30 < expected <= 60


def test_the_first_stop_skips_to_the_content(open_report):
    page = open_report()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.hash") == "#main"
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('main') !== null")


# --- charts


def press(page, *keys):
    for key in keys:
        page.keyboard.press(key)


def test_arrow_keys_tell_the_losses_at_the_pointer(open_report):
    page = open_report()
    readout = page.locator("#chart-losses .readout")
    for unit in ("step", "second"):
        page.locator("#chart-losses select").select_option(unit)
        page.locator("#chart-losses .plot").focus()
        press(page, "ArrowRight", "ArrowRight", "ArrowRight", "ArrowLeft")
        lines = page_data(page)["curves"][unit]["lines"]
        for model, line in zip(SCENES["a failed run"].models, lines, strict=True):
            told = f"{model.name} " if line[1] is None else f"{model.name} {line[1]:.3f}"
            assert (told in readout.text_content()) == (line[1] is not None)


def test_arrow_keys_tell_accuracy_interval_and_cost_of_every_model(open_report):
    page = open_report("7 models")
    page.locator("#chart-tradeoffs .plot").focus()
    readout = page.locator("#chart-tradeoffs .readout")
    for row in sorted(table(page), key=lambda row: float(row["multiply_adds"])):
        press(page, "ArrowRight")
        text = readout.text_content()
        assert text.startswith(f"{row['model']}: ")
        names = [f"test_accuracy_{name}percent" for name in ("", "low_", "high_")]
        accuracy, low, high = (f"{float(row[name]):.2f}" for name in names)
        assert f"{accuracy} ({low}–{high})" in text
    page.locator("#chart-tradeoffs select").select_option("total_params")
    page.locator("#chart-tradeoffs .plot").focus()
    press(page, "ArrowRight")
    assert readout.text_content().startswith("cnn_3: ")
    assert readout.text_content().endswith(" 168k")


def test_models_of_one_cost_are_told_one_after_the_other_and_one_that_is_free_in_words(open_report):
    page = open_report("odd costs")
    page.locator("#chart-tradeoffs .plot").focus()
    told = []
    for _ in range(5):
        press(page, "ArrowRight")
        text = page.locator("#chart-tradeoffs .readout").text_content()
        told.append(text.partition(":")[0])
    assert told == ["cnn_2", "twin", "short", "short", "short"]
    caption = page.locator("figure:has(#chart-tradeoffs) figcaption").text_content()
    assert "Not drawn against a cost of zero" in caption
    assert caption.split("place: ")[1].startswith("free.")
    # As dear as the twin and less accurate, so off the line.
    assert page_data(page)["pareto"]["multiply_adds"] == [2, 1, 3]
    page.locator("#chart-tradeoffs select").select_option("total_params")
    page.locator("#chart-tradeoffs .plot").focus()
    for _ in range(4):
        press(page, "ArrowRight")
    assert page.locator("#chart-tradeoffs .readout").text_content().startswith("short: ")


def test_a_training_of_two_steps_is_drawn_beside_one_of_thousands(open_report):
    page = open_report("odd costs")
    page.locator("#chart-losses .plot").focus()
    told = []
    for _ in range(2):
        press(page, "ArrowRight")
        told.append(page.locator("#chart-losses .readout").text_content())
    assert [text.split(" ")[:3] for text in told] == [
        ["step", "1:", "short"],
        ["step", "2:", "short"],
    ]


def test_a_long_training_is_told_to_the_step(open_report, monkeypatch):
    model = replace(MODELS[0], n_steps=13_549)
    monkeypatch.setitem(SCENES, "long", Scene((model, MODELS[1]), 1))
    page = open_report("long")
    page.locator("#chart-losses .plot").press("ArrowLeft")
    steps, _ = mean_smoothed([RunFolder(next(page.results.glob("runs/cnn_2/*/*"))).history])
    assert abs(told_step(page) - steps[-1]) <= 0.5
    # Not rounded to four digits, as the ends of axes are.
    assert steps[-1] > 10_000
    assert round(steps[-1]) % 10


def told_step(page):
    text = page.locator("#chart-losses .readout").text_content()
    return int(re.match(r"step ([\d,]+):", text)[1].replace(",", ""))


def test_arrow_keys_go_on_after_a_zoom_and_take_the_view_along(open_report):
    page = open_report()
    page.locator("#chart-losses .plot").focus()
    press(page, "+", "+", "ArrowRight")
    first = told_step(page)
    last = page_data(page)["curves"]["step"]["x"][-1]
    assert 0.2 * last < first < 0.5 * last, "the left end of what is shown"
    press(page, *["ArrowLeft"] * 5)
    assert told_step(page) < first
    pointer = page.locator("#chart-losses .u-cursor-x")
    inside = """line => {
        const [x, area] = [line, line.parentElement].map((it) => it.getBoundingClientRect());
        return x.left >= area.left - 1 && x.left <= area.right + 1;
    }"""
    assert pointer.evaluate(inside)
    press(page, *["ArrowRight"] * 90)
    assert told_step(page) > first + 0.2 * last
    assert pointer.evaluate(inside)


def test_a_line_is_hidden_and_shown_by_the_keyboard(open_report):
    page = open_report()
    name = page.locator("#chart-losses .u-legend [role=button]").first
    picture = page.locator("#chart-losses canvas").evaluate("it => it.toDataURL()")
    for is_shown in ("false", "true"):
        name.press("Enter")
        page.wait_for_selector(f'#chart-losses .u-legend [aria-pressed="{is_shown}"]')
        assert name.get_attribute("aria-pressed") == is_shown
        now = page.locator("#chart-losses canvas").evaluate("it => it.toDataURL()")
        assert (now == picture) == (is_shown == "true")


def at_left_edge(page):
    """What the chart of losses tells at its left edge: the first number of the readout.

    Leaves the pointer in the middle.
    """
    box = page.locator("#chart-losses .u-over").bounding_box()
    page.mouse.move(box["x"] + 60, box["y"] + 60)
    page.mouse.move(box["x"] + 1, box["y"] + 60)
    text = page.locator("#chart-losses .readout").text_content()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 60)
    return float(re.search(r"[\d.,]+", text)[0].replace(",", ""))


@pytest.mark.parametrize("by", ["buttons", "keys"])
def test_zoom_in_narrows_the_scale_and_show_all_restores_it(open_report, by):
    page = open_report()
    chart = page.locator("#chart-losses")
    chart.scroll_into_view_if_needed()
    before = at_left_edge(page)
    for action, key in ((".zoom-in", "+"), (".zoom-in", "+"), (".zoom-out", "Escape")):
        if by == "buttons":
            chart.locator(action).click()
        else:
            chart.locator(".plot").press(key)
        if key == "+":
            assert at_left_edge(page) > before
    assert at_left_edge(page) == before


def test_zoom_in_on_a_logarithmic_chart_shows_half_of_its_length_around_the_middle(open_report):
    page = open_report("7 models")
    page.locator("#chart-tradeoffs .plot").press("+")
    page.wait_for_url("**tradeoffs.zoom**")
    costs = [row["costs"]["multiply_adds"] for row in page_data(page)["rows"]]
    # A chart of all reaches beyond the ends by a factor of 1.4.
    low, high = math.log10(min(costs) / 1.4), math.log10(max(costs) * 1.4)
    left, right = map(math.log10, zoom(page, "tradeoffs")[:2])
    assert right - left == pytest.approx((high - low) / 2, rel=1e-3)
    assert (left + right) / 2 == pytest.approx((low + high) / 2, rel=1e-3)


@pytest.mark.parametrize("name", ["tradeoffs", "losses"])
def test_what_the_mouse_selects_is_what_is_shown(open_report, name):
    page = open_report("7 models")
    page.locator(f"#chart-{name} .plot").scroll_into_view_if_needed()
    area = page.locator(f"#chart-{name} .u-over").bounding_box()
    told, places = [], ((0.3, 0.2), (0.6, 0.7))
    for x, y in places:
        page.mouse.move(area["x"] + x * area["width"], area["y"] + y * area["height"])
        (page.mouse.up if told else page.mouse.down)()
        told.append((x, y))
    page.wait_for_url(f"**{name}.zoom**")
    to = math.log10 if name == "tradeoffs" else float
    # Again: the same part of the part. Both are shown to the same share.
    first = [*map(to, zoom(page, name)[:2]), *zoom(page, name)[2:]]
    for x, y in places:
        page.mouse.move(area["x"] + x * area["width"], area["y"] + y * area["height"])
        (page.mouse.down if (x, y) == places[0] else page.mouse.up)()
    page.wait_for_function("old => location.hash !== old", arg="#" + urlsplit(page.url).fragment)
    page.wait_for_timeout(0)
    second = [*map(to, zoom(page, name)[:2]), *zoom(page, name)[2:]]
    width, height = first[1] - first[0], first[3] - first[2]
    assert second[0] == pytest.approx(first[0] + 0.3 * width, abs=0.01 * width)
    assert second[1] == pytest.approx(first[0] + 0.6 * width, abs=0.01 * width)
    assert second[2] == pytest.approx(first[2] + 0.3 * height, abs=0.01 * height)
    assert second[3] == pytest.approx(first[2] + 0.8 * height, abs=0.01 * height)


def test_in_forced_colours_the_marks_of_the_legend_keep_theirs(open_report):
    pages = [open_report("7 models", forced_colors=given) for given in ("none", "active")]
    marks = [
        page.locator(".u-marker").evaluate_all(
            "marks => marks.map(it => { const { backgroundColor, backgroundImage } = "
            "getComputedStyle(it); return backgroundColor + backgroundImage; })"
        )
        for page in pages
    ]
    assert marks[0] == marks[1]


def test_every_line_of_the_legend_can_be_told_without_its_colour(open_report):
    page = open_report("7 models")
    styles = (
        "marks => marks.map(mark => mark.style.backgroundImage.replace(/rgb[^)]*\\)|#\\w+/g, ''))"
    )
    lines = page.locator("#chart-losses .u-marker").evaluate_all(styles)
    assert len(set(lines)) == 7
    shapes = "marks => marks.slice(1).map(mark => mark.style.clipPath)"
    assert len(set(page.locator("#chart-tradeoffs .u-marker").evaluate_all(shapes))) == 7
    forty = open_report("200 runs")
    marks = forty.locator("#chart-tradeoffs .u-marker").evaluate_all(
        "marks => marks.slice(1).map(it => it.style.clipPath + it.style.background)"
    )
    assert len(set(marks)) == 14  # then they begin again
    lines = forty.locator("#chart-losses .u-marker").evaluate_all(
        "marks => marks.map(it => it.style.background)"
    )
    assert len(set(lines)) == 40
    heights = page.locator(".u-label").evaluate_all("labels => labels.map(it => it.clientHeight)")
    assert max(heights) < 30


# --- without scripts, and on paper


def figures_shown(page):
    """How many drawings can be seen."""
    drawings = page.locator("figure .drawing > svg, figure noscript > svg").all()
    return sum(drawing.is_visible() for drawing in drawings)


def n_figures(scene):
    # But for the near-duplicates, of which these images have none.
    return len(drawings([(model.name, model.recipe) for model in SCENES[scene].models])) - 1


def test_without_javascript_the_table_and_all_figures_are_there_and_no_control(open_report):
    page = open_report(java_script_enabled=False)
    for summary in page.locator("details.model > summary, #more-charts > summary").all():
        summary.click()
    assert figures_shown(page) == n_figures("a failed run")
    assert column(page, "test_accuracy_percent") == [
        f"{float(row['test_accuracy_percent']):.2f}" for row in ranked(page)
    ]
    assert page.locator("#table").is_visible()
    for control in page.locator("button, input, select, form, .chart").all():
        assert not control.is_visible()
    summary = page.locator("#class-details summary")
    summary.click()
    assert page.locator("#class-table tbody td").first.is_visible()


def test_on_paper_drawings_stand_for_the_charts_in_dark_ink(open_report):
    page = open_report(color_scheme="dark")
    page.locator("#open-all").click()
    page.locator("#more-charts > summary").click()
    n_charts = 2
    assert figures_shown(page) == n_figures("a failed run") - n_charts
    page.emulate_media(media="print")
    assert figures_shown(page) == n_figures("a failed run")
    for control in page.locator("#theme, form, select, nav, .chart, .save").all():
        assert not control.is_visible()
    style = page.locator("body").evaluate("body => getComputedStyle(body)")
    assert (style["backgroundColor"], style["color"]) == ("rgb(255, 255, 255)", "rgb(0, 0, 0)")
    assert len(page.pdf()) > 10_000


# --- for everyone


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_axe_finds_no_violation(open_report, language, theme):
    from axe_playwright_python.sync_playwright import Axe

    page = open_report("a failed run", language, color_scheme=theme)
    page.evaluate("for (const details of document.querySelectorAll('details')) details.open = true")
    header(page, "rank_low").get_by_role("button").click()
    page.locator(".menu").evaluate("menu => { menu.open = true; }")
    # Further rows are like these, and axe takes its time for each.
    page.evaluate("document.querySelectorAll('tbody tr:nth-child(n+4)').forEach(r => r.remove())")
    results = Axe().run(page)
    assert results.violations_count == 0, results.generate_report()


@pytest.mark.parametrize("width", [390, 1280, 1920])
@pytest.mark.parametrize("scene", ["7 models", "hostile names", "studies alone"])
def test_the_page_is_never_wider_than_the_window(open_report, scene, width):
    page = open_report(scene, viewport={"width": width, "height": 900})
    page.evaluate("for (const details of document.querySelectorAll('details')) details.open = true")
    for language in LANGUAGES:
        page.goto(page.address.replace(".en.", f".{language}."))
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    page.requests.clear()


# --- names that users choose


@pytest.mark.parametrize("language", LANGUAGES)
def test_names_make_no_element_and_run_nothing(open_report, language):
    page = open_report("hostile names", language)
    page.evaluate("for (const details of document.querySelectorAll('details')) details.open = true")
    page.locator(".plot").first.focus()
    press(page, "ArrowRight")
    assert page.dialogs == []
    assert page.locator("main img, header img, b, [onclick], [onerror]").count() == 0
    assert page.locator("script").count() == 3
    assert page.locator("h2").count() == 13


def test_names_are_shown_as_they_are_written(open_report):
    page, scene = open_report("hostile names"), SCENES["hostile names"]
    models = [model.name for model in scene.models]
    assert column(page, "model") == [row["model"] for row in ranked(page)]
    assert column(page, "recipe") == [row["recipe"].strip() for row in ranked(page)]
    assert set(column(page, "model")) == set(models)
    assert page.locator("details.model > summary h4").all_text_contents() == models
    assert page.locator("#first option").all_text_contents() != []
    assert set(page.locator("#first option").all_text_contents()) == set(models)
    classes = page.locator("#class-table tbody th").all_text_contents()
    assert {*scene.class_names} <= {*classes}
    (_, _, _, facts), provenance = scene.failures[0], page.locator("main").text_content()
    assert page.locator("#not-run + ul li").first.text_content().count(HOSTILE) == 2
    for text in (scene.command, scene.device, facts["loss"], facts["step"]):
        assert text in provenance
    configuration = json.loads(page.locator("#provenance ~ details pre").text_content())
    assert configuration == scene.configuration


def test_a_name_from_right_to_left_does_not_turn_what_follows(open_report):
    page = open_report("hostile names")
    for plot in page.locator(".plot").all():
        plot.focus()
        press(page, "ArrowRight", "ArrowRight")
    turned = page.evaluate("""() => {
        const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT), turned = [];
        const left = (node, place) => {
            const range = document.createRange();
            range.setStart(node, place);
            range.setEnd(node, place + 1);
            return range.getBoundingClientRect();
        };
        while (texts.nextNode()) {
            const node = texts.currentNode, place = node.data.search(/[a-z]{3}/);
            const holder = node.parentElement;
            const isName = holder.closest("bdi, code, th, td, pre, option, nav, svg");
            if (place < 0 || isName || !holder.closest("p, li, figcaption, small")) continue;
            const [first, second] = [left(node, place), left(node, place + 1)];
            const isOneLine = first.width && first.top === second.top;
            if (isOneLine && first.left >= second.left) turned.push(node.data);
        }
        return turned;
    }""")
    assert turned == []


# --- what was not run


def test_a_failed_run_is_told_at_the_top_and_where_it_ended(open_report):
    page = open_report("a failed run")
    assert "too_fast" in page.locator("header .warning").text_content()
    line = page.locator("#not-run + ul li").first.text_content()
    for told in ("cnn_2", "too_fast", str(FAILED["step"]), str(FAILED["learning_rate"])):
        assert told in line
    assert "too_fast" not in page.locator("#table").text_content()


# --- many runs


def test_two_hundred_runs_open_and_can_be_sorted(open_report):
    page = open_report("200 runs")
    timing = page.evaluate("performance.getEntriesByType('navigation')[0].loadEventEnd")
    print(f"200 runs, until the load event: {timing:.0f} ms")
    before = accuracies(page)
    header(page, "train_seconds").get_by_role("button").click()
    assert seconds(page) == sorted(seconds(page))
    assert sorted(accuracies(page), reverse=True) == before != accuracies(page)
    assert len(before) == 40
