"""A user's list of wrong labels: what it may say, when it fits, and the accuracy by it."""

import csv
import json

import numpy as np
import pytest
from project import ROOT
from test_metrics import LABELS, LOGITS

from cifarlab.configuration import Run, read_configuration
from cifarlab.datasets.corrections import STRUCK, describe_corrections, read_corrections
from cifarlab.datasets.store import save_dataset
from cifarlab.datasets.synthetic import make_synthetic
from cifarlab.evaluation.subsets import subset_metrics
from cifarlab.named_files import check_files
from engine.errors import UserError

NAMES = ["cat", "dog", "sweet_pepper", "eel"]
GIVEN = np.array([0, 2, 3, 2])
HEAD = "test_index,given_label,corrected_label\n"
BY_CORRECTED = "test_accuracy_by_corrected_labels_percent"


def write(folder, text, encoding="utf-8"):
    path = folder / "wrong.csv"
    path.write_bytes(text.encode(encoding))
    return path


def read(folder, text, **options):
    return read_corrections(write(folder, text, **options), GIVEN, NAMES)


# --- what it may say


def test_a_line_corrects_a_label_or_strikes_the_image(tmp_path):
    corrected = read(tmp_path, HEAD + "3,sweet_pepper,dog\n0,cat,\n")
    assert corrected.tolist() == [STRUCK, 2, 3, 1]
    assert GIVEN.tolist() == [0, 2, 3, 2]


def test_other_columns_another_order_and_a_spreadsheets_mark_do_no_harm(tmp_path):
    text = "corrected_label,why,given_label,test_index\r\neel,fins,cat,0\r\n"
    assert read(tmp_path, text, encoding="utf-8-sig").tolist() == [3, 2, 3, 2]


def test_an_empty_list_and_a_label_that_is_confirmed_change_nothing(tmp_path):
    assert read(tmp_path, HEAD).tolist() == GIVEN.tolist()
    assert read(tmp_path, HEAD + "2,eel,eel\n").tolist() == GIVEN.tolist()


def test_what_is_kept_counts_corrected_and_struck_labels(tmp_path):
    corrected = read(tmp_path, HEAD + "3,sweet_pepper,dog\n0,cat,\n2,eel,eel\n1,sweet_pepper,eel\n")
    assert describe_corrections(corrected, GIVEN) == {
        "corrected": 2,
        "struck": 1,
        "labels": [-1, 3, 3, 1],
    }


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "expected the columns test_index, given_label, corrected_label, found no test_index"),
        ("test_index,given_label\n0,cat\n", "found no corrected_label; add a first line"),
        (HEAD + "four,cat,dog\n", "line 2: expected a test_index from 0 to 3, found 'four'"),
        (HEAD + "0,cat,\n4,cat,dog\n", "line 3: expected a test_index from 0 to 3, found '4'"),
        (HEAD + "-1,cat,dog\n", "expected a test_index from 0 to 3, found '-1'"),
        (HEAD + "0\n", "line 2: expected the name of a class as given_label, found ''"),
        (HEAD + "0,cat,cow\n", "the name of a class as corrected_label, found 'cow'; classes.json"),
        (HEAD + "0,0,1\n", "the name of a class as given_label, found '0'"),
        (HEAD + "0,cat,dog\n0,cat,eel\n", "line 3: test image 0 is on line 2 too"),
    ],
)
def test_a_list_with_a_fault_is_refused_with_its_place(tmp_path, text, words):
    with pytest.raises(UserError) as error:
        read(tmp_path, text)
    assert words in str(error.value)
    assert str(tmp_path / "wrong.csv") in str(error.value)


def test_a_file_that_is_no_text_is_refused(tmp_path):
    with pytest.raises(UserError, match="expected a CSV file in UTF-8 with the columns test_index"):
        read(tmp_path, HEAD + "0,chaton mâle,\n", encoding="latin-1")


def test_a_list_for_other_images_is_refused_with_what_does_not_fit(tmp_path):
    text = HEAD + "0,cat,dog\n1,eel,dog\n2,dog,eel\n"
    words = (
        r"does not fit the test labels of this data: line 3 says eel of test image 1, which is "
        r"sweet_pepper, and so on for 2 of 3 lines; use a list that was made for these images"
    )
    with pytest.raises(UserError, match=words):
        read(tmp_path, text)


# --- the accuracy by it


