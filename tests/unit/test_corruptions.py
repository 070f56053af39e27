"""Corrupted images are what Hendrycks and Dietterich 2019 define, and the same for every model."""

import colorsys
import csv
import io
import json
import subprocess
import sys

import numpy as np
import pytest
import torch
from PIL import Image
from project import ROOT
from scipy.ndimage import gaussian_filter
from test_comparison import compared, write_run

from cifarlab.comparison.robustness import (
    corrupted_accuracies,
    read_robustness,
    tabulate_robustness,
)
from cifarlab.datasets.inputs import Images
from cifarlab.datasets.store import load_split
from cifarlab.evaluation.accuracy import top_k_accuracy
from cifarlab.evaluation.corrupting import CHUNK_IMAGES, corrupted, to_bytes
from cifarlab.evaluation.corruptions import CORRUPTIONS
from cifarlab.evaluation.prediction import predict
from cifarlab.evaluation.settings import EvaluationSettings
from cifarlab.evaluation.trained import load_trained
from cifarlab.models.families.cnn import Settings
from engine.errors import UserError
from engine.files import write_csv
from engine.settings import checked_settings
from reporting.setting_names import VALUES

# As the code that made CIFAR-10-C has them, severities 1 to 5.
LEVELS = {
    "gaussian_noise": (0.04, 0.06, 0.08, 0.09, 0.10),
    "gaussian_blur": (0.4, 0.6, 0.7, 0.8, 1),
    "brightness": (0.05, 0.1, 0.15, 0.2, 0.3),
    "contrast": (0.75, 0.5, 0.4, 0.3, 0.15),
    "jpeg": (80, 65, 58, 50, 40),
    "pixelation": (0.95, 0.9, 0.85, 0.75, 0.65),
}


@pytest.fixture
def images():
    """Smooth, noisy, black and white ones."""
    generator = np.random.default_rng(0)
    result = generator.integers(256, size=(6, 32, 32, 3), dtype=np.uint8)
    ramp = np.linspace(0, 255, 32).astype(np.uint8)
    result[0], result[1], result[2] = ramp[:, None], 0, 255
    return result


def floor(pixels):
    return (np.clip(pixels, 0, 1) * 255).astype(np.uint8)


# --- the definitions


def test_the_levels_are_those_of_cifar_10_c():
    assert {name: module.LEVELS for name, module in CORRUPTIONS.items()} == LEVELS


@pytest.mark.parametrize("severity", range(1, 6))
def test_noise_has_the_standard_deviation_of_its_level(severity):
    grey = np.full((40, 32, 32, 3), 128, dtype=np.uint8)
    noise = corrupted(grey, "gaussian_noise", CORRUPTIONS["gaussian_noise"], severity) - 127.5
    assert noise.std() == pytest.approx(255 * LEVELS["gaussian_noise"][severity - 1], rel=0.01)
    assert abs(noise.mean()) < 0.5
    # Of every pixel and channel by itself.
    assert abs(np.corrcoef(noise[..., 0].ravel(), noise[..., 1].ravel())[0, 1]) < 0.02


@pytest.mark.parametrize("level", LEVELS["gaussian_blur"])
def test_a_blur_is_scipys(images, level):
    expected = [
        gaussian_filter(image / 255, (level, level, 0), mode="nearest", truncate=4)
        for image in images
    ]
    found = CORRUPTIONS["gaussian_blur"].corrupt(images, level, None)
    assert abs(found.astype(int) - floor(np.array(expected))).max() <= 1


@pytest.mark.parametrize("level", LEVELS["brightness"])
def test_brightness_adds_to_the_value_of_hsv(images, level):
    def lighter(pixel):
        hue, saturation, value = colorsys.rgb_to_hsv(*pixel)
        return colorsys.hsv_to_rgb(hue, saturation, min(value + level, 1))

    expected = floor(np.apply_along_axis(lighter, 3, images / 255))
    found = CORRUPTIONS["brightness"].corrupt(images, level, None)
    assert abs(found.astype(int) - expected).max() <= 1
    assert (found[1] == floor(level)).all()


