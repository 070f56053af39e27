"""Contact sheets: training images before and after a recipe's augmentations, in the report."""

import json
from dataclasses import replace
from xml.etree import ElementTree

import numpy as np
import pytest
from test_figures import SVG, texts_of
from test_report import TEMPLATES, content_of, language, write_results

from cifarlab.datasets.store import Dataset, Split, load_split, save_dataset
from cifarlab.training.contact_sheet import BATCH_SIZE, N_IMAGES, Augmentations, contact_sheet
from engine.settings import checked_settings
from reporting.figures.contact_sheet import sheet_svg
from reporting.figures.examples import picture
from reporting.render import render
from reporting.trainings import augmented

N_TRAIN = 60


def split(n=N_TRAIN):
    pixels = np.random.default_rng(0).integers(1, 256, (n, 8, 8, 3), dtype=np.uint8)
    return Split(pixels, np.arange(n) % 5)


def sheet_of(*augmentations, images=None):
    return contact_sheet(images or split(), checked_settings(Augmentations, [*augmentations]))


def test_the_same_images_are_drawn_each_time_and_each_once():
    first, second = (sheet_of("trivial_augment") for _ in range(2))
    for name in ("before", "after", "shares"):
        np.testing.assert_array_equal(first[name], second[name])
    known = [image.tobytes() for image in split().images]
    places = [known.index(image.tobytes()) for image in first["before"]]
    assert len(set(places)) == N_IMAGES == 32
    assert places != sorted(places)
    assert sheet_of("flip")["before"].tobytes() == first["before"].tobytes()


def test_after_is_what_the_augmentations_make_one_after_the_other():
    sheet = sheet_of("flip", {"name": "padded_crop", "pixels": 2})
    before, after = sheet["before"], sheet["after"]
    assert (after.shape, after.dtype) == (before.shape, np.uint8)
    padded = np.pad(before, ((0, 0), (2, 2), (2, 2), (0, 0)))
    found = set()
    for image, changed in zip(padded, after, strict=True):
        [(is_mirrored, *_)] = [
            (flip, top, left)
            for flip, one in ((False, image), (True, image[:, ::-1]))
            for top in range(5)
            for left in range(5)
            if np.array_equal(one[top : top + 8, left : left + 8], changed)
        ]
        found.add(is_mirrored)
    assert found == {False, True}
    assert sheet["shares"].tolist() == [1.0] * N_IMAGES


def test_mixed_images_have_the_share_of_each_batch_and_the_image_before():
    sheet = sheet_of({"name": "mixup", "alpha": 1.0})
    shares = sheet["shares"].reshape(-1, BATCH_SIZE)
    assert len(np.unique(shares)) == N_IMAGES // BATCH_SIZE
    batches = sheet["before"].reshape(-1, BATCH_SIZE, 8, 8, 3).astype(float)
    share = shares[..., None, None, None]
    expected = share * batches + (1 - share) * np.roll(batches, 1, axis=1)
    assert np.abs(sheet["after"].reshape(batches.shape) - expected).max() <= 0.51


def test_a_split_of_few_images_has_a_sheet_of_few():
    sheet = sheet_of("flip", {"name": "cutmix", "alpha": 1.0}, images=split(5))
    assert {name: len(array) for name, array in sheet.items()} == {
        **dict.fromkeys(("before", "after", "shares"), 5)
    }
    assert 0 < len([*ElementTree.fromstring(sheet_svg(**sheet)).iter(f"{SVG}image")]) == 10


def test_the_drawing_has_each_image_above_what_became_of_it():
    sheet = sheet_of({"name": "mixup", "alpha": 1.0})
    svg = sheet_svg(**sheet)
    root = ElementTree.fromstring(svg)
    places = {}
    for image in root.iter(f"{SVG}image"):
        places.setdefault(float(image.get("x")), []).append((float(image.get("y")), image))
    assert len(places) == 16
    shown = [[image.get("href") for _, image in sorted(column)] for column in places.values()]
    for number in range(16):
        expected = [
            picture(sheet[name][at]) for at in (number, number + 16) for name in ("before", "after")
        ]
        assert shown[number] == expected
    texts = texts_of(svg)
    assert texts.count("before") == texts.count("after") == 2
    assert sum(text.endswith(" %") for text in texts) == N_IMAGES
    assert not any("%" in text for text in texts_of(sheet_svg(**sheet_of("flip"))))


