"""A recipe that holds out images, through Snakemake: its temperature follows from these alone."""

import copy
import json

import numpy as np
from project import SMALL


def test_runs_of_recipes_with_validation_have_a_temperature_and_others_none(project):
    values = copy.deepcopy(SMALL)
    values["recipes"]["validated"] = {**values["recipes"]["quick"], "validation": 0.5}
    values["runs"] = [{"models": ["cnn_2"], "recipes": ["quick", "validated"], "seeds": [0]}]
    project.configure(values)
    result = project.snakemake("--until", "metrics")
    assert result.returncode == 0, result.stderr
    results = project.folder / "results/synthetic"
    for recipe, further in (("quick", set()), ("validated", {"logits", "labels"})):
        run = results / f"runs/cnn_2/{recipe}/seed-0"
        with np.load(run / "predictions.npz") as file:
            names = {"logits", "labels", *(f"validation_{name}" for name in further)}
            assert set(file) == names
        record = json.loads((results / f"records/evaluate/cnn_2/{recipe}/seed-0.json").read_text())
        assert ("results/synthetic/data/train.json" in record["inputs"]) is bool(further)
        metrics = json.loads((run / "metrics.json").read_text())
        assert (metrics["temperature"] is not None) is bool(further)
        assert (metrics["scaled_calibration_error_percent"] is not None) is bool(further)
    assert project.would_run("--until", "metrics") == {}
