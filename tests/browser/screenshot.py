"""Take a picture of the first screen of a report, in each of its languages."""

import argparse
import sys
from pathlib import Path

from browsers import find_browser, launched

WIDTH, HEIGHT = 1280, 860


def argument_parser():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "report", type=Path, help="folder of report.<lang>.html, as results/cifar100/report"
    )
    parser.add_argument(
        "--folder",
        type=Path,
        default=Path("docs"),
        help="first-screen.<lang>.png are written into it (docs)",
    )
    return parser


def take(browser, page_file, picture):
    """The first screen of a report, in its light theme, as a PNG file of twice as many pixels."""
    page = browser.new_page(
        viewport={"width": WIDTH, "height": HEIGHT}, device_scale_factor=2, color_scheme="light"
    )
    page.goto(page_file.resolve().as_uri())
    page.screenshot(path=picture)
    page.close()


def main(arguments):
    path = find_browser()
    pages = sorted(arguments.report.glob("report.*.html"))
    if path is None:
        sys.exit("error: expected a browser, found none; tests/browser/install.sh installs one")
    if not pages:
        sys.exit(f"error: expected report.<lang>.html in {arguments.report}, found none")
    with launched(path) as browser:
        for page_file in pages:
            language = page_file.name.split(".")[1]
            take(browser, page_file, arguments.folder / f"first-screen.{language}.png")


if __name__ == "__main__":
    main(argument_parser().parse_args())