def test_recipes_with_the_same_augmentations_share_a_sheet():
    flip, crop = ["flip"], ["flip", {"name": "padded_crop", "pixels": 4}]
    recipes = {"plain": {}, "a": {"augmentations": crop}, "b": {"augmentations": flip}}
    recipes |= {"c": {"augmentations": [crop[0], dict(reversed(crop[1].items()))]}}
    found = augmented({**recipes, "none": {"augmentations": []}})
    assert {name: one.recipes for name, one in found.items()} == {"a": ["a", "c"], "b": ["b"]}
    assert found["b"].augmentations == flip


def test_the_command_writes_what_the_figure_draws(tmp_path, run_command):
    folder = tmp_path / "synthetic"
    (folder / "data").mkdir(parents=True)
    save_dataset(Dataset(split(), split(), list("abcde")), folder / "data", {"synthetic": True})
    sheet, svg = folder / "augmented/r.npz", folder / "figures/contact_sheet.r.svg"
    words = ["augment.py", "--dataset", folder / "data/train.json", "--sheet", sheet]
    result = run_command(*words, "--augmentations", '["flip"]', "--record", tmp_path / "r.json")
    assert (result.returncode, result.stderr) == (0, "")
    expected = sheet_of("flip", images=load_split(folder / "data/train.json"))
    with np.load(sheet) as file:
        for name, array in expected.items():
            np.testing.assert_array_equal(file[name], array)
    code = json.loads((tmp_path / "r.json").read_text())["code"]
    assert {name for name in code if ".augmentations." in name} == {
        *(name for name in code if name.endswith(".flip")),
    }
    result = run_command("figure.py", "contact_sheet", "--files", sheet, "--figure", svg)
    assert (result.returncode, result.stderr) == (0, "")
    assert svg.read_text().count("<image") == 2 * N_IMAGES


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('["flap"]', "'flap'"),
        ('[{"name": "cutout"}]', "pixels: missing"),
        ("flip", "expected settings as JSON"),
    ],
)
def test_augmentations_that_are_none_are_one_line(tmp_path, run_command, text, words):
    sheet = tmp_path / "sheet.npz"
    result = run_command(
        "augment.py", "--dataset", tmp_path / "t.json", "--sheet", sheet, "--augmentations", text
    )
    assert result.returncode == 1
    assert words in result.stderr
    assert "Traceback" not in result.stderr
    assert not sheet.exists()


def test_a_file_that_is_no_sheet_is_one_line(tmp_path, run_command):
    (tmp_path / "sheet.npz").write_text("no")
    result = run_command(
        *("figure.py", "contact_sheet", "--files", tmp_path / "sheet.npz"),
        *("--figure", tmp_path / "f.svg"),
    )
    assert (result.returncode, result.stderr.count("\n")) == (1, 1)
    assert "augment again" in result.stderr


def test_the_report_shows_the_sheet_with_the_recipes_that_it_is_of(tmp_path):
    folder = write_results(tmp_path / "cifar100")
    augmentations = ["flip", {"name": "cutout", "pixels": 8}]
    content = content_of(folder)
    [one] = augmented({name: {"augmentations": augmentations} for name in ("r", "s")}).values()
    figures = {**content.figures, "contact_sheet.r": sheet_svg(**sheet_of("flip"))}
    content = replace(content, augmented={"r": one}, figures=figures)
    html, markdown = render(content, TEMPLATES, language())
    for page in (html, markdown):
        assert "Recipes: r, s." in page
        assert "augmented/r.npz" in page
    assert "horizontal flip, Cutout (pixels: 8)" in markdown
    assert "](figures.en/contact_sheet.r.svg)" in markdown
    # Examples, the gallery, a confusion matrix, the sheet before and after.
    assert html.count("<image") == 4 * 6 + 2 * 12 + 1 + 2 * N_IMAGES
    for page in render(content_of(folder), TEMPLATES, language()):
        assert "Recipes: r" not in page
