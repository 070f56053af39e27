"""The page of studies alone, without a row: what it has of the scripts of the other pages."""

import csv
import io

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect
from scenes import LANGUAGES
from test_layout import PHONE, box
from test_saving import CLIPBOARD, button, saved

SCENE = "studies alone"


def test_every_figure_is_saved_and_the_command_is_copied(open_report):
    page = open_report(SCENE, **CLIPBOARD)
    figures = page.locator("figure").evaluate_all("all => all.map(it => it.dataset.label)")
    assert figures == ["changes", "change_curves"]
    for label in figures:
        # A browser keeps a page from saving too many files at once.
        page = open_report(SCENE, **CLIPBOARD)
        name, text = saved(page, button(page, label, "SVG"))
        assert name == f"{label}.svg"
        assert text.startswith(b"<svg")
        name, picture = saved(page, button(page, label, "PNG"))
        assert name == f"{label}.png"
        assert picture.startswith(b"\x89PNG")
        name, numbers = saved(page, button(page, label, "CSV"))
        assert name == f"{label}.csv"
        assert len([*csv.DictReader(io.StringIO(numbers.decode()))]) > 1
    command = page.locator('pre[data-copy="command"]')
    command.locator("xpath=following-sibling::*[1]").get_by_role("button", name="Copy").click()
    page.wait_for_function("() => document.querySelector('.save [role=status]').textContent")
    assert page.evaluate("navigator.clipboard.readText()") == command.text_content()


def test_the_theme_is_chosen_and_kept(open_report):
    page = open_report(SCENE, color_scheme="dark")
    root = page.locator("html")
    assert root.get_attribute("data-theme") == "dark"
    page.locator("#theme").click()
    assert root.get_attribute("data-theme") == "light"
    page.reload()
    assert root.get_attribute("data-theme") == "light"
    page.requests.clear()


def test_sections_are_a_menu_on_a_phone_and_marked_beside_the_content(open_report):
    page = open_report(SCENE, **PHONE)
    expect(page.locator("#contents")).to_be_hidden()
    page.locator("#menu").click()
    page.locator('#contents a[href="#provenance"]').click()
    expect(page.locator("#contents")).to_be_hidden()
    assert box(page, "#side")["height"] <= box(page, "#provenance")["y"] + 1
    page = open_report(SCENE)
    page.locator("#studies").evaluate("it => it.scrollIntoView()")
    expect(page.locator('#contents a[href="#studies"]')).to_have_attribute(
        "aria-current", "location"
    )


@pytest.mark.parametrize("fragment", ["#provenance", "#view?hide=1&sort=model:up&at=provenance"])
def test_an_address_leads_to_its_section_also_one_with_the_view_of_rows(open_report, fragment):
    page = open_report(SCENE, fragment=fragment)
    for _ in range(2):
        expect(page.locator("#provenance")).to_be_in_viewport()
        page.wait_for_function("() => location.hash === '#provenance'")
        # Once more from elsewhere, with the page open.
        page.evaluate("scrollTo(0, 0)")
        expect(page.locator("#provenance")).not_to_be_in_viewport()
        page.evaluate("fragment => { location.hash = ''; location.hash = fragment; }", fragment)
    expect(page.locator("#provenance")).to_be_in_viewport()
    other = page.locator("a[hreflang]").get_attribute("href")
    assert other == "report.zh.html#provenance"


@pytest.mark.parametrize("language", LANGUAGES)
def test_axe_finds_no_violation(open_report, language):
    page = open_report(SCENE, language)
    page.evaluate("for (const details of document.querySelectorAll('details')) details.open = true")
    results = Axe().run(page)
    assert results.violations_count == 0, results.generate_report()


def test_a_control_that_is_seen_is_one_of_these(open_report):
    page = open_report(SCENE)
    seen = page.locator("button:visible, input:visible, select:visible")
    texts = {text for text in seen.all_text_contents() if not text.startswith("Theme")}
    assert texts == {"SVG", "PNG", "CSV", "Copy", "Save"}