@pytest.mark.parametrize("level", LEVELS["contrast"])
def test_contrast_draws_every_channel_to_its_mean(images, level):
    found = CORRUPTIONS["contrast"].corrupt(images, level, None)
    for image, corrupt in zip(images / 255, found, strict=True):
        means = np.mean(image, axis=(0, 1), keepdims=True)
        np.testing.assert_array_equal(corrupt, floor((image - means) * level + means))


@pytest.mark.parametrize("quality", LEVELS["jpeg"])
def test_jpeg_is_what_pillow_reads_back(images, quality):
    found = CORRUPTIONS["jpeg"].corrupt(images, quality, None)
    for image, corrupt in zip(images, found, strict=True):
        file = io.BytesIO()
        Image.fromarray(image).save(file, "JPEG", quality=quality)
        np.testing.assert_array_equal(corrupt, np.asarray(Image.open(file)))


@pytest.mark.parametrize("level", LEVELS["pixelation"])
def test_pixelation_goes_through_a_smaller_image_with_a_box_filter(images, level):
    found = CORRUPTIONS["pixelation"].corrupt(images, level, None)
    for image, corrupt in zip(images, found, strict=True):
        side = int(32 * level)
        small = Image.fromarray(image).resize((side, side), Image.BOX)
        np.testing.assert_array_equal(corrupt, np.asarray(small.resize((32, 32), Image.BOX)))


def test_values_are_cut_off_and_rounded_down():
    pixels = np.array([-0.1, 0, 0.999, 0.5, 1, 1.1])
    assert to_bytes(pixels).tolist() == [0, 0, 254, 127, 255, 255]


