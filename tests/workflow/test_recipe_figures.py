"""Contact sheets, range tests and the provenance of what was compared with nothing."""

import copy

import pytest
from project import SMALL

pytestmark = pytest.mark.long

RESULTS = "results/synthetic"
FLIP = ["flip"]


def settings():
    """A run with flips, a study that mixes images, and a range test."""
    values = copy.deepcopy(SMALL)
    plain = {**values["recipes"]["quick"], "augmentations": FLIP, "validation": 0.5}
    values["recipes"] = {"plain": plain}
    values["runs"] = [{"models": ["cnn_2"], "recipes": ["plain"], "seeds": [0]}]
    changes = {
        "mixup": {"augmentations": [*FLIP, {"name": "mixup", "alpha": 1.0}]},
        "range": {"schedule": "rate_range_test", "epochs": 3, "augmentations": []},
    }
    study = {"models": ["cnn_2"], "baseline": "plain", "seeds": [0], "changes": changes}
    values["studies"] = {"s": study}
    return values


def test_a_report_has_a_sheet_of_each_recipe_and_a_chart_of_range_tests(project):
    project.configure(settings())
    result = project.snakemake()
    assert result.returncode == 0, result.stdout + result.stderr
    files = project.files(RESULTS)
    names = ("plain", "s-mixup")
    assert [f for f in files if f.startswith("augmented/")] == [f"augmented/{n}.npz" for n in names]
    drawn = {f"contact_sheet.{name}.svg" for name in names} | {"range_tests.svg"}
    drawn |= {"changes.svg", "change_curves.svg", "accuracy.svg"}
    folders = ("figures", "report/figures.en", "report/figures.zh")
    assert {f"{folder}/{name}" for folder in folders for name in drawn} <= set(files)
    assert not [f for f in files if "contact_sheet.s-range" in f]
    for code, words in {
        "en": ("Augmentations", "Recipes: s-mixup.", "Learning-rate range tests"),
        "zh": ("数据增强", "s-mixup", "学习率范围测试"),
    }.items():
        for kind in ("html", "md"):
            text = (project.folder / RESULTS / f"report/report.{code}.{kind}").read_text()
            assert all(word in text for word in words)
    text = (project.folder / RESULTS / "report/report.en.md").read_text()
    assert "Runs of studies and sweeps: 2" in text
    assert project.would_run() == {}

    # A sheet shows augmentations and images, and nothing else of a recipe.
    values = settings()
    values["recipes"]["plain"]["batch_size"] = 32
    project.configure(values)
    jobs = project.would_run()
    assert jobs["train"] == 3
    assert not {"augment", "contact_sheet"} & set(jobs)
    values["studies"]["s"]["changes"]["mixup"]["augmentations"][1]["alpha"] = 0.5
    project.configure(values)
    jobs = project.would_run()
    assert (jobs["augment"], jobs["contact_sheet"]) == (1, 1)
