"""The comparison: means, deviations and intervals, classes, and a verdict on what was published."""

import csv
import json

import numpy as np
import pandas as pd
import pytest
import yaml
from project import ROOT

from cifarlab.comparison.columns import COLUMNS
from cifarlab.comparison.correctness import read_correctness
from cifarlab.comparison.images import DOUBTFUL_COLUMNS, doubtful_labels, tabulate_images
from cifarlab.comparison.pairs import tabulate_pairs
from cifarlab.comparison.published import (
    NO_BEARING,
    NO_BEARING_OF_MODELS,
    QUANTITIES,
    VERDICT_COLUMNS,
    comparable_part,
    published_beside,
    read_published,
    verdicts,
)
from cifarlab.comparison.results import RunFolder
from cifarlab.comparison.statistics import wilson_interval
from cifarlab.comparison.tables import (
    compare,
    tabulate_classes,
    tabulate_confusions,
    tabulate_runs,
    tabulate_superclasses,
)
from cifarlab.comparison.trials import trials
from cifarlab.configuration import read_configuration, run_table
from cifarlab.models.families import FAMILIES, torchvision
from cifarlab.training.recipes import Recipe
from engine.errors import UserError
from engine.files import write_csv

# Of the images that the published results are of.
CIFAR100_SHA256 = read_published(ROOT / "config/published.csv")["images_sha256"].unique().item()
OTHER_SHA256 = "0" * 64
COST = {
    "total_params": 10,
    "total_size_mb": 1.5,
    "size_convention": "activations-x2-MiB-batch64",
    "weights_mb": 0.9,
    "multiply_adds": 4_700_000,
    "latency_median_ms": 1.25,
    "latency_p95_ms": 1.5,
    "throughput_images_per_second": 2000.0,
    "throughput_spread_percent": 1.5,
    "structure": {
        "name": "",
        "kind": "Linear",
        "output_shape": [100],
        "kernel_size": None,
        "parameters": 10,
        "children": [],
        "input_shape": [3, 32, 32],
    },
    "memory": {
        "r": {
            "batch_size": 64,
            "micro_batch": 64,
            "train_step_seconds": 0.02,
            "train_step_peak_mb": 900.0,
            "test_batch_peak_mb": 700.0,
            "unmeasured": {},
        }
    },
    "unmeasured": {},
    "device": "cpu",
    "device_name": "A <processor> & more",
    "threads": 2,
}
COSTS = {"b": COST, "a": {**COST, "total_params": 20}}
# As a training records them.
SETTINGS = {
    "family": "cnn",
    "blocks": 2,
    "weights": "none",
    "input_size": 32,
    "normalize": "auto",
    "head": None,
    "size_convention": "activations-x2-MiB-batch64",
}


N_CLASSES, IMAGES_PER_CLASS = 100, 100


