"""Where things stand: on wide screens, on a phone, on paper, and for the keyboard."""

import re

import pytest
from playwright.sync_api import expect
from scenes import LANGUAGES

PHONE = {"viewport": {"width": 390, "height": 844}}
WIDE = {"viewport": {"width": 1920, "height": 1000}}


def box(page, selector):
    return page.locator(selector).first.bounding_box()


# --- the table


@pytest.mark.parametrize("options", [{}, PHONE], ids=["1280 px", "390 px"])
def test_head_and_first_column_stay_in_view(open_report, options):
    page = open_report("200 runs", **options)
    region = page.locator(".scroll:has(> #table)")
    region.scroll_into_view_if_needed()
    region.evaluate("it => { it.scrollTop = 600; it.scrollLeft = 300; }")
    outer = region.bounding_box()
    assert outer["height"] < page.viewport_size["height"]
    head = box(page, '#table thead [data-column="test_accuracy_percent"]')
    corner = box(page, '#table thead [data-column="model"]')
    name = box(page, "#table tbody tr:nth-child(25) th")
    assert head["y"] == pytest.approx(outer["y"], abs=2)
    assert corner["x"] == pytest.approx(outer["x"], abs=2)
    assert name["x"] == pytest.approx(outer["x"], abs=2)


def test_a_wide_screen_is_used(open_report):
    page = open_report("7 models", **WIDE)
    region = box(page, ".scroll:has(> #table)")
    assert region["x"] + region["width"] > 0.95 * 1920
    assert region["width"] > 0.8 * 1920


@pytest.mark.parametrize("language", LANGUAGES)
def test_on_a_phone_the_table_begins_with_model_accuracy_and_rank(open_report, language):
    page = open_report("7 models × 6 seeds", language, **PHONE)
    page.locator("#table").scroll_into_view_if_needed()
    right = 390
    for name in ("model", "test_accuracy_percent", "rank_low"):
        for cell in page.locator(f'#table [data-column="{name}"]').all():
            place = cell.bounding_box()
            assert place["x"] + place["width"] <= right, name
    # The recipe stands below the model.
    told = page.locator("#table tbody th").first.evaluate(
        "it => getComputedStyle(it, '::after').content"
    )
    assert told == '"published_finetune"'


