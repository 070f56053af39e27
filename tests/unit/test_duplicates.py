"""Near-duplicates: planted ones are found, and what is only alike is not one."""

import csv
import json
import os
from dataclasses import replace
from xml.etree import ElementTree

import numpy as np
import pytest
from test_metrics import LABELS, LOGITS
from test_report import content_of, rendered, write_results

from cifarlab.datasets.duplicates import (
    RATIOS,
    THRESHOLD,
    duplicate_rows,
    find_duplicates,
    summary,
)
from cifarlab.datasets.store import Dataset, Split, save_dataset
from cifarlab.datasets.synthetic import make_synthetic
from cifarlab.evaluation.subsets import read_duplicates, subset_metrics
from engine.errors import UserError
from reporting.figures.duplicate_pairs import COLUMNS, ROWS, draw
from reporting.sections.data_quality import duplicate_sentences

WITHOUT = "test_accuracy_without_duplicates_percent"


def moved(image, down, right):
    """An image moved by some pixels; what comes in at the edges is as the edge was."""
    margins = [(abs(down), abs(down)), (abs(right), abs(right)), (0, 0)]
    padded = np.pad(image, margins, mode="edge")
    top, left = abs(down) - down, abs(right) - right
    return padded[top : top + image.shape[0], left : left + image.shape[1]]


def noisy(image, deviation, seed=0):
    noise = np.random.default_rng(seed).normal(0, deviation, image.shape)
    return np.clip(image + noise, 0, 255).astype(np.uint8)


# What is done to a test image before it becomes a training image, and the kind of the pair.
PLANTED = {
    "the same": (lambda image: image, "identical"),
    "noise": (lambda image: noisy(image, 4), "exact"),
    "less contrast": (lambda image: (image * 0.6 + 50).astype(np.uint8), "near"),
    "moved": (lambda image: moved(image, 2, -3), "near"),
    "moved to the other side": (lambda image: moved(image, -3, 3), "near"),
    "mirrored": (lambda image: image[:, ::-1], "near"),
    "mirrored, moved and noise": (lambda image: noisy(moved(image[:, ::-1], 1, 2), 6), "near"),
}


@pytest.fixture(scope="module")
def planted():
    """A data set whose first training images are changed test images: the k-th of the k-th one."""
    dataset = make_synthetic(6, 1, 0)
    images = dataset.train.images.copy()
    for place, (change, _) in enumerate(PLANTED.values()):
        images[place] = change(dataset.test.images[place])
    return replace(dataset, train=Split(images, dataset.train.labels))


@pytest.fixture(scope="module")
def pairs(planted):
    return find_duplicates(planted.train.images, planted.test.images)


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_duplicate_is_found_with_its_kind(planted, pairs, name):
    place = [*PLANTED].index(name)
    rows = duplicate_rows(pairs, planted.train, planted.test, planted.fine_names)
    own = [row for row in rows if row["test_index"] == place]
    assert [(row["train_index"], row["kind"]) for row in own] == [(place, PLANTED[name][1])]
    assert own[0]["test_label"] == planted.fine_names[planted.test.labels[place]]
    assert own[0]["train_label"] == planted.fine_names[planted.train.labels[place]]


def test_nothing_else_counts_and_the_same_bytes_have_no_distance(planted, pairs):
    rows = duplicate_rows(pairs, planted.train, planted.test, planted.fine_names)
    assert {row["test_index"] for row in rows} == set(range(len(PLANTED)))
    assert (rows[0]["distance"], rows[0]["ratio"]) == (0, 0)
    # Neither has what was moved or mirrored alone; what has other pixels has one.
    assert all(0 <= row["distance"] < 0.5 for row in rows)
    assert rows[1]["distance"] > 0