def confusion_of(accuracy):
    """Counts of 100 classes of 100 images each, `accuracy` percent of them right, evenly."""
    n_right = round(accuracy / 100 * N_CLASSES * IMAGES_PER_CLASS)
    right = np.full(N_CLASSES, n_right // N_CLASSES)
    right[: n_right % N_CLASSES] += 1
    counts = np.diag(right)
    labels = np.arange(N_CLASSES)
    counts[labels, (labels + 1) % N_CLASSES] = IMAGES_PER_CLASS - right
    return counts


def curve_of(accuracy):
    """A risk-coverage curve of a model with this accuracy in percent."""
    shares = range(1, 101)
    errors = [(100 - accuracy) * share / 100 for share in shares]
    return {"coverage_percent": [*shares], "error_percent": errors}


def write_run(results, model, seed, accuracy, recipe="r", epochs=5, **others):
    """The files of one run that the comparison and the report read, with this accuracy in percent.

    others: confusion, counts instead of `confusion_of`; settings, of the model;
    superclass_accuracy_percent, errors_in_superclass_percent, None without superclasses;
    validation, the share held out; changed_recipe, keys of it; and keys of the training's record.
    """
    folder = results / "runs" / model / recipe / f"seed-{seed}"
    folder.mkdir(parents=True)
    validation = others.pop("validation", 0.0)
    confusion = np.asarray(others.pop("confusion", confusion_of(accuracy)))
    metrics = {
        "test_images": int(confusion.sum()),
        "test_accuracy_percent": accuracy,
        "top5_accuracy_percent": accuracy + 10,
        "superclass_accuracy_percent": others.pop("superclass_accuracy_percent", accuracy + 5),
        "test_loss": 2.0,
        "test_accuracy_with_flips_percent": others.pop("with_flips", None),
        "test_accuracy_without_duplicates_percent": accuracy - 0.5,
        "test_accuracy_by_corrected_labels_percent": others.pop("by_corrected_labels", None),
        "brier_score": 0.75,
        "calibration_error_percent": 6.25,
        "temperature": 1.5 if validation else None,
        "scaled_calibration_error_percent": 2.5 if validation else None,
        "errors_in_superclass_percent": others.pop("errors_in_superclass_percent", 21.5),
        "risk_coverage_area_percent": 37.75,
        "risk_coverage": curve_of(accuracy),
        "confusion": confusion.tolist(),
    }
    steps = 2 * epochs
    training = {
        "validation_images": round(50_000 * validation),
        "model": others.pop("settings", SETTINGS),
        "recipe": {
            "epochs": epochs,
            "batch_size": 64,
            "optimizer": {"name": "adam", "learning_rate": 0.001, "weight_decay": 0.0},
            "schedule": "constant",
            "warm_up": 0.0,
            "precision": "torch_default",
            "loss": "cross_entropy",
            "validation": validation,
            "deterministic": False,
            "max_steps": None,
            **others.pop("changed_recipe", {}),
        },
        "initial_weights": None,
        "inputs": {"size": 32},
        "seed": seed,
        "dataset_sha256": {"train_images.npy": "a" * 64, "train_labels.npy": "b" * 64},
        "min_loss": 1.0 + seed,
        "final_loss": 1.5,
        "train_seconds": 60.0,
        "parts": [{"steps": steps, "seconds": 60.0}],
        "images_per_second": 1000.0,
        "peak_memory_mb": 900.0,
        "steps": steps,
        "weights_epoch": epochs,
        "validation_accuracy_percent": 31.5 if validation else None,
        "device": "cpu",
        "device_name": "A <processor> & more",
        "driver": None,
        "cpu": "A <processor> & more",
        "threads": 2,
        "versions": {"torch": "2.14.1"},
        "source": {"commit": "c0ffee" * 6 + "c0ff", "dirty": False},
        "started_at": "2026-01-02T03:04:05.000+00:00",
        "ended_at": "2026-01-02T03:05:06.000+00:00",
        **others,
    }
    (folder / "metrics.json").write_text(json.dumps(metrics))
    (folder / "training.json").write_text(json.dumps(training))
    labels = np.repeat(np.arange(len(confusion)), confusion.sum(axis=1))
    of_run = [seed, *model.encode(), *recipe.encode()]
    write_tested(folder / "predictions.npz", labels, accuracy, of_run)
    history = [
        {"step": n + 1, "loss": 3.5 - 2 * n / steps, "learning_rate": 0.001} for n in range(steps)
    ]
    write_csv(folder / "history.csv", history)
    measured = (2.25, 31.5) if validation else (None, None)
    rows = [
        {
            "epoch": epoch + 1,
            "mean_loss": 2.5,
            "learning_rate": 0.001,
            "seconds": 60 / epochs,
            "images_per_second": 1000.0,
            "validation_loss": measured[0],
            "validation_accuracy_percent": measured[1],
        }
        for epoch in range(epochs)
    ]
    write_csv(folder / "epochs.csv", rows)
    return folder


def write_predictions(path, labels, n_classes=N_CLASSES, seed=0):
    """Logits for every image; every second one is right, wrong ones are others with each seed."""
    wrong = (labels + 1 + seed) % n_classes
    predicted = np.where(np.arange(len(labels)) % 2, labels, wrong)
    logits = np.random.default_rng(0).normal(size=(len(labels), n_classes)).astype(np.float32)
    logits[np.arange(len(labels)), predicted] += 20
    np.savez(path, logits=logits, labels=labels)


def write_tested(path, labels, accuracy, seed):
    """A predictions.npz in which `accuracy` percent of the images, drawn at random, are right."""
    n_classes = labels.max() + 1
    is_right = np.random.default_rng(seed).permutation(len(labels)) < accuracy * len(labels) / 100
    logits = np.zeros((len(labels), n_classes), dtype=np.float32)
    logits[np.arange(len(labels)), np.where(is_right, labels, (labels + 1) % n_classes)] = 1
    np.savez(path, logits=logits, labels=labels)


TABLES = (
    *("runs", "comparison", "pairwise", "published", "verdicts", "claims", "classes"),
    *("confusions", "superclasses", "images", "doubtful_labels", "robustness"),
)


def write_manifest(path, class_names, images_sha256=CIFAR100_SHA256):
    """The parts of a data set's manifest.json that the comparison reads."""
    manifest = {"source": {"synthetic": False}, "images_sha256": images_sha256}
    path.write_text(json.dumps({**manifest, "fine_names": class_names}))


def run_compare(run_command, folder, runs, costs, manifest):
    """Run compare.py on files; its result, and the paths of its tables by name."""
    tables = {name: folder / f"{name}.csv" for name in TABLES}
    result = run_command(
        *("compare.py", "--runs", *runs, "--costs", *costs, "--dataset", manifest),
        *("--published", ROOT / "config/published.csv", "--runs-csv", tables["runs"]),
        *("--comparison", tables["comparison"], "--pairwise", tables["pairwise"]),
        *("--published-beside", tables["published"]),
        *("--verdicts", tables["verdicts"], "--claims", tables["claims"]),
        *("--classes", tables["classes"], "--confusions", tables["confusions"]),
        *("--superclasses", tables["superclasses"], "--images", tables["images"]),
        *("--doubtful-labels", tables["doubtful_labels"], "--robustness", tables["robustness"]),
    )
    return result, tables


def test_a_row_is_the_mean_over_its_seeds_with_the_sample_deviation(tmp_path):
    folders = [
        write_run(tmp_path, "b", 0, 40.0),
        write_run(tmp_path, "b", 1, 43.0),
        write_run(tmp_path, "a", 0, 50.0),
    ]
    runs, comparison = compared(*folders)
    assert runs[["model", "recipe", "seed"]].to_numpy().tolist() == [
        ["b", "r", 0],
        ["b", "r", 1],
        ["a", "r", 0],
    ]
    assert list(comparison.columns) == [*COLUMNS]
    first, second = comparison.to_dict("records")
    assert (first["model"], first["seeds"], first["total_params"]) == ("b", 2, 10)
    assert first["test_accuracy_percent"] == 41.5
    assert first["test_accuracy_std"] == pytest.approx(np.sqrt(2 * 1.5**2 / 1))
    assert first["min_loss"] == 1.5
    assert (second["model"], second["seeds"]) == ("a", 1)
    assert np.isnan(second["test_accuracy_std"])


def test_without_superclasses_their_accuracy_stays_empty(tmp_path):
    folder = write_run(tmp_path, "a", 0, 40.0)
    metrics = json.loads((folder / "metrics.json").read_text())
    metrics["superclass_accuracy_percent"] = None
    (folder / "metrics.json").write_text(json.dumps(metrics))
    (row,) = compared(folder)[1].to_dict("records")
    assert np.isnan(row["superclass_accuracy_percent"])
    assert row["test_accuracy_percent"] == 40.0


def test_an_integer_stays_one_beside_a_cost_that_could_not_be_measured(tmp_path):
    folders = [write_run(tmp_path, name, 0, 40.0) for name in ("a", "b")]
    costs = {**COSTS, "a": {**COST, "multiply_adds": None}}
    _, comparison = compared(*folders, costs=costs)
    comparison.to_csv(tmp_path / "comparison.csv", index=False)
    with (tmp_path / "comparison.csv").open() as file:
        assert [row["multiply_adds"] for row in csv.DictReader(file)] == ["", "4700000"]


def test_a_folder_that_is_no_run_is_named(tmp_path):
    with pytest.raises(UserError, match="seed-<n>"):
        RunFolder(tmp_path / "runs/a/r/first")


def test_the_command_writes_plain_numbers_and_leaves_unknown_ones_empty(tmp_path, run_command):
    folder = write_run(tmp_path, "a", 0, 43.75)
    (tmp_path / "a.json").write_text(json.dumps({**COST, "total_params": 1_234_567}))
    write_manifest(tmp_path / "manifest.json", ["x"] * N_CLASSES)
    result, tables = run_compare(
        run_command, tmp_path, [folder], [tmp_path / "a.json"], tmp_path / "manifest.json"
    )
    assert (result.returncode, result.stderr) == (0, "")
    row = tables["comparison"].read_text().splitlines()[1]
    assert row.startswith("a,r,1,1234567,1.5,1.0,1.5,43.75,,60.0,activations-")
    assert len(tables["classes"].read_text().splitlines()) == 1 + N_CLASSES
    assert "cnn_2,,test_accuracy_percent,39.75,,,,not_run" in tables["verdicts"].read_text()


def compared(*folders, costs=COSTS, corrupted=None):
    folders = [RunFolder(folder) for folder in folders]
    runs, rows = tabulate_runs(folders, corrupted), read_correctness(folders)
    trial_rows = trials(folders, rows)
    pairs = tabulate_pairs({row: rows[row] for row in rows if row not in trial_rows})
    return runs, compare(runs, costs, rows, pairs, trial_rows)


def test_with_one_seed_an_accuracy_has_the_interval_of_its_test_images(tmp_path):
    accuracies = {"a": 50.0, "b": 40.0, "c": 49.5}
    folders = [write_run(tmp_path, name, 0, value) for name, value in accuracies.items()]
    _, comparison = compared(*folders, costs=dict.fromkeys(accuracies, COST))
    for row in comparison.itertuples():
        low, high = wilson_interval(row.test_accuracy_percent / 100, row.test_images)
        assert row.test_accuracy_low_percent == pytest.approx(100 * low)
        assert row.test_accuracy_high_percent == pytest.approx(100 * high)
    assert comparison["interval_covers"].tolist() == ["images"] * 3
    # a and c cannot be told apart, b is certainly worse than both.
    assert comparison[["rank_low", "rank_high"]].to_numpy().tolist() == [[1, 2], [3, 3], [1, 2]]


def test_a_trial_run_has_no_rank_and_ranks_stay_whole_numbers(tmp_path):
    accuracies = {"a": 50.0, "b": 60.0, "c": 40.0}
    ended = {"b": "max_steps"}
    folders = [
        write_run(tmp_path, name, 0, value, ended_by=ended.get(name, "epochs"))
        for name, value in accuracies.items()
    ]
    _, comparison = compared(*folders, costs=dict.fromkeys(accuracies, COST))
    comparison.to_csv(tmp_path / "comparison.csv", index=False)
    with (tmp_path / "comparison.csv").open() as file:
        found = [(row["rank_low"], row["rank_high"], row["trial"]) for row in csv.DictReader(file)]
    assert found == [("1", "1", ""), ("", "", "max_steps"), ("2", "2", "")]


def test_with_several_seeds_the_interval_covers_them_too(tmp_path):
    folders = [write_run(tmp_path, "a", seed, 40.0 + 2 * seed) for seed in range(3)]
    (row,) = compared(*folders, costs={"a": COST})[1].to_dict("records")
    assert row["interval_covers"] == "images and seeds"
    # Student's of three values that are 2 points apart: 42 ± 4.303 × 2 / √3, and the images'.
    low, high = row["test_accuracy_low_percent"], row["test_accuracy_high_percent"]
    assert (low, high) == pytest.approx((42 - 4.97, 42 + 4.97), abs=0.3)


def test_runs_on_other_test_images_are_not_compared(tmp_path):
    folders = [write_run(tmp_path, "a", 0, 40.0)]
    folders.append(write_run(tmp_path, "few", 0, 40.0, confusion=[[2, 3], [3, 2]]))
    with pytest.raises(UserError, match="expected the same test images in every run"):
        compared(*folders, costs={"a": COST, "few": COST})


# --- classes

NAMES = ["cat", "dog", "eel"]
# True classes in rows: of two seeds, the same ten images of a cat and of a dog and none of an eel.
CONFUSIONS = [[[6, 4, 0], [1, 7, 2], [0, 0, 0]], [[9, 0, 1], [3, 7, 0], [0, 0, 0]]]


@pytest.fixture
def two_seeds(tmp_path):
    return [
        RunFolder(write_run(tmp_path, "a", seed, 65.0, confusion=confusion))
        for seed, confusion in enumerate(CONFUSIONS)
    ]


def test_the_accuracy_of_a_class_is_the_mean_over_seeds_and_empty_without_images(two_seeds):
    table = tabulate_classes(two_seeds, NAMES)
    assert table[["model", "recipe", "class", "test_images"]].to_numpy().tolist() == [
        ["a", "r", "cat", 10],
        ["a", "r", "dog", 10],
        ["a", "r", "eel", 0],
    ]
    assert table["test_accuracy_percent"].tolist()[:2] == [75, 70]
    assert table["test_accuracy_percent"].isna().tolist() == [False, False, True]


def test_the_precision_of_a_class_is_of_the_images_that_any_seed_took_for_it(two_seeds):
    precisions = tabulate_classes(two_seeds, NAMES)["precision_percent"].tolist()
    # Taken for a cat: 15 cats and 4 dogs; for a dog: 14 and 4 cats; for an eel: nothing that is.
    assert precisions == pytest.approx([100 * 15 / 19, 100 * 14 / 18, 0])


def test_superclasses_are_counted_over_their_classes_and_all_seeds(two_seeds):
    table = tabulate_superclasses(two_seeds, ["pet", "fish"], [0, 0, 1])
    assert table.iloc[:, 2:5].to_numpy().tolist() == [
        ["pet", "pet", 37],
        ["pet", "fish", 3],
        ["fish", "pet", 0],
        ["fish", "fish", 0],
    ]
    assert table["share_percent"].tolist()[:2] == [92.5, 7.5]
    # There is no image of an eel.
    assert table["share_percent"].isna().tolist() == [False, False, True, True]


def test_classes_without_superclasses_have_no_table_of_them(two_seeds):
    table = tabulate_superclasses(two_seeds, None, None)
    assert len(table) == 0
    assert "share_percent" in table


# --- images


def voting(tmp_path, votes, labels, confidence=0.5):
    """Runs whose predicted classes are `votes`, a list a run, each with this confidence."""
    runs = []
    for seed, predicted in enumerate(votes):
        folder = write_run(tmp_path, "a", seed, 50.0, confusion=np.eye(3, dtype=int))
        logits = np.full((len(predicted), 3), np.log((1 - confidence) / 2), dtype=np.float32)
        logits[np.arange(len(predicted)), predicted] = np.log(confidence)
        np.savez(folder / "predictions.npz", logits=logits, labels=np.array(labels))
        runs.append(RunFolder(folder))
    return runs


def test_an_image_has_its_right_runs_what_most_say_and_how_many_pairs_disagree(tmp_path):
    votes = [[0, 1, 2], [0, 1, 1], [0, 1, 0], [0, 2, 2]]
    table = tabulate_images(voting(tmp_path, votes, [0, 2, 2]), NAMES)
    assert table.drop(columns=[*table.columns[-2:]]).to_numpy().tolist() == [
        [0, "cat", 4, 4, "cat", 4],
        [1, "eel", 4, 1, "dog", 3],
        [2, "eel", 4, 2, "eel", 2],
    ]
    # Of six pairs: none; those of the last run; all but one.
    disagreement = table["disagreement_percent"].tolist()
    assert disagreement == pytest.approx([0, 100 * 3 / 6, 100 * 5 / 6])
    assert table["mean_confidence_percent"].tolist() == pytest.approx([50, 50, 50])


def test_one_run_disagrees_with_nobody_and_no_run_has_no_images(tmp_path):
    table = tabulate_images(voting(tmp_path, [[0, 1]], [0, 0], confidence=0.8), NAMES)
    assert table["disagreement_percent"].isna().all()
    assert table["mean_confidence_percent"].tolist() == pytest.approx([80, 80])
    assert list(tabulate_images([], NAMES)) == list(table)


def test_other_test_images_in_one_run_are_a_fault_that_names_it(tmp_path):
    runs = voting(tmp_path, [[0, 1], [0, 1]], [0, 0])
    path = runs[1].path / "predictions.npz"
    logits, labels = np.zeros((2, 3), dtype=np.float32), np.array([0, 1])
    for wrong in (
        {"logits": logits, "labels": labels},
        {"logits": logits[:, :2], "labels": [0, 0]},
    ):
        np.savez(path, **wrong)
        with pytest.raises(UserError, match=r"the same test images .*/seed-1/pred.*; evaluate"):
            tabulate_images(runs, NAMES)


def test_a_label_is_doubtful_where_all_runs_agree_on_another_class_the_surest_first(tmp_path):
    # All are right; all agree, less and more surely; one has the label; two say different things.
    votes = [[0, 1, 0, 1, 1], [0, 1, 0, 0, 2]]
    runs = voting(tmp_path, votes, [0, 2, 1, 0, 0])
    for run in runs:
        path = run.path / "predictions.npz"
        with np.load(path) as file:
            logits, labels = file["logits"], file["labels"]
        logits[2, 0] += 1
        np.savez(path, logits=logits, labels=labels)
    table = doubtful_labels(tabulate_images(runs, NAMES))
    sure = 100 * np.e / (np.e + 1)
    assert table.drop(columns="mean_confidence_percent").to_numpy().tolist() == [
        [2, "dog", "cat", 2],
        [1, "eel", "dog", 2],
    ]
    assert table["mean_confidence_percent"].tolist() == pytest.approx([sure, 50])


def test_one_run_alone_and_none_doubt_no_label(tmp_path):
    alone = doubtful_labels(tabulate_images(voting(tmp_path, [[1, 0]], [0, 1]), NAMES))
    none = doubtful_labels(tabulate_images([], NAMES))
    assert (alone.empty, none.empty) == (True, True)
    assert list(alone) == list(none) == DOUBTFUL_COLUMNS


def test_trial_runs_say_nothing_of_an_image_but_where_there_are_no_others(tmp_path, run_command):
    def told(folder, ended_by):
        """Lines of images.csv and doubtful_labels.csv of three runs; the last one knows all."""
        accuracies = {"a": 50.0, "b": 50.0, "c": 100.0}
        folders = [
            write_run(folder, name, 0, value, ended_by=ended)
            for (name, value), ended in zip(accuracies.items(), ended_by, strict=True)
        ]
        costs = [folder / f"{name}.json" for name in accuracies]
        for path in costs:
            path.write_text(json.dumps(COST))
        names = [f"class_{label}" for label in range(N_CLASSES)]
        write_manifest(folder / "manifest.json", names)
        result, tables = run_compare(run_command, folder, folders, costs, folder / "manifest.json")
        assert (result.returncode, result.stderr) == (0, "")
        return (pd.read_csv(tables[name]) for name in ("images", "doubtful_labels"))

    images, doubtful = told(tmp_path / "one", ["epochs", "epochs", "max_steps"])
    assert set(images["runs"]) == set(doubtful["runs"]) == {2}
    # Those of which both are wrong, a quarter.
    assert len(doubtful) == (images["right_runs"] == 0).sum() > 2000
    images, doubtful = told(tmp_path / "all", ["max_steps"] * 3)
    assert set(images["runs"]) == {3}
    assert doubtful.empty


def test_confused_pairs_are_counted_over_all_seeds_the_most_frequent_first(two_seeds):
    table = tabulate_confusions(two_seeds, NAMES)
    assert table.to_numpy().tolist() == [
        ["a", "r", "cat", "dog", 4, 20.0],
        ["a", "r", "dog", "cat", 4, 20.0],
        ["a", "r", "dog", "eel", 2, 10.0],
        ["a", "r", "cat", "eel", 1, 5.0],
    ]


def test_at_most_ten_pairs_are_told_and_none_of_a_model_without_a_mistake(tmp_path):
    runs = [
        RunFolder(write_run(tmp_path, "a", 0, 50.0)),
        RunFolder(write_run(tmp_path, "b", 0, 100.0)),
    ]
    table = tabulate_confusions(runs, [str(label) for label in range(N_CLASSES)])
    assert table["model"].tolist() == ["a"] * 10
    # All pairs are as frequent: in the order of their labels.
    assert table["true_class"].tolist() == [str(label) for label in range(10)]


# --- verdicts

PUBLISHED = {
    "family": "cnn",
    "architecture": None,
    "blocks": 2,
    "weights": "none",
    "total_params": 1000,
    "total_size_mb": 40.63,
    "size_convention": "activations-x2-MiB-batch64",
    "min_loss": 1.5,
    "final_loss": 1.96,
    "test_accuracy_percent": 40.0,
    "train_seconds": 70.0,
    "epochs": 5,
    "batch_size": 64,
    "loss": "cross_entropy",
    "optimizer": "adam",
    "learning_rate": 0.001,
    "momentum": None,
    "input_size": 32,
    "images_sha256": CIFAR100_SHA256,
    "n_classes": N_CLASSES,
    "source": "An article",
}


@pytest.fixture
def verdict_of(tmp_path):
    """A function from a run's accuracies, one a seed, to its verdicts by quantity.

    of_seeds: keys of the record of training, each with a value for each seed.
    """

    def verdict_of(
        accuracies=(40.0,),
        published=None,
        cost=None,
        epochs=5,
        images_sha256=CIFAR100_SHA256,
        of_seeds=None,
        **others,
    ):
        folders = []
        for seed, accuracy in enumerate(accuracies):
            of_seed = {name: values[seed] for name, values in (of_seeds or {}).items()}
            run = write_run(tmp_path, "a", seed, accuracy, epochs=epochs, **others, **of_seed)
            folders.append(run)
        runs, comparison = compared(*folders, costs={"a": {**COST, **(cost or {})}})
        path = tmp_path / "published.csv"
        write_csv(
            path, [{"model": "a", **PUBLISHED, **(published or {})}, {"model": "z", **PUBLISHED}]
        )
        table = comparable_part(read_published(path), images_sha256, N_CLASSES)
        trainings = {("a", "r"): RunFolder(folders[0]).training}
        beside = published_beside(table, trainings)
        result = verdicts(table, beside, runs, comparison, images_sha256)
        assert list(result.columns) == VERDICT_COLUMNS
        return {(row["model"], row["quantity"]): row for row in result.to_dict("records")}

    return verdict_of


def test_the_accuracy_of_a_trial_run_has_no_verdict(verdict_of):
    verdicts = verdict_of((1.0,))
    assert verdicts["a", "test_accuracy_percent"]["verdict"] == "trial"
    assert verdicts["a", "total_params"]["verdict"] != "trial"


@pytest.mark.parametrize(
    ("quantity", "measured", "verdict"),
    [
        ("total_params", 1000, "exact"),
        ("total_params", 1001, "worse"),
        ("total_params", 999, "better"),
        ("total_size_mb", 40.6344, "exact"),
        ("total_size_mb", 40.6244, "better"),
        ("total_size_mb", 40.6356, "worse"),
    ],
)
def test_what_the_architecture_says_is_exact_as_far_as_digits_were_published(
    verdict_of, quantity, measured, verdict
):
    row = verdict_of(cost={quantity: measured})["a", quantity]
    assert (row["published"], row["measured"], row["verdict"]) == (
        PUBLISHED[quantity],
        measured,
        verdict,
    )


@pytest.mark.parametrize(
    ("accuracy", "verdict"),
    # Of 10,000 images the interval reaches 0.96 points to either side at 40 %.
    [(40.0, "within"), (40.9, "within"), (41.1, "better"), (39.1, "within"), (38.9, "worse")],
)
def test_an_accuracy_is_within_better_or_worse_by_the_interval_of_the_test_split(
    verdict_of, accuracy, verdict
):
    row = verdict_of([accuracy])["a", "test_accuracy_percent"]
    low, high = wilson_interval(accuracy / 100, 10_000)
    assert (row["low"], row["high"]) == pytest.approx((100 * low, 100 * high))
    assert (row["measured"], row["verdict"]) == (accuracy, verdict)


@pytest.mark.parametrize(
    ("published", "verdict"), [(0.9, "worse"), (1.0, "within"), (1.7, "within"), (2.1, "better")]
)
def test_of_other_results_the_range_over_seeds_decides_and_less_is_better(
    verdict_of, published, verdict
):
    losses = {"final_loss": (1.0, 2.0)}
    row = verdict_of([40.0, 40.0], {"final_loss": published}, of_seeds=losses)["a", "final_loss"]
    assert (row["low"], row["measured"], row["high"]) == (1.0, 1.5, 2.0)
    assert row["verdict"] == verdict


@pytest.mark.parametrize(
    ("published", "verdict"), [(1.4, "worse"), (1.5, "exact"), (1.6, "better")]
)
def test_one_seed_has_no_range(verdict_of, published, verdict):
    row = verdict_of(published={"final_loss": published})["a", "final_loss"]
    assert np.isnan(row["low"])
    assert np.isnan(row["high"])
    assert row["verdict"] == verdict


@pytest.mark.parametrize(
    ("seconds", "verdict"),
    [
        ((100.0, 110.0), "within"),
        ((110.0, 105.0, 115.0), "worse"),
        ((60.0, 65.0), "better"),
        # More than a tenth more.
        ((100.0, 110.1), "not_steady"),
        ((117.0, 120.0, 209.0), "not_steady"),
        ((104.0,), "not_repeated"),
    ],
)
def test_a_time_has_a_verdict_where_several_seeds_took_about_the_same(verdict_of, seconds, verdict):
    row = verdict_of(
        [40.0] * len(seconds), {"train_seconds": 104.0}, of_seeds={"train_seconds": seconds}
    )["a", "train_seconds"]
    assert row["measured"] == pytest.approx(np.mean(seconds))
    assert (row["published"], row["verdict"]) == (104.0, verdict)


@pytest.mark.parametrize("published", [0.5, 1.0, 1.5])
def test_the_lowest_loss_has_no_verdict_since_it_was_not_published_of_what(verdict_of, published):
    row = verdict_of(published={"min_loss": published})["a", "min_loss"]
    assert (row["published"], row["measured"], row["verdict"]) == (published, 1.0, "not_defined")


@pytest.mark.parametrize(
    "other",
    [
        {"epochs": 50},
        {"validation": 0.1},
        {"changed_recipe": {"schedule": "cosine"}},
        {"changed_recipe": {"warm_up": 0.1}},
        {"changed_recipe": {"precision": "bf16"}},
        {"changed_recipe": {"optimizer": {"name": "sgd", "learning_rate": 0.001}}},
        {"initial_weights": {"source": "W", "sha256": "0" * 64, "head": "new"}},
        {"published": {"weights": "W"}},
        {"settings": {**SETTINGS, "normalize": "imagenet"}},
        {"published": {"learning_rate": 0.01}},
        {"inputs": {"size": 64}},
        {
            "changed_recipe": {
                "optimizer": {"name": "adam", "learning_rate": 0.001, "weight_decay": 0.5}
            }
        },
    ],
)
def test_of_another_training_the_architecture_alone_is_compared(verdict_of, other):
    rows = verdict_of(cost={"total_params": 1000}, **other)
    assert rows["a", "total_params"]["verdict"] == "exact"
    for quantity in ("min_loss", "final_loss", "test_accuracy_percent", "train_seconds"):
        row = rows["a", quantity]
        assert (row["published"], row["verdict"]) == (PUBLISHED[quantity], "not_run")
        assert np.isnan(row["measured"])


RESULTS = ("min_loss", "final_loss", "test_accuracy_percent", "train_seconds")
DEFAULT = yaml.safe_load((ROOT / "config/config.yaml").read_text())
# As training.json has it.
RECIPE = read_configuration(DEFAULT).recipes["published_scratch"].model_dump()


def is_same_training(verdict_of, recipe):
    """Whether the results of a run with this recipe, a dict, are compared with published ones."""
    rows = verdict_of(changed_recipe=recipe)
    verdicts = {rows["a", quantity]["verdict"] for quantity in RESULTS}
    assert verdicts == {"not_run"} or "not_run" not in verdicts
    return "not_run" not in verdicts


@pytest.mark.parametrize("key", Recipe.model_fields)
def test_any_key_of_a_recipe_with_another_value_is_another_training_but_for_those_named(
    verdict_of, key
):
    assert RECIPE.get(key) != "another"
    # A share is reported, so it is a number.
    another = 0.5 if key == "validation" else "another"
    assert is_same_training(verdict_of, {**RECIPE, key: another}) == (key in NO_BEARING)


def test_only_keys_of_a_recipe_are_named_as_having_no_bearing():
    assert set(NO_BEARING) < set(Recipe.model_fields)


@pytest.mark.parametrize("key", [*RECIPE["optimizer"], "momentum", "nesterov"])
def test_any_key_of_an_optimizer_with_another_value_is_another_training(verdict_of, key):
    optimizer = {**RECIPE["optimizer"], key: 0.5}
    assert not is_same_training(verdict_of, {**RECIPE, "optimizer": optimizer})


def test_a_recipe_with_a_key_that_the_published_one_lacks_is_another_training(verdict_of):
    assert not is_same_training(verdict_of, {**RECIPE, "augmentation": "none"})


@pytest.mark.parametrize("key", RECIPE)
def test_a_record_that_lacks_a_key_of_the_recipe_is_of_another_training(tmp_path, key):
    training = json.loads((write_run(tmp_path, "a", 0, 40.0) / "training.json").read_text())
    training["recipe"] = {name: value for name, value in RECIPE.items() if name != key}
    write_csv(tmp_path / "published.csv", [{"model": "a", **PUBLISHED}])
    table = read_published(tmp_path / "published.csv")
    (row,) = published_beside(table, {("a", "r"): training}).to_dict("records")
    assert row["same_training"] == (key in NO_BEARING)


# A published model of each family, as training.json has the settings of one that is the same.
MODELS = {
    "cnn": ({"blocks": 2}, SETTINGS),
    "torchvision": (
        {"architecture": "vgg19", "blocks": None},
        {
            **{name: value for name, value in SETTINGS.items() if name != "blocks"},
            "family": "torchvision",
            "architecture": "vgg19",
            "interpolate_positions": None,
        },
    ),
}
# Settings without a bearing on what a model is; results are compared by what was made of them.
NOT_OF_THE_MODEL = {"normalize", *NO_BEARING_OF_MODELS}


@pytest.mark.parametrize(
    ("family", "key"), [(family, key) for family in MODELS for key in MODELS[family][1]]
)
@pytest.mark.parametrize("value", ["another", 7, True, None, "absent"])
def test_any_other_setting_of_a_model_makes_it_another_one_but_for_those_named(
    verdict_of, family, key, value
):
    described, settings = MODELS[family]
    changed = {**settings, key: value}
    if changed == settings:
        changed[key] = "any"
    if value == "absent":
        del changed[key]
    rows = verdict_of(published={"family": family, **described}, settings=changed)
    seen = {q for q in QUANTITIES if ("a", q) in rows and rows["a", q]["verdict"] != "not_run"}
    if key in NO_BEARING_OF_MODELS:
        assert seen == set(QUANTITIES)
    else:
        assert seen == (set(QUANTITIES) - set(RESULTS) if key == "normalize" else set())


@pytest.mark.parametrize("family", FAMILIES)
def test_a_model_with_any_setting_that_no_column_names_is_another_one(verdict_of, family):
    fields = FAMILIES[family].Settings.model_fields
    settings = {**SETTINGS, **dict.fromkeys(fields, "another"), "family": family}
    rows = verdict_of(published={"family": family}, settings=settings)
    assert {verdict["verdict"] for verdict in rows.values()} == {"not_run"}


def test_every_setting_of_a_family_that_was_published_is_drawn_above():
    for family, (_, settings) in MODELS.items():
        assert settings.keys() == FAMILIES[family].Settings.model_fields.keys()
    assert set().union(*(settings for _, settings in MODELS.values())) > NOT_OF_THE_MODEL


@pytest.mark.parametrize(
    "weights",
    ["/a/vgg19.pth", "IMAGENET1K_V1", "VGG19_Weights.DEFAULT", "https://a/b-1a2b3c4d.pth"],
)
def test_results_from_other_first_weights_are_not_compared(verdict_of, weights):
    described, settings = MODELS["torchvision"]
    published = {**described, "family": "torchvision", "weights": "VGG19_Weights.IMAGENET1K_V1"}
    origin = {"source": weights, "sha256": "0" * 64, "head": "replaced"}
    rows = verdict_of(published=published, settings=settings, initial_weights=origin)
    assert {rows["a", quantity]["verdict"] for quantity in RESULTS} == {"not_run"}
    assert rows["a", "total_params"]["verdict"] != "not_run"


def test_what_only_has_the_name_of_a_published_model_leaves_that_one_not_run(verdict_of):
    rows = verdict_of(settings={**SETTINGS, "blocks": 3})
    for quantity in QUANTITIES:
        row = rows["a", quantity]
        assert (row["recipe"], row["verdict"]) == (None, "not_run")


@pytest.mark.parametrize("column", ["epochs", "learning_rate", "loss", "optimizer", "weights"])
def test_a_setting_that_was_not_published_is_equal_to_none(verdict_of, column):
    rows = verdict_of(published={column: None})
    assert {rows["a", quantity]["verdict"] for quantity in RESULTS} == {"not_run"}


def test_the_default_configuration_asks_for_the_published_trainings():
    configuration = read_configuration(DEFAULT)
    published = read_published(ROOT / "config/published.csv")
    trainings = {}
    for run in run_table(configuration):
        model = configuration.models[run.model]
        weights = str(torchvision.named_weights(model)) if model.is_pretrained else None
        trainings[run.model, run.recipe] = {
            "model": json.loads(model.to_json()),
            "recipe": json.loads(configuration.recipes[run.recipe].to_json()),
            "initial_weights": weights and {"source": weights},
            "inputs": {"size": model.input_size},
        }
    part = comparable_part(published, CIFAR100_SHA256, 100)
    table = published_beside(part, trainings)
    assert set(table["model"]) == set(published.index)
    assert table["same_training"].all()


def test_the_published_table_names_where_each_row_comes_from(verdict_of):
    published = read_published(ROOT / "config/published.csv")
    assert set(published["source"]) == {"AngFff: CIFAR100 多模型训练结果及分析"}
    assert {row["source"] for row in verdict_of().values()} == {"An article"}


def test_at_another_input_size_what_a_model_needs_is_exact_or_another_quantity(verdict_of):
    rows = verdict_of(inputs={"size": 64}, cost={"total_params": 1000, "total_size_mb": 99.0})
    assert rows["a", "total_params"]["verdict"] == "exact"
    size = rows["a", "total_size_mb"]
    assert (size["published"], size["verdict"]) == (40.63, "not_run")
    assert np.isnan(size["measured"])


def test_sizes_by_different_rules_are_not_compared(verdict_of):
    rows = verdict_of(
        cost={
            "total_params": 1001,
            "total_size_mb": 40.63,
            "size_convention": "torchinfo-MB-batch1",
        }
    )
    assert rows["a", "total_size_mb"]["verdict"] == "not_run"
    assert rows["a", "total_params"]["verdict"] == "worse"


def test_what_could_not_be_measured_has_no_verdict_but_that(verdict_of):
    rows = verdict_of(cost={"total_size_mb": None})
    size = rows["a", "total_size_mb"]
    assert (size["published"], size["verdict"]) == (40.63, "not_measured")
    assert np.isnan(size["measured"])
    assert rows["a", "total_params"]["verdict"] == "better"


def test_what_could_not_be_measured_and_was_not_published_or_not_comparable_is_that(verdict_of):
    rows = verdict_of(
        cost={"total_size_mb": None, "size_convention": "torchinfo-MB-batch1"},
        published={"total_params": None},
    )
    assert rows["a", "total_size_mb"]["verdict"] == "not_run"
    assert rows["a", "total_params"]["verdict"] == "not_published"


def test_a_text_among_the_published_numbers_is_one_clear_line(tmp_path):
    path = tmp_path / "published.csv"
    write_csv(path, [{"model": "a", **PUBLISHED, "train_seconds": "n/a"}])
    with pytest.raises(UserError, match=r"numbers in the column train_seconds.*'n/a'"):
        read_published(path)


def test_a_published_model_that_has_no_run_is_told(verdict_of):
    rows = {key: row for key, row in verdict_of().items() if key[0] == "z"}
    assert [quantity for _, quantity in rows] == QUANTITIES
    assert {row["verdict"] for row in rows.values()} == {"not_run"}
    assert all(row["published"] == PUBLISHED[quantity] for (_, quantity), row in rows.items())


def test_of_another_data_set_with_as_many_classes_the_architecture_alone_is_compared(verdict_of):
    rows = verdict_of(images_sha256=OTHER_SHA256)
    assert {quantity for _, quantity in rows} == {"total_params", "total_size_mb"}
    assert rows["a", "total_params"]["verdict"] == "better"
    assert rows["z", "total_params"]["verdict"] == "not_run"


def test_where_the_table_does_not_say_which_images_its_results_have_no_images_are_the_same(
    verdict_of,
):
    rows = verdict_of(published={"images_sha256": None})
    assert {quantity for model, quantity in rows if model == "a"} == {
        "total_params",
        "total_size_mb",
    }


@pytest.mark.parametrize("n_classes", [10, None])
def test_of_another_data_set_with_other_classes_nothing_is_compared(verdict_of, n_classes):
    rows = verdict_of(published={"images_sha256": OTHER_SHA256, "n_classes": n_classes})
    assert {model for model, _ in rows} == {"z"}


def test_no_published_result_is_kept_for_another_data_set(tmp_path):
    write_csv(tmp_path / "published.csv", [{"model": "a", **PUBLISHED, "momentum": 0.9}])
    training = RunFolder(write_run(tmp_path, "a", 0, 40.0)).training
    optimizer = {**training["recipe"]["optimizer"], "momentum": 0.9}
    training["recipe"]["optimizer"] = optimizer
    table = read_published(tmp_path / "published.csv")
    real, synthetic = (
        published_beside(comparable_part(table, images, N_CLASSES), {("a", "r"): training}).to_dict(
            "records"
        )[0]
        for images in (CIFAR100_SHA256, OTHER_SHA256)
    )
    published = {**PUBLISHED, "momentum": 0.9}
    del published["architecture"], real["architecture"]
    assert real == {"model": "a", "recipe": "r", "same_training": True, **published}
    known = {name: value for name, value in synthetic.items() if value == value}
    architecture = ("family", "blocks", "total_params", "total_size_mb", "size_convention")
    about = ("input_size", "images_sha256", "n_classes", "source")
    assert known == {
        "model": "a",
        "recipe": "r",
        "same_training": False,
        **{name: real[name] for name in (*architecture, *about)},
    }


def test_what_was_not_published_is_neither_better_nor_worse(verdict_of):
    rows = verdict_of(published={"test_accuracy_percent": None, "min_loss": None})
    for quantity in ("test_accuracy_percent", "min_loss"):
        assert rows["a", quantity]["verdict"] == "not_published"
    assert rows["a", "final_loss"]["verdict"] == "better"
