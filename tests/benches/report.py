"""Size of a report and the time until a browser has loaded it, for 1, 7 and 200 runs.

From a file, offline, without a cache; the median of several loads, each in a fresh context.
"""

import argparse
import statistics
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "browser"))
# Before the folder of this file, which is called as one of the scripts.
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts"))

from browsers import find_browser, launched
from builder import Builder
from scenes import SCENES

COMPARED = ("1 run", "7 models", "7 models × 6 seeds", "200 runs")
# In milliseconds since the navigation began.
MOMENTS = """async () => {
    const paint = "first-contentful-paint", navigation = "navigation";
    const frame = () => new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
    const moments = () => [
        performance.getEntriesByType(navigation)[0].loadEventEnd,
        performance.getEntriesByName(paint)[0]?.startTime,
    ];
    while (!moments().every(Boolean)) await frame();
    return moments();
}"""


def main(loads):
    path = find_browser() or sys.exit("error: no browser; run tests/browser/install.sh first")
    print(f"{'':20} {'MB':>6} {'painted, ms':>12} {'loaded, ms':>12}  of {loads} loads")
    with tempfile.TemporaryDirectory() as folder, launched(path) as browser:
        build = Builder(Path(folder)).build
        for name in COMPARED:
            report = build(name) / "report/report.en.html"
            times = [load(browser, report.as_uri()) for _ in range(loads)]
            loaded, painted = (statistics.median(column) for column in zip(*times, strict=True))
            runs = len(SCENES[name].models) * SCENES[name].seeds
            megabytes = report.stat().st_size / 1e6
            title = f"{runs} run{'s' * (runs > 1)}"
            print(f"{title:20} {megabytes:6.2f} {painted:12.0f} {loaded:12.0f}", flush=True)


def load(browser, address):
    """Milliseconds until the load event is over and until the first content is painted."""
    with browser.new_context(offline=True, viewport={"width": 1280, "height": 900}) as context:
        page = context.new_page()
        page.goto(address)
        return page.evaluate(MOMENTS)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--loads", type=int, default=7, help="of each (default: %(default)s)")
    main(parser.parse_args().loads)
