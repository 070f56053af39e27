"""A GPU that torch cannot use ends the workflow before the first training, and says why."""

import copy

import pytest
from project import SMALL
from simulated_gpus import H100, Card, list_cards

pytestmark = pytest.mark.long

RESULTS = "results/synthetic"


def test_a_gpu_that_torch_cannot_use_is_said_before_any_training_and_the_cpu_is_a_way_out(
    project, tmp_path
):
    # CUDA does not know the GPU that nvidia-smi lists, on a machine with a GPU of its own either.
    list_cards(tmp_path, [Card(*H100, "0000-aaaa")], "580.65.06")
    values = copy.deepcopy(SMALL)
    values["runs"] = [{"models": ["cnn_2"], "recipes": ["quick"], "seeds": [0]}]

    project.configure({**values, "device": "auto"})
    result = project.snakemake("--until", "train", programs=tmp_path)
    assert result.returncode == 1
    said = result.stdout + result.stderr
    assert "device: auto; NVIDIA GPUs: 1 × NVIDIA H100 80GB HBM3, driver 580.65.06" in said
    (log,) = (project.folder / RESULTS / "logs").rglob("cnn_2/**/*.log")
    (line,) = log.read_text().splitlines()
    assert line.startswith("error: torch ")
    assert "cannot use the GPU that is here" in line
    assert "or set device: cpu" in line
    assert line in said
    assert "Traceback" not in said

    project.configure({**values, "device": "cpu"})
    result = project.snakemake("--until", "train", programs=tmp_path)
    assert result.returncode == 0, result.stderr
    assert (project.folder / RESULTS / "runs/cnn_2/quick/seed-0/training.json").exists()
