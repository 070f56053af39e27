"""The confusion matrix, the gallery and the curves over coverage draw what the files say."""

import base64
import io
import json
import re
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from test_comparison import write_run
from test_figures import SVG, texts_of
from test_report import write_data

from reporting.figures import FIGURES
from reporting.figures.confusion import (
    LEFT,
    MOST,
    RIGHT,
    SIDE,
    TOP,
    WRONG,
    confusion_svg,
    grouped,
    height,
    picture_of,
)
from reporting.figures.gallery import COLUMNS, LINES, choose, gallery_svg

# --- confusion


def pixels_of(address):
    """The picture in a data URL, uint8 [height, width, 4]."""
    data = base64.b64decode(address.partition(",")[2])
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGBA"))


def test_a_pixel_of_the_matrix_is_green_where_right_and_the_darker_the_larger_its_share():
    shares = np.array([[90.0, 10, 0], [1, 99, 0], [0, 0.2, 0]])
    pixels = pixels_of(picture_of(shares))
    colours, opacities = pixels[..., :3], pixels[..., 3].astype(int)
    assert colours[0, 0].tolist() == colours[1, 1].tolist() == list(RIGHT)
    assert colours[0, 1].tolist() == colours[1, 0].tolist() == colours[2, 1].tolist() == list(WRONG)
    assert [opacities[place] for place in ((0, 2), (1, 2), (2, 0), (2, 2))] == [0, 0, 0, 0]
    # What is there at all is seen, and by how much it grows with the logarithm.
    assert 25 < opacities[2, 1] < opacities[1, 0] < opacities[0, 1] < opacities[0, 0] <= 255
    assert pixels_of(picture_of(np.eye(3) * MOST))[0, 0].tolist() == [*RIGHT, 255]


def test_classes_stand_in_the_order_of_their_superclasses(tmp_path):
    # Classes 0 and 2 are of the second superclass, class 1 of the first, nothing of the third.
    description = {"fine_names": ["a", "b", "c"], "coarse_names": ["first", "second", "third"]}
    description["coarse_of_fine"] = [1, 0, 1]
    order, groups = grouped(description)
    assert order.tolist() == [1, 0, 2]
    assert groups == [("first", 1), ("second", 2)]
    # All images of class 0 were taken for class 2, half of those of class 1 for class 0.
    confusions = [[[0, 0, 9], [4, 4, 0], [0, 0, 5]], [[0, 0, 1], [1, 1, 0], [0, 0, 5]]]
    runs = [write_run(tmp_path, "a", seed, 50.0, confusion=c) for seed, c in enumerate(confusions)]
    (tmp_path / "classes.json").write_text(json.dumps(description))
    svg = FIGURES["confusion"].draw(runs=runs, classes=tmp_path / "classes.json")
    root = ElementTree.fromstring(svg)
    (picture,) = root.iter(f"{SVG}image")
    seen = pixels_of(picture.get("href"))[..., 3] > 0
    assert seen.astype(int).tolist() == [[1, 1, 0], [0, 0, 1], [0, 0, 1]]
    texts = texts_of(svg)
    assert texts[:4] == ["first", "first", "second", "second"]
    # The square of the two classes of one superclass is framed.
    rects = [r for r in root.iter(f"{SVG}rect") if r.get("opacity")]
    assert [float(rects[0].get(n)) for n in ("x", "width")] == pytest.approx(
        [LEFT + SIDE / 3, 2 * SIDE / 3]
    )
    assert len(rects) == 1


def test_without_superclasses_every_class_has_its_name_as_long_as_it_can_be_read():
    for n_classes, n_names in ((5, 10), (300, 0)):
        description = {"fine_names": [f"class {label}" for label in range(n_classes)]}
        order, groups = grouped(description)
        assert order.tolist() == list(range(n_classes))
        svg = confusion_svg(np.eye(n_classes) * 100, groups)
        assert sum(text.startswith("class ") for text in texts_of(svg)) == n_names
        _, _, width, depth = map(float, ElementTree.fromstring(svg).get("viewBox").split())
        assert width >= LEFT + SIDE
        assert depth >= TOP + SIDE


def test_the_scale_is_logarithmic_and_clipped():
    assert height(np.array([0.01, 0.5, 100, 200])).tolist() == [0, 0, 1, 1]
    tens = height(np.array([1.0, 10, 100]))
    assert tens[1] - tens[0] == pytest.approx(tens[2] - tens[1])


def test_a_picture_of_a_hundred_classes_is_small():
    generator = np.random.default_rng(0)
    shares = 100 * generator.dirichlet(np.full(100, 0.1), size=100)
    assert len(picture_of(np.where(shares < 0.2, 0, shares))) < 9_000


# --- gallery


