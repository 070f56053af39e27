"""Fingers on a chart, in a context that has touch."""

import pytest
from test_page import page_data, zoom

PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}


class Fingers:
    """Fingers on an element, through the browser's own input."""

    def __init__(self, page, selector):
        page.locator(selector).scroll_into_view_if_needed()
        self.box = page.locator(selector).bounding_box()
        self.session = page.context.new_cdp_session(page)

    def send(self, kind, *shares):
        """shares: of width and height of the element, for each finger."""
        points = [
            {
                "x": self.box["x"] + x * self.box["width"],
                "y": self.box["y"] + y * self.box["height"],
            }
            for x, y in shares
        ]
        points = [{**point, "id": number} for number, point in enumerate(points)]
        self.session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    def go(self, starts, ends, steps=8):
        self.send("touchStart", *starts)
        for step in range(1, steps + 1):
            places = [
                [a + (b - a) * step / steps for a, b in zip(start, end, strict=True)]
                for start, end in zip(starts, ends, strict=True)
            ]
            self.send("touchMove", *places)
        self.send("touchEnd")


def all_x(page):
    x = page_data(page)["curves"]["step"]["x"]
    return x[0], x[-1]


def test_two_fingers_zoom_and_one_moves_what_is_shown(open_report):
    page = open_report("7 models", **PHONE)
    fingers = Fingers(page, "#chart-losses .u-over")
    first, last = all_x(page)
    fingers.go([(0.4, 0.5), (0.6, 0.5)], [(0.2, 0.5), (0.8, 0.5)])
    page.wait_for_url("**losses.zoom**")
    left, right, *_ = zoom(page, "losses")
    assert right - left == pytest.approx((last - first) / 3, rel=0.1)
    assert (left + right) / 2 == pytest.approx((first + last) / 2, rel=0.1)
    # One finger to the right brings what lies on the left.
    fingers.go([(0.3, 0.5)], [(0.6, 0.5)])
    page.wait_for_function("old => !location.hash.includes(old)", arg=f"losses.zoom={left:g}")
    moved_left, moved_right, *_ = zoom(page, "losses")
    assert moved_left < left - 0.1 * (right - left)
    assert moved_right - moved_left == pytest.approx(right - left, rel=0.01)
    # Together again, beyond all there is: nothing of the zoom is left.
    fingers.go([(0.1, 0.5), (0.9, 0.5)], [(0.45, 0.5), (0.55, 0.5)])
    page.wait_for_function("() => !location.hash.includes('losses.zoom')")


def test_fingers_above_each_other_zoom_the_height_on_a_logarithmic_chart_too(open_report):
    page = open_report("7 models", **PHONE)
    fingers = Fingers(page, "#chart-tradeoffs .u-over")
    fingers.go([(0.3, 0.4), (0.7, 0.6)], [(0.1, 0.2), (0.9, 0.8)])
    page.wait_for_url("**tradeoffs.zoom**")
    left, right, bottom, top = zoom(page, "tradeoffs")
    costs = [row["costs"]["multiply_adds"] for row in page_data(page)["rows"]]
    highs = [row["interval"][1] for row in page_data(page)["rows"]]
    lows = [row["interval"][0] for row in page_data(page)["rows"]]
    assert min(costs) < left < right < max(costs)
    assert min(lows) < bottom < top < max(highs)


def test_a_finger_that_goes_up_scrolls_the_page(open_report):
    page = open_report("7 models", **PHONE)
    fingers = Fingers(page, "#chart-losses .u-over")
    before = page.evaluate("scrollY")
    fingers.go([(0.5, 0.8)], [(0.5, 0.1)], steps=20)
    page.wait_for_function("before => scrollY > before + 50", arg=before)
    assert zoom(page, "losses") is None