@pytest.mark.parametrize("width", [390, 1280])
def test_the_choice_of_columns_never_covers_the_table(open_report, width):
    page = open_report("7 models", viewport={"width": width, "height": 900})
    page.locator(".menu summary").focus()
    page.keyboard.press("Enter")
    choice, table = box(page, ".menu fieldset"), box(page, ".scroll:has(> #table)")
    assert choice["height"] > 50
    assert choice["y"] + choice["height"] <= table["y"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_on_a_usual_screen_no_table_of_words_and_no_picture_scrolls_sideways(open_report, language):
    page = open_report("7 models × 6 seeds", language)
    page.evaluate("for (const details of document.querySelectorAll('details')) details.open = true")
    wide = page.evaluate("""() => [...document.querySelectorAll(".drawing, .scroll:has(.words)")]
        .filter((it) => it.checkVisibility() && it.scrollWidth > it.clientWidth + 1)
        .map((it) => [it.getAttribute("aria-label"), it.scrollWidth, it.clientWidth])""")
    assert page.locator(".scroll:has(.words)").count() > 0
    assert wide == []


# --- sections and models


def current(page):
    marked = page.locator("#contents a[aria-current]")
    return marked.get_attribute("href") if marked.count() == 1 else None


def test_the_list_of_sections_stays_beside_the_content_and_marks_the_one_that_is_read(open_report):
    page = open_report("7 models")
    for name in ("comparison", "analysis", "curves", "models"):
        page.locator(f"#{name}").evaluate("it => it.scrollIntoView()")
        page.wait_for_selector(f'#contents a[href="#{name}"][aria-current]')
        assert current(page) == f"#{name}"
        side, main = box(page, "#side"), box(page, "main")
        assert 0 <= side["y"] < 50
        assert side["x"] + side["width"] <= main["x"]


def test_on_a_phone_without_javascript_the_open_list_of_sections_does_not_cover_the_page(
    open_report,
):
    page = open_report("7 models", java_script_enabled=False, **PHONE)
    assert page.locator("#contents").is_visible()
    page.locator("#analysis").scroll_into_view_if_needed()
    side = box(page, "#side")
    assert side["y"] + side["height"] < 0


def test_on_a_phone_the_sections_are_a_menu_that_stays_in_view(open_report):
    page = open_report("7 models", **PHONE)
    assert not page.locator("#contents").is_visible()
    page.locator("#menu").click()
    assert page.locator("#menu").get_attribute("aria-expanded") == "true"
    page.locator('#contents a[href="#analysis"]').click()
    page.locator("#contents").wait_for(state="hidden")
    bar = box(page, "#side")
    assert bar["y"] == 0
    assert bar["height"] <= box(page, "#analysis")["y"] + 1
    page.locator("#menu").press("Enter")
    page.keyboard.press("Escape")
    assert not page.locator("#contents").is_visible()
    assert page.locator("#menu").evaluate("it => it === document.activeElement")


def test_every_section_has_a_link_that_skips_it(open_report):
    page = open_report("7 models")
    headings = page.locator("h2").evaluate_all("all => all.map(it => it.id)")
    skips = page.locator("main > section > a.skip")
    targets = [link.get_attribute("href")[1:] for link in skips.all()]
    assert targets == headings[1:]
    link = skips.first
    link.focus()
    assert link.bounding_box()["x"] >= 0
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate(
        "target => !!document.getElementById(target).closest('section')"
        ".contains(document.activeElement)",
        targets[0],
    )


def test_models_are_folded_and_open_all_or_one_at_a_time(open_report):
    page = open_report("7 models")
    shown = page.locator("details.model[open]")
    assert (shown.count(), page.locator("details.model").count()) == (0, 7)
    summaries = page.locator("details.model > summary")
    assert re.search(r"accuracy \d\d\.\d\d\s%, rank 7", summaries.first.text_content())
    page.locator("#open-all").click()
    assert shown.count() == 7
    page.locator("#open-all").click()
    assert shown.count() == 0
    page.locator("#one-open").check()
    for place in (0, 3):
        summaries.nth(place).press("Enter")
        page.wait_for_function(
            "() => document.querySelectorAll('details.model[open]').length === 1"
        )
        assert page.locator(f"#model-{place}[open]").count() == 1


def test_drawings_of_a_model_are_made_when_it_is_opened(open_report):
    page = open_report("7 models")
    drawings = page.locator("details.model .drawing > svg")
    assert drawings.count() == 0
    page.locator("details.model > summary").nth(2).click()
    visible = page.locator("#model-2 .drawing > svg:visible")
    expect(visible.first).to_be_visible()
    n_drawings = page.locator("#model-2 figure").count()
    assert (visible.count(), drawings.count()) == (n_drawings, n_drawings)
    assert page.locator("#model-2 figure > .save").count() == n_drawings
    page.locator("#open-all").click()
    expect(drawings).to_have_count(page.locator("details.model figure").count())
    assert page.locator("main noscript").count() == 0


def test_a_link_into_a_closed_model_leads_to_its_place_below_drawings(open_report):
    page = open_report("7 models")
    # The last title in the part, so that all drawings are above it.
    last = page.evaluate(
        """() => { const titles = document.querySelectorAll("#model-4 :is(h5, summary)");
            const last = [...titles].at(-1); last.id = "last"; return last.textContent; }"""
    )
    assert last
    page.evaluate("location.hash = '#last'")
    expect(page.locator("#last")).to_be_in_viewport()
    # What does not scroll is no stop of the tabulator, also where it was drawn later.
    page.wait_for_function(
        """() => [...document.querySelectorAll("#model-4 .drawing[tabindex]")]
            .every(it => it.scrollWidth > it.clientWidth)"""
    )


def test_what_alike_models_share_is_said_once(open_report):
    page = open_report("7 models")
    page.locator("#open-all").click()
    text = page.locator("main > section:has(#models)").inner_text()
    assert text.count("Blocks of a 5×5 convolution") == 1
    assert text.count("Self-attention within small windows") == 1


# --- for the keyboard


def test_at_most_60_stops_lead_past_the_content_and_arrow_keys_reach_the_rest(open_report):
    page = open_report("7 models")
    stops = []
    for _ in range(61):
        page.keyboard.press("Tab")
        stop = page.evaluate("[document.activeElement.tagName, document.activeElement.outerHTML]")
        if stop[0] == "BODY":
            break
        stops.append(stop[1][:70])
    assert len(stops) <= 60, stops
    page.locator("#table thead button").first.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    focused = "document.activeElement.closest('th').dataset.column"
    assert page.evaluate(focused) == "test_accuracy_percent"
    page.keyboard.press("End")
    assert page.evaluate(focused) != "test_accuracy_percent"
    # Past the heads and back again leads to the one that was left.
    last = page.evaluate(focused)
    page.keyboard.press("Tab")
    page.keyboard.press("Shift+Tab")
    assert page.evaluate(focused) == last


def test_one_stop_leads_to_the_numbers_that_are_shown_also_after_others_were_folded_away(
    open_report,
):
    page = open_report("7 models × 6 seeds")
    summary = page.locator("#further-analysis > summary")
    stop = ".sentences a[tabindex='0']"
    analysis = page.locator("main > section:has(#analysis)")
    assert analysis.locator(stop).count() == 1
    summary.click()
    page.locator("#further-analysis a").first.focus()
    assert page.locator(f"#further-analysis {stop}").count() == 1
    summary.click()
    analysis.locator(stop).and_(page.locator(":visible")).wait_for()
    assert analysis.locator(stop).count() == 1


# --- sizes


@pytest.mark.parametrize(
    ("options", "highest"), [({}, 12_000), (PHONE, 12_000)], ids=["1280 px", "390 px"]
)
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_is_not_long_with_models_folded(open_report, language, options, highest):
    page = open_report("7 models", language, **options)
    assert page.evaluate("document.documentElement.scrollHeight") <= highest


SMALL_TEXTS = """() => {
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT), small = [];
    while (texts.nextNode()) {
        const holder = texts.currentNode.parentElement;
        if (!texts.currentNode.data.trim() || !holder.checkVisibility()) continue;
        if (holder.closest("script, style, metadata, title")) continue;
        const own = parseFloat(getComputedStyle(holder).fontSize);
        const drawing = holder.closest("svg");
        const box = drawing?.viewBox.baseVal;
        const scale = drawing ? drawing.getBoundingClientRect().width / box.width : 1;
        if (own * scale < 11.99) small.push([own * scale, texts.currentNode.data]);
    }
    return small;
}"""


@pytest.mark.parametrize("width", [390, 1280, 1920])
@pytest.mark.parametrize("language", LANGUAGES)
def test_no_text_is_smaller_than_12_pixels(open_report, language, width):
    page = open_report("7 models", language, viewport={"width": width, "height": 900})
    page.evaluate("for (const details of document.querySelectorAll('details')) details.open = true")
    # The drawings that charts replace are seen without scripts.
    page.add_style_tag(content=".replaced { display: block !important; }")
    assert page.evaluate(SMALL_TEXTS) == []


# --- on paper

# Marks what must not be parted: the links make the browser write down where their targets are.
MARK_PAIRS = """() => {
    const pairs = [], add = (kind, first, last) => {
        const ids = [first, last].map((it, i) => {
            const mark = document.createElement("span");
            mark.id = `pair${pairs.length}x${i}`;
            it.prepend(mark);
            const link = document.createElement("a");
            link.href = `#${mark.id}`;
            link.textContent = ".";
            document.querySelector("footer").append(link);
            return mark.id;
        });
        pairs.push([kind, first.textContent.trim().slice(0, 40), ...ids]);
    };
    for (const heading of document.querySelectorAll("h2, h3, h5")) {
        const next = heading.nextElementSibling;
        if (heading.checkVisibility() && next?.checkVisibility()) {
            const inner = [...next.querySelectorAll("td, dt, li, summary")];
            add("heading", heading, inner.find((it) => it.checkVisibility()) ?? next);
        }
    }
    for (const table of document.querySelectorAll("table")) {
        if (!table.checkVisibility() || table.rows.length < 2) continue;
        const height = table.getBoundingClientRect().height;
        if (height < 900) add("table", table.rows[0].cells[0], [...table.rows].at(-1).cells[0]);
    }
    return pairs;
}"""


def pages_of(pdf):
    """(number of pages, dict from the name of a target to its page) of a PDF's bytes."""
    numbers = re.findall(rb"(\d+) 0 obj\s*<<(?:(?!endobj).)*?/Type\s*/Page\b", pdf, re.DOTALL)
    pages = {number: place for place, number in enumerate(numbers)}
    found = re.findall(rb"/(pair\d+x[01])\s*\[\s*(\d+) 0 R", pdf)
    return len(numbers), {name.decode(): pages[number] for name, number in found}


@pytest.mark.parametrize("language", LANGUAGES)
def test_on_paper_it_has_few_pages_and_parts_no_table_and_no_heading(open_report, language):
    page = open_report("7 models", language)
    page.emulate_media(media="print")
    pairs = page.evaluate(MARK_PAIRS)
    n_pages, places = pages_of(page.pdf(format="A4"))
    assert n_pages <= 12
    assert len(places) == 2 * len(pairs) > 30
    parted = [(kind, text) for kind, text, a, b in pairs if places[a] != places[b]]
    assert parted == []


def test_what_is_folded_for_its_height_alone_is_on_paper_and_no_line_that_would_unfold_others(
    open_report,
):
    page = open_report("7 models × 6 seeds")
    further = page.locator("#further-analysis li").first
    assert not further.is_visible()
    page.emulate_media(media="print")
    assert page.locator("#further-analysis").evaluate(
        "it => it.querySelector('li').checkVisibility() && it.getBoundingClientRect().height > 100"
    )
    summaries = page.locator("main summary").all()
    shown = [summary for summary in summaries if summary.is_visible()]
    assert 7 < len(shown) < len(summaries)
    for summary in shown:
        assert summary.evaluate("it => it.parentElement.matches('.model, [open]')")