def table_of(*lines):
    names = ("image", "right_runs", "disagreement_percent", "mean_confidence_percent")
    table = pd.DataFrame(lines, columns=names)
    others = {"true_class": "cat", "runs": 4, "most_frequent_class": "dog", "most_frequent_runs": 3}
    return table.assign(**others)


def test_images_are_wrong_in_all_runs_or_those_of_most_disagreement_the_confident_ones_first():
    groups = choose(
        table_of(
            (0, 0, 0.0, 60.0),
            (1, 4, 0.0, 99.0),
            (2, 0, 50.0, 80.0),
            (3, 1, 50.0, 90.0),
            (4, 2, 66.7, 10.0),
            (5, 0, 0.0, 80.0),
        )
    )
    found = {name: [line["image"] for line in lines] for name, lines in groups.items()}
    assert found == {"wrong": [2, 5, 0], "disputed": [4, 3, 2]}
    many = choose(table_of(*((image, 0, 50.0, 10.0) for image in range(100))))
    assert [len(lines) for lines in many.values()] == [COLUMNS * LINES] * 2


def test_an_image_stands_with_its_class_what_most_runs_say_and_how_many_are_right():
    images = np.random.default_rng(0).integers(0, 256, (3, 32, 32, 3), dtype=np.uint8)
    svg = gallery_svg(choose(table_of((1, 0, 0.0, 60.0), (2, 1, 50.0, 60.0))), images)
    assert texts_of(svg) == [
        *("wrong in all runs", "cat", "✗ dog 3/4", "right: 0 of 4"),
        *("highest disagreement between runs", "cat", "✗ dog 3/4", "right: 1 of 4"),
    ]
    shown = [element.get("href") for element in ElementTree.fromstring(svg).iter(f"{SVG}image")]
    differences = []
    for address, image in zip(shown, images[1:], strict=True):
        data = base64.b64decode(address.partition(",")[2])
        picture = np.asarray(Image.open(io.BytesIO(data))).astype(int)
        differences.append([np.abs(picture - other).mean() for other in (image, images[0])])
    assert all(own < other / 2 for own, other in differences)


def test_a_class_whose_name_looks_like_a_number_keeps_it(tmp_path):
    write_data(tmp_path / "data", synthetic=True)
    lines = table_of((0, 4, 0.0, 60.0), (1, 1, 50.0, 60.0))
    names = {"true_class": ["x", "007"], "most_frequent_class": ["x", "007"]}
    lines.assign(**names).iloc[1:].to_csv(tmp_path / "images.csv", index=False)
    files = {"images": tmp_path / "images.csv", "dataset": tmp_path / "data/test.json"}
    svg = FIGURES["gallery"].draw(**files)
    assert texts_of(svg)[1:] == ["007", "✓ 007 3/4", "right: 1 of 4"]


def test_no_two_pictures_of_the_gallery_overlap():
    images = np.zeros((40, 32, 32, 3), dtype=np.uint8)
    svg = gallery_svg(choose(table_of(*((image, 0, 50.0, 10.0) for image in range(40)))), images)
    root = ElementTree.fromstring(svg)
    _, _, width, depth = map(float, root.get("viewBox").split())
    places = [(float(p.get("x")), float(p.get("y"))) for p in root.iter(f"{SVG}image")]
    assert len(set(places)) == 2 * COLUMNS * LINES
    assert all(x + 100 <= width and y + 140 <= depth for x, y in places)


def test_runs_that_are_always_right_have_a_gallery_that_says_so():
    svg = gallery_svg(choose(table_of((0, 4, 0.0, 99.0))), np.zeros((1, 32, 32, 3), np.uint8))
    assert texts_of(svg) == ["All runs are right about all images."]


def test_one_run_has_no_disagreement_to_show():
    groups = choose(table_of((0, 0, float("nan"), 99.0), (1, 1, float("nan"), 99.0)))
    assert [len(lines) for lines in groups.values()] == [1, 0]


# --- coverage


def test_a_line_over_coverage_is_the_mean_of_its_seeds(tmp_path):
    runs = [write_run(tmp_path, "a", seed, accuracy) for seed, accuracy in enumerate((40, 60))]
    runs.append(write_run(tmp_path, "b", 0, 50.0))
    svg = FIGURES["coverage"].draw(runs=runs)
    # Two rows of the same mean: the same path.
    paths = re.findall(r'<path d="([^"]+)" clip-path[^>]*stroke: #(?:0072b2|d55e00)', svg)
    lines = [re.findall(r"[ML] ?(\S+) (\S+)", path) for path in paths]
    lines = [line for line in lines if len(line) > 20]
    assert len(lines) == 2
    assert lines[0] == lines[1]
    assert {"a", "b", "coverage: test images kept, %"} <= set(texts_of(svg))