def test_the_summary_counts_test_images(planted, pairs):
    found = summary(pairs, planted.train, planted.test)
    assert (found["test_images"], found["train_images"]) == (100, 600)
    assert found["with_duplicates"] == len(PLANTED)
    assert found["by_kind"] == {"identical": 1, "exact": 1, "near": 5}
    places = range(len(PLANTED))
    differ = planted.test.labels[places] != planted.train.labels[places]
    assert found["other_label"] == differ.sum()
    counts = dict(found["by_ratio"])
    assert list(counts) == list(RATIOS)
    assert counts[THRESHOLD] == len(PLANTED)
    assert [*counts.values()] == sorted(counts.values())


def test_an_image_that_is_like_many_is_a_duplicate_of_none(planted):
    train, test = planted.train.images.copy(), planted.test.images
    train[100] = noisy(test[50], 12, seed=100)
    pairs = find_duplicates(train, test)
    assert pairs.train[(pairs.test == 50) & (pairs.ratios <= THRESHOLD)].tolist() == [100]
    # Of twenty that are as far from it, none is special.
    for place in range(101, 120):
        train[place] = noisy(test[50], 12, seed=place)
    pairs = find_duplicates(train, test)
    assert all(pairs.ratios[pairs.test == 50] > THRESHOLD)
    train[120] = test[50]
    pairs = find_duplicates(train, test)
    assert pairs.train[(pairs.test == 50) & (pairs.ratios <= THRESHOLD)].tolist() == [120]


def test_an_image_may_have_several(planted):
    train = planted.train.images.copy()
    train[200], train[201] = train[0], noisy(train[0], 3)
    pairs = find_duplicates(train, planted.test.images)
    own = (pairs.test == 0) & (pairs.ratios <= THRESHOLD)
    assert pairs.train[own].tolist() == [0, 200, 201]
    assert np.array(pairs.kinds)[own].tolist() == ["identical", "identical", "exact"]
    assert summary(pairs, planted.train, planted.test)["with_duplicates"] == len(PLANTED)


def test_images_of_one_colour_are_duplicates_only_byte_by_byte():
    train = np.zeros((30, 32, 32, 3), dtype=np.uint8)
    train[:] = np.arange(30)[:, None, None, None]
    pairs = find_duplicates(train, train[:2].copy())
    assert (pairs.test.tolist(), pairs.train.tolist()) == ([0, 1], [0, 1])
    assert pairs.kinds == ["identical", "identical"]


