"""Flips at test time: measured beside the plain accuracy, and never in its place."""

import csv
import json
import re
import subprocess
import sys

import numpy as np
import pytest
import torch
from project import ROOT
from test_comparison import compared, write_run
from test_report import rendered, write_results
from test_training import N_IMAGES, data, new_model

from cifarlab.evaluation.logits import load_logits_with_flips, load_predictions, save_predictions
from cifarlab.evaluation.metrics import metrics_of
from cifarlab.evaluation.prediction import predict, with_flips
from engine.errors import UserError

FLIPPED, PLAIN = "test_accuracy_with_flips_percent", "test_accuracy_percent"


def test_the_logits_are_means_of_those_of_images_and_mirror_images():
    images, _ = data()
    model = new_model().eval()
    plain = predict(model, images, 64)
    with torch.no_grad():
        batch = images.batch(torch.arange(N_IMAGES))
        mirrored = model(batch[:, :, :, torch.arange(31, -1, -1)])
        expected = ((model(batch) + mirrored) / 2).numpy()
    found = with_flips(plain, model, images, 64)
    assert (found.dtype, found.shape) == (np.float32, plain.shape)
    np.testing.assert_allclose(found, expected, atol=1e-5)
    assert abs(found - plain).max() > 0.001


def test_one_accuracy_is_of_the_flips_and_all_else_is_of_plain_logits():
    plain, labels = np.array([[2.0, 1], [0, 2], [2, 1]]), np.array([0, 1, 1])
    flipped = np.array([[2.0, 1], [0, 2], [1, 2]])
    without, with_it = metrics_of(plain, labels), metrics_of(plain, labels, None, flipped)
    assert with_it.pop(FLIPPED) == 100
    assert without.pop(FLIPPED) is None
    assert with_it == without
    assert with_it[PLAIN] == pytest.approx(200 / 3)


def test_a_file_of_predictions_has_them_where_they_were_measured(tmp_path):
    logits, labels = np.ones((2, 3), dtype=np.float32), np.array([0, 1])
    for name, further in (("plain", None), ("both", 2 * logits)):
        save_predictions(tmp_path / name, logits, labels, further)
        found, _ = load_predictions(tmp_path / name)
        np.testing.assert_array_equal(found, logits)
    assert load_logits_with_flips(tmp_path / "plain") is None
    np.testing.assert_array_equal(load_logits_with_flips(tmp_path / "both"), 2 * logits)
    (tmp_path / "plain").write_bytes(b"PK")
    with pytest.raises(UserError, match=r"cannot read predictions in .*; evaluate again"):
        load_logits_with_flips(tmp_path / "plain")


def test_they_are_a_column_of_their_own(tmp_path):
    folders = [write_run(tmp_path, "a", seed, 40.0, with_flips=43.0 + seed) for seed in (0, 1)]
    runs, comparison = compared(*folders)
    assert runs[FLIPPED].tolist() == [43, 44]
    (row,) = comparison.to_dict("records")
    assert (row[PLAIN], row[FLIPPED]) == (40, 43.5)


@pytest.mark.parametrize("value", [43.5, None])
def test_the_report_has_the_column_where_it_was_measured(tmp_path, value):
    folder = write_results(tmp_path / "cifar100", with_flips=value)
    (row,) = csv.DictReader((folder / "compare/comparison.csv").open())
    assert row[FLIPPED] == ("" if value is None else "43.5")
    for text in rendered(folder):
        text = re.sub(r'<script type="application/json".*?</script>', "", text, flags=re.DOTALL)
        assert ("test accuracy with flips" in text) is (value is not None)


def run_evaluate(run_command, folder, weights, *words):
    model = json.dumps({"family": "cnn", "blocks": 2})
    words = [*words, "--dataset", folder / "test.json", "--model", model, "--weights", weights]
    return run_command("evaluate.py", *words, "--device", "cpu")


def test_evaluating_with_flips_leaves_the_plain_logits_as_they_are(tmp_path, run_command):
    words = [sys.executable, ROOT / "scripts/data.py", "--manifest", tmp_path / "manifest.json"]
    words += ["synthetic", "--train-per-class", "1", "--test-per-class", "1"]
    subprocess.run([str(word) for word in words], check=True, timeout=60)
    recipe = {"epochs": 1, "batch_size": 64, "optimizer": {"name": "sgd", "learning_rate": 0.01}}
    words = ["--dataset", tmp_path / "train.json", "--seed", 0, "--recipe", json.dumps(recipe)]
    words += ["--model", json.dumps({"family": "cnn", "blocks": 2}), "--device", "cpu"]
    words += ["--weights", tmp_path / "w.safetensors", "--history", tmp_path / "history.csv"]
    words += ["--epochs", tmp_path / "epochs.csv", "--training", tmp_path / "training.json"]
    assert run_command("train.py", *words).returncode == 0
    found = {}
    for name, flips in (("plain", []), ("both", ["--flips"])):
        path = tmp_path / f"{name}.npz"
        result = run_evaluate(
            run_command, tmp_path, tmp_path / "w.safetensors", *flips, "--predictions", path
        )
        assert result.returncode == 0, result.stderr
        with np.load(path) as file:
            found[name] = dict(file)
    assert found["both"].pop("logits_with_flips").shape == (100, 100)
    assert found["plain"].keys() == found["both"].keys() == {"logits", "labels"}
    for name in ("logits", "labels"):
        np.testing.assert_array_equal(found["plain"][name], found["both"][name])
    metrics = tmp_path / "metrics.json"
    words = ["--predictions", tmp_path / "both.npz", "--dataset", tmp_path / "classes.json"]
    assert run_command("metrics.py", *words, "--metrics", metrics).returncode == 0
    assert 0 <= json.loads(metrics.read_text())[FLIPPED] <= 100
