import contextlib
import os

import pytest
from browsers import find_browser, launched
from builder import Builder
from made import common_folder

WIDTH, HEIGHT = 1280, 900


@pytest.fixture(scope="session")
def build(tmp_path_factory):
    """build(name of a scene) -> the folder of its results, with reports in all languages."""
    return Builder(common_folder(tmp_path_factory) / "scenes").build


@pytest.fixture(scope="session")
def browser():
    """The system's browser, without a window."""
    path = find_browser()
    if path is None:
        missing = "needs a browser: tests/browser/install.sh, or set CHROMIUM to one"
        (pytest.fail if os.environ.get("NEEDS_BROWSER") else pytest.skip)(missing)
    with launched(path) as browser:
        yield browser


@pytest.fixture
def open_report(browser, build):
    """open_report(scene, language, fragment, …) -> a Playwright page with that report, offline.

    Further arguments are those of a browser's context. page.faults collects errors of the console
    and exceptions, page.requests the URLs asked for after that of the page, page.dialogs the
    dialogs opened. At the end of the test the first two must be empty.
    """
    pages = []
    with contextlib.ExitStack() as contexts:

        def open_page(scene="a failed run", language="en", fragment="", **options):
            options = {"viewport": {"width": WIDTH, "height": HEIGHT}, **options}
            context = contexts.enter_context(browser.new_context(offline=True, **options))
            context.set_default_timeout(10_000)
            page = context.new_page()
            page.faults, page.requests, page.dialogs = [], [], []
            page.on("console", lambda m: page.faults.append(m.text) if m.type == "error" else None)
            page.on("pageerror", lambda error: page.faults.append(str(error)))
            page.on("request", lambda request: page.requests.append(request.url))
            page.on(
                "dialog", lambda dialog: (page.dialogs.append(dialog.message), dialog.dismiss())
            )
            page.results = build(scene)
            page.address = (page.results / f"report/report.{language}.html").as_uri()
            page.goto(page.address + fragment)
            assert page.requests.pop(0) == page.address
            pages.append(page)
            return page

        yield open_page
        for page in pages:
            assert page.faults == []
            assert page.requests == []