@pytest.mark.parametrize("shape", [(28, 28), (64, 48)])
def test_images_of_other_sizes_are_compared(shape):
    generator = np.random.default_rng(0)
    blocks = generator.integers(256, size=(40, *(side // 4 for side in shape), 3), dtype=np.uint8)
    train = blocks.repeat(4, axis=1).repeat(4, axis=2)
    test = np.stack([noisy(train[7], 4), generator.integers(256, size=(*shape, 3), dtype=np.uint8)])
    pairs = find_duplicates(train, test)
    assert (pairs.test.tolist(), pairs.train.tolist()) == ([0], [7])


# --- the accuracy without them


def test_the_accuracy_is_of_the_images_that_have_none():
    # predicted 0, 3, 0, 1 of labels 0, 2, 3, 2
    assert subset_metrics(LOGITS, LABELS, np.array([1, 2]))[WITHOUT] == 50
    assert subset_metrics(LOGITS, LABELS, np.array([0]))[WITHOUT] == 0
    assert subset_metrics(LOGITS, LABELS, np.array([], dtype=int))[WITHOUT] == 25
    assert subset_metrics(LOGITS, LABELS, np.arange(4))[WITHOUT] is None
    assert subset_metrics(LOGITS, LABELS)[WITHOUT] is None


def test_a_test_image_with_several_is_left_out_once(tmp_path):
    path = tmp_path / "duplicates.csv"
    path.write_text("test_index,train_index\n7,1\n7,2\n3,9\n")
    assert read_duplicates(path).tolist() == [3, 7]
    path.write_text("index\n7\n")
    with pytest.raises(UserError, match=r"cannot read duplicates in .*; find them again"):
        read_duplicates(path)


# --- the command


def run_duplicates(run_command, folder, name, **options):
    words = ["--train", folder / "train.json", "--test", folder / "test.json"]
    words += ["--classes", folder / "classes.json", "--duplicates", folder / f"{name}.csv"]
    result = run_command("duplicates.py", *words, "--summary", folder / f"{name}.json", **options)
    assert (result.returncode, result.stderr) == (0, "")
    return (folder / f"{name}.csv").read_bytes(), (folder / f"{name}.json").read_bytes()


def test_the_command_gives_the_same_bytes_with_one_thread_and_with_two(
    tmp_path, planted, run_command
):
    save_dataset(planted, tmp_path, {"synthetic": True})
    found = [
        run_duplicates(
            run_command, tmp_path, str(n), env={**os.environ, "OPENBLAS_NUM_THREADS": str(n)}
        )
        for n in (1, 2)
    ]
    assert found[0] == found[1]
    assert len(found[0][0].splitlines()) == 1 + len(PLANTED)
    assert json.loads(found[0][1])["with_duplicates"] == len(PLANTED)


def test_without_any_the_table_has_its_head_alone(tmp_path, run_command):
    generator = np.random.default_rng(0)
    images = generator.integers(256, size=(20, 32, 32, 3), dtype=np.uint8)
    labels = np.arange(10)
    dataset = Dataset(
        Split(images[:10], labels), Split(images[10:], labels), [str(label) for label in labels]
    )
    save_dataset(dataset, tmp_path, {"synthetic": True})
    table, _ = run_duplicates(run_command, tmp_path, "found")
    assert table == b"test_index,train_index,distance,ratio,kind,test_label,train_label\n"
    assert read_duplicates(tmp_path / "found.csv").tolist() == []


# --- the report


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    return write_results(tmp_path_factory.mktemp("results") / "cifar100")


def test_the_sheet_shows_the_least_alike_of_those_that_count(results, tmp_path, planted):
    save_dataset(planted, tmp_path, {"synthetic": False})
    n = COLUMNS * ROWS + 3
    rows = [
        {
            "test_index": place,
            "train_index": place,
            "distance": 0.1,
            "ratio": 0.6 - place / 1000,
            "test_label": f"cat{place}",
            "train_label": f"dog{place}",
        }
        for place in range(n)
    ]
    # Its second nearest is no pair of its own.
    rows.append({**rows[0], "train_index": 99, "ratio": 0.601})
    with (tmp_path / "duplicates.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    svg = draw(*(tmp_path / name for name in ("duplicates.csv", "train.json", "test.json")))
    tree = ElementTree.fromstring(svg)
    texts = [element.text for element in tree.iter() if element.text]
    assert len([e for e in tree.iter() if e.tag.endswith("image")]) == 2 * COLUMNS * ROWS
    # The last one is the least alike, and the three that are most alike are left out.
    assert [text for text in texts if text.startswith("cat")][-1] == "cat0"
    assert {f"cat{place}" for place in range(n - 3, n)} & set(texts) == set()


def test_the_report_says_how_many_there_are_and_what_hangs_on_them(results):
    for text in rendered(results):
        assert "What the data hides" in text
        assert "Without these images the accuracy" not in text
    content = content_of(results)
    found = {**content.quality.duplicates, "with_duplicates": 3, "other_label": 1}
    found["by_kind"] = {"identical": 1, "exact": 0, "near": 2}
    content = replace(content, quality=replace(content.quality, duplicates=found))
    sentences = [sentence.message % sentence.values for sentence in duplicate_sentences(content)]
    assert "Of 100 test images, 3 have a near-duplicate among the 100" in sentences[0]
    assert sentences[2].startswith("The nearest training image of 1 of them has another label")
    assert "change by −0.50 to −0.50 points" in sentences[3]