def test_the_accuracy_is_by_the_corrected_labels_without_struck_images():
    # predicted 0, 3, 0, 1 of labels 0, 2, 3, 2
    assert subset_metrics(LOGITS, LABELS, corrected=LABELS)[BY_CORRECTED] == 25
    assert subset_metrics(LOGITS, LABELS, corrected=[0, 3, 3, 2])[BY_CORRECTED] == 50
    assert subset_metrics(LOGITS, LABELS, corrected=[0, 3, -1, -1])[BY_CORRECTED] == 100
    assert subset_metrics(LOGITS, LABELS, corrected=[-1] * 4)[BY_CORRECTED] is None
    assert subset_metrics(LOGITS, LABELS)[BY_CORRECTED] is None


def test_labels_of_another_split_are_refused():
    with pytest.raises(ValueError, match="expected 4 corrected labels"):
        subset_metrics(LOGITS, LABELS, corrected=[0, 3])


# --- the commands


def test_the_commands_check_a_list_and_measure_by_it(tmp_path, run_command):
    dataset = make_synthetic(1, 1, 0)
    save_dataset(dataset, tmp_path, {"synthetic": True})
    labels, names = dataset.test.labels, dataset.fine_names
    # A model that takes every image for the class after its own.
    logits = np.eye(100, dtype=np.float32)[(labels + 1) % 100]
    np.savez(tmp_path / "predictions.npz", logits=logits, labels=labels)
    with (tmp_path / "wrong.csv").open("w", newline="") as file:
        lines = csv.writer(file)
        lines.writerow(["test_index", "given_label", "corrected_label"])
        lines.writerows([i, names[labels[i]], names[(labels[i] + 1) % 100]] for i in range(3))
        lines.writerow([3, names[labels[3]], ""])
    words = ["--list", tmp_path / "wrong.csv", "--dataset", tmp_path / "test.json"]
    words += ["--classes", tmp_path / "classes.json", "--corrections", tmp_path / "corrected.json"]
    result = run_command("corrections.py", *words)
    assert (result.returncode, result.stderr) == (0, "")
    kept = json.loads((tmp_path / "corrected.json").read_text())
    assert (kept["corrected"], kept["struck"], len(kept["labels"])) == (3, 1, 100)
    words = ["--predictions", tmp_path / "predictions.npz", "--dataset", tmp_path / "classes.json"]
    words += ["--corrections", tmp_path / "corrected.json", "--metrics", tmp_path / "metrics.json"]
    assert run_command("metrics.py", *words).returncode == 0
    metrics = json.loads((tmp_path / "metrics.json").read_text())
    assert metrics[BY_CORRECTED] == pytest.approx(100 * 3 / 99)
    assert metrics["test_accuracy_percent"] == 0
    assert metrics["test_accuracy_without_duplicates_percent"] is None


def test_a_list_that_does_not_fit_ends_in_one_line_and_leaves_nothing(tmp_path, run_command):
    save_dataset(make_synthetic(1, 1, 0), tmp_path, {"synthetic": True})
    path = write(tmp_path, HEAD + "0,cat,dog\n")
    words = ["--list", path, "--dataset", tmp_path / "test.json"]
    words += ["--classes", tmp_path / "classes.json", "--corrections", tmp_path / "corrected.json"]
    result = run_command("corrections.py", *words)
    assert result.returncode == 1
    assert result.stderr.startswith(f"error: {path}, line 2: expected the name of a class")
    assert len(result.stderr.splitlines()) == 1
    assert not (tmp_path / "corrected.json").exists()


def test_a_list_that_is_not_there_is_named_before_any_job_starts(tmp_path, monkeypatch):
    monkeypatch.chdir(ROOT)
    values = {
        "dataset": {"name": "synthetic", "source": "synthetic"},
        "threads": 1,
        "models": {"cnn_2": {"family": "cnn", "blocks": 2}},
        "recipes": {},
        "runs": [],
        "published": "config/published.csv",
        "evaluation": {"label_corrections": str(tmp_path / "wrong.csv")},
    }
    configuration = read_configuration(values)
    words = r"evaluation\.label_corrections: expected a file at .*wrong\.csv, found none"
    with pytest.raises(UserError, match=words):
        check_files(configuration, [Run("cnn_2", "r", 0)], has_data=False)
    (tmp_path / "wrong.csv").touch()
    check_files(configuration, [Run("cnn_2", "r", 0)], has_data=False)
