"""The comparison: means and deviations over seeds, in the order asked for."""

import json

import numpy as np
import pytest
from project import ROOT

from cifarlab.comparison import COMPARISON_COLUMNS, compare, tabulate_runs
from cifarlab.errors import UserError
from cifarlab.results import RunFolder

COST = {
    "total_params": 10,
    "total_size_mb": 1.5,
    "size_convention": "activations-x2-MiB-batch64",
    "weights_mb": 0.9,
    "multiply_adds": 4_700_000,
    "latency_median_ms": 1.25,
    "latency_p95_ms": 1.5,
    "throughput_images_per_second": 2000.0,
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
        }
    },
    "device": "cpu",
    "device_name": "A <processor> & more",
    "threads": 2,
}
COSTS = {"b": COST, "a": {**COST, "total_params": 20}}


def write_run(results, model, seed, accuracy, recipe="r", epochs=5):
    """The files of one run, with this accuracy in percent."""
    folder = results / "runs" / model / recipe / f"seed-{seed}"
    folder.mkdir(parents=True)
    metrics = {
        "test_accuracy_percent": accuracy,
        "top5_accuracy_percent": accuracy + 10,
        "superclass_accuracy_percent": accuracy + 5,
        "test_loss": 2.0,
    }
    training = {
        "model": {"family": "cnn", "blocks": 2},
        "recipe": {
            "epochs": epochs,
            "batch_size": 64,
            "optimizer": {"name": "adam", "learning_rate": 0.001},
            "loss": "cross_entropy",
            "max_steps": None,
        },
        "initial_weights": None,
        "inputs": {"size": 32},
        "min_loss": 1.0 + seed,
        "final_loss": 1.5,
        "train_seconds": 60.0,
        "images_per_second": 1000.0,
        "peak_memory_mb": 900.0,
        "steps": 4,
        "device": "cpu",
        "device_name": "A <processor> & more",
        "threads": 2,
        "versions": {"torch": "2.14.1"},
        "started_at": "2026-01-02T03:04:05.000+00:00",
    }
    (folder / "metrics.json").write_text(json.dumps(metrics))
    (folder / "training.json").write_text(json.dumps(training))
    (folder / "history.csv").write_text("step,loss,learning_rate\n1,3.5,0.1\n2,2.5,0.1\n")
    return folder


def run_compare(run_command, folder, runs, costs, manifest):
    """Run compare.py on files; its result, and the paths of its tables by name."""
    tables = {name: folder / f"{name}.csv" for name in ("runs", "comparison", "published")}
    result = run_command(
        *("compare.py", "--runs", *runs, "--costs", *costs, "--dataset", manifest),
        *("--published", ROOT / "config/published.csv", "--runs-csv", tables["runs"]),
        *("--comparison", tables["comparison"], "--published-beside", tables["published"]),
    )
    return result, tables


def test_a_row_is_the_mean_over_its_seeds_with_the_sample_deviation(tmp_path):
    folders = [
        write_run(tmp_path, "b", 0, 40.0),
        write_run(tmp_path, "b", 1, 43.0),
        write_run(tmp_path, "a", 0, 50.0),
    ]
    runs = tabulate_runs([RunFolder(folder) for folder in folders])
    assert runs[["model", "recipe", "seed"]].to_numpy().tolist() == [
        ["b", "r", 0],
        ["b", "r", 1],
        ["a", "r", 0],
    ]
    comparison = compare(runs, COSTS)
    assert list(comparison.columns) == COMPARISON_COLUMNS
    first, second = comparison.to_dict("records")
    assert (first["model"], first["seeds"], first["total_params"]) == ("b", 2, 10)
    assert first["test_accuracy_percent"] == 41.5
    assert first["test_accuracy_std"] == pytest.approx(np.sqrt(2 * 1.5**2 / 1))
    assert first["min_loss"] == 1.5
    assert (second["model"], second["seeds"]) == ("a", 1)
    assert np.isnan(second["test_accuracy_std"])


def test_a_folder_that_is_no_run_is_named(tmp_path):
    with pytest.raises(UserError, match="seed-<n>"):
        RunFolder(tmp_path / "runs/a/r/first")


def test_the_command_writes_plain_numbers_and_leaves_unknown_ones_empty(tmp_path, run_command):
    folder = write_run(tmp_path, "a", 0, 1234.5)
    (tmp_path / "a.json").write_text(json.dumps(COSTS["a"]))
    (tmp_path / "manifest.json").write_text('{"source": {"synthetic": false}}')
    result, tables = run_compare(
        run_command, tmp_path, [folder], [tmp_path / "a.json"], tmp_path / "manifest.json"
    )
    assert (result.returncode, result.stderr) == (0, "")
    row = tables["comparison"].read_text().splitlines()[1]
    assert row.startswith("a,r,1,20,1.5,1.0,1.5,1234.5,,60.0,activations-")
