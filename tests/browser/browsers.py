"""The system's browser, driven by Playwright; nothing is downloaded."""

import os
import shutil
from contextlib import contextmanager

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def find_browser():
    """Path of the browser that CHROMIUM names, or of one that is installed, or None."""
    chosen = os.environ.get("CHROMIUM")
    names = [chosen] if chosen else NAMES
    return next(filter(None, map(shutil.which, names)), None)


@contextmanager
def launched(path):
    """The browser at this path, without a window, as Playwright's Browser, for the block."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        # Its sandbox does not start for root, nor in many containers; it opens our files alone.
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()
