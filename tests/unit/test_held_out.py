"""The images that a recipe held out: predicted by the same model, beside the test split."""

import csv
import json
import subprocess
import sys

import numpy as np
import pytest
from project import ROOT, SMALL

from cifarlab.evaluation.calibration import fit_temperature

RECIPE = {**SMALL["recipes"]["quick"], "validation": 0.5}
MODEL = json.dumps({"family": "cnn", "blocks": 2})


@pytest.fixture
def trained(tmp_path, run_command):
    """The folder of a small data set and of a training that held out half of it."""
    words = [sys.executable, ROOT / "scripts/data.py", "--manifest", tmp_path / "manifest.json"]
    words += ["synthetic", "--train-per-class", "4", "--test-per-class", "1"]
    subprocess.run([str(word) for word in words], check=True, timeout=60)
    words = ["--dataset", tmp_path / "train.json", "--seed", 0, "--recipe", json.dumps(RECIPE)]
    words += ["--model", MODEL, "--device", "cpu", "--weights", tmp_path / "w.safetensors"]
    words += ["--history", tmp_path / "history.csv", "--epochs", tmp_path / "epochs.csv"]
    words += ["--training", tmp_path / "training.json"]
    result = run_command("train.py", *words)
    assert result.returncode == 0, result.stderr
    return tmp_path


def evaluate(run_command, folder, name, *words):
    """The arrays of predictions that the command writes, or the line with which it fails."""
    words = [*words, "--dataset", folder / "test.json", "--model", MODEL, "--device", "cpu"]
    words += ["--weights", folder / "w.safetensors", "--predictions", folder / name]
    result = run_command("evaluate.py", *words)
    if result.returncode:
        return result.stderr
    with np.load(folder / name) as file:
        return dict(file)


def test_the_images_held_out_are_those_that_the_training_measured(trained, run_command):
    words = ["--train", trained / "train.json", "--validation", 0.5]
    plain = evaluate(run_command, trained, "plain.npz")
    found = evaluate(run_command, trained, "both.npz", *words)
    assert plain.keys() == {"logits", "labels"}
    for name, values in plain.items():
        np.testing.assert_array_equal(found[name], values)
    logits, labels = found["validation_logits"], found["validation_labels"]
    assert (logits.dtype, logits.shape) == (np.float32, (200, 100))
    assert (labels.dtype, np.bincount(labels).tolist()) == (np.int64, [2] * 100)
    (epoch,) = csv.DictReader((trained / "epochs.csv").open())
    exact = logits.astype(np.float64)
    losses = np.log(np.exp(exact).sum(axis=1)) - exact[np.arange(200), labels]
    assert float(epoch["validation_loss"]) == pytest.approx(losses.mean(), rel=1e-5)
    accuracy = 100 * np.mean(logits.argmax(axis=1) == labels)
    assert float(epoch["validation_accuracy_percent"]) == pytest.approx(accuracy)
    metrics = trained / "metrics.json"
    words = ["--predictions", trained / "both.npz", "--dataset", trained / "classes.json"]
    assert run_command("metrics.py", *words, "--metrics", metrics).returncode == 0
    expected = fit_temperature(logits, labels)
    assert json.loads(metrics.read_text())["temperature"] == pytest.approx(expected)


def test_a_share_without_the_training_split_is_one_clear_line(trained, run_command):
    line = evaluate(run_command, trained, "x.npz", "--validation", 0.5)
    assert line == "error: expected --train beside --validation, found none; name the train.json\n"
    assert not (trained / "x.npz").exists()