# --- all of a split


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_a_higher_severity_is_farther_from_the_image(images, name):
    textured = images[[0, 3, 4, 5]]
    forms = [corrupted(textured, name, CORRUPTIONS[name], severity) for severity in range(1, 6)]
    assert all(form.dtype == np.uint8 and form.shape == textured.shape for form in forms)
    distances = [np.mean((form - textured.astype(float)) ** 2) for form in forms]
    assert distances == sorted(distances)
    assert distances[0] > 0


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_an_image_is_corrupted_in_the_same_way_however_many_come_after_it(images, name):
    some = np.concatenate([images] * (1 + CHUNK_IMAGES // len(images)))
    form = corrupted(some, name, CORRUPTIONS[name], 3)
    np.testing.assert_array_equal(form, corrupted(some, name, CORRUPTIONS[name], 3))
    np.testing.assert_array_equal(form[:4], corrupted(some[:4], name, CORRUPTIONS[name], 3))


def test_noise_differs_from_image_to_image_and_from_severity_to_severity():
    grey = np.full((2 * CHUNK_IMAGES, 2, 2, 3), 128, dtype=np.uint8)
    noise = [corrupted(grey, "gaussian_noise", CORRUPTIONS["gaussian_noise"], s) for s in (4, 5)]
    assert len(np.unique(noise[0].reshape(len(grey), -1), axis=0)) > 0.99 * len(grey)
    signs = [np.sign(form.astype(int) - 127).ravel() for form in noise]
    assert abs(np.corrcoef(signs)[0, 1]) < 0.05


def test_an_unknown_kind_and_one_that_is_named_twice_are_refused():
    assert checked_settings(EvaluationSettings, {}).corruptions == []
    with pytest.raises(UserError, match=r"corruptions.*'gaussian_blur'"):
        checked_settings(EvaluationSettings, {"corruptions": ["fog"]})
    with pytest.raises(UserError, match="should name each once, found jpeg again"):
        checked_settings(EvaluationSettings, {"corruptions": ["jpeg", "contrast", "jpeg"]})


def test_every_kind_has_a_name_for_people():
    assert set(CORRUPTIONS) <= set(VALUES)


# --- the command, and the comparison


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A folder with a small data set and weights that never saw it."""
    folder = tmp_path_factory.mktemp("trained")
    words = [sys.executable, ROOT / "scripts/data.py", "--manifest", folder / "manifest.json"]
    words += ["synthetic", "--train-per-class", "1", "--test-per-class", "2"]
    subprocess.run([str(word) for word in words], check=True, timeout=60)
    recipe = {"epochs": 3, "batch_size": 32, "optimizer": {"name": "adam", "learning_rate": 0.01}}
    words = [sys.executable, ROOT / "scripts/train.py", "--dataset", folder / "train.json"]
    words += ["--seed", 0, "--recipe", json.dumps(recipe), "--device", "cpu"]
    words += ["--model", json.dumps({"family": "cnn", "blocks": 2})]
    words += ["--weights", folder / "w.safetensors", "--history", folder / "history.csv"]
    words += ["--epochs", folder / "epochs.csv", "--training", folder / "training.json"]
    subprocess.run([str(word) for word in words], check=True, timeout=120)
    return folder


def run_robustness(run_command, folder, path, *kinds, batch_size=64):
    return run_command(
        *(
            "robustness.py",
            "--dataset",
            folder / "test.json",
            "--weights",
            folder / "w.safetensors",
        ),
        *("--model", json.dumps({"family": "cnn", "blocks": 2}), "--device", "cpu"),
        *("--corruptions", *kinds, "--robustness", path),
    )


def test_the_command_measures_every_kind_at_every_severity_the_same_each_time(
    trained, tmp_path, run_command
):
    for name in ("first", "again"):
        result = run_robustness(run_command, trained, tmp_path / name, "contrast", "gaussian_noise")
        assert result.returncode == 0, result.stderr
    assert (tmp_path / "first").read_bytes() == (tmp_path / "again").read_bytes()
    with (tmp_path / "first").open() as file:
        rows = list(csv.DictReader(file))
    assert [(row["corruption"], row["severity"]) for row in rows] == [
        (kind, str(severity)) for kind in ("contrast", "gaussian_noise") for severity in range(1, 6)
    ]
    percents = [float(row["test_accuracy_percent"]) for row in rows]
    assert all(0 <= percent <= 100 for percent in percents)
    assert len(set(percents)) > 1


def test_the_command_sees_the_corrupted_images(trained, tmp_path, run_command):
    path = tmp_path / "robustness.csv"
    assert run_robustness(run_command, trained, path, "jpeg").returncode == 0
    split = load_split(trained / "test.json")
    settings = Settings(family="cnn", blocks=2)
    model, inputs = load_trained(settings, 100, trained / "w.safetensors", torch.device("cpu"))
    form = corrupted(split.images, "jpeg", CORRUPTIONS["jpeg"], 5)
    logits = predict(model, Images(form, inputs, torch.device("cpu")), 64)
    expected = 100 * top_k_accuracy(logits, split.labels, 1)
    last = path.read_text().splitlines()[-1].split(",")
    assert (last[0], last[1], float(last[2])) == ("jpeg", "5", pytest.approx(expected))


def measured(results, model, seed, *accuracies):
    """A run's folder with a robustness.csv of one kind, and that file."""
    folder = write_run(results, model, seed, 40.0)
    rows = [
        {"corruption": "jpeg", "severity": severity, "test_accuracy_percent": accuracy}
        for severity, accuracy in enumerate(accuracies, 1)
    ]
    write_csv(folder / "robustness.csv", rows)
    return folder / "robustness.csv"


def test_a_row_has_the_mean_over_seeds_of_every_severity(tmp_path):
    files = [measured(tmp_path, "a", 0, 30.0, 20.0), measured(tmp_path, "a", 1, 40.0, 10.0)]
    files.append(measured(tmp_path, "b", 0, 50.0, 40.0))
    tables = read_robustness(files)
    assert tabulate_robustness(tables).to_numpy().tolist() == [
        ["a", "r", "jpeg", 1, 35.0],
        ["a", "r", "jpeg", 2, 15.0],
        ["b", "r", "jpeg", 1, 50.0],
        ["b", "r", "jpeg", 2, 40.0],
    ]
    folders = [path.parent for path in files]
    runs, comparison = compared(*folders, corrupted=corrupted_accuracies(tables))
    assert runs["corrupted_accuracy_percent"].tolist() == [25, 25, 45]
    assert comparison["corrupted_accuracy_percent"].tolist() == [25, 45]


def test_where_it_was_not_measured_there_is_no_row_and_the_column_is_empty(tmp_path):
    # A file of an earlier configuration may lie there.
    path = measured(tmp_path, "a", 0, 30.0)
    assert tabulate_robustness({}).empty
    _, comparison = compared(path.parent)
    assert comparison["corrupted_accuracy_percent"].isna().all()
