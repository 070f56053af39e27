"""The whole workflow on small synthetic data, as its users call it."""

import copy
import csv
import json
import zipfile
from pathlib import Path

import pytest
import yaml
from project import ROOT, SMALL

from reporting.figures import FIGURES, drawings

RUNS = [(model, seed) for model in ("cnn_2", "cnn_3") for seed in (0, 1)]


ROWS = [("cnn_2", "quick"), ("cnn_3", "quick")]
DRAWINGS = drawings(ROWS)
REHEARSED = ("rehearsals", "records/rehearse")


def rows(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_a_full_run_makes_every_file_of_the_contract(computed):
    expected = {
        *("data/manifest.json", "compare/runs.csv", "compare/comparison.csv"),
        *(f"compare/{name}.csv" for name in ("pairwise", "published", "verdicts", "claims")),
        *(f"compare/{name}.csv" for name in ("classes", "confusions", "superclasses", "images")),
        *("compare/doubtful_labels.csv", "compare/robustness.csv"),
        *("data/duplicates.csv", "data/duplicates.json"),
        *(f"report/report.{code}.{kind}" for code in ("en", "zh") for kind in ("html", "md")),
        *("report/references.bib", "report/comparison.csv"),
        *(f"report/comparison.{code}.{kind}" for code in ("en", "zh") for kind in ("md", "tex")),
        *(
            f"data/{split}_{part}.npy"
            for split in ("train", "test")
            for part in ("images", "labels")
        ),
        *(f"data/{name}.json" for name in ("train", "test", "classes")),
        *(f"records/{name}.json" for name in ("data", "compare", "report")),
        "records/duplicates.json",
        *(f"records/cost/{model}.json" for model in ("cnn_2", "cnn_3")),
        *(f"cost/{model}.{kind}" for model in ("cnn_2", "cnn_3") for kind in ("json", "svg")),
        *("figures/accuracy.svg", "figures/loss.cnn_2+quick.svg", "records/accuracy.json"),
        *("records/loss/cnn_2/quick.json", "records/structure/cnn_2.json"),
        *DRAWINGS.values(),
        *(f"report/figures.{code}/{name}.svg" for code in ("en", "zh") for name in DRAWINGS),
    }
    for model, recipe in ROWS:
        expected |= {f"{folder}/{model}/{recipe}.json" for folder in REHEARSED}
    for figure in FIGURES.values():
        of = [figure.of.format(model=model, recipe=recipe) for model, recipe in ROWS]
        if figure.is_of_rows:
            expected |= {f"records/{Path(figure.name, name)}.json" for name in of}
    for model, seed in RUNS:
        for name in (
            *("weights.safetensors", "history.csv", "epochs.csv", "training.json"),
            *("predictions.npz", "metrics.json"),
        ):
            expected.add(f"runs/{model}/quick/seed-{seed}/{name}")
        for stage in ("train", "evaluate", "metrics"):
            expected.add(f"records/{stage}/{model}/quick/seed-{seed}.json")
    # What can be watched is no result: its names have the time and the host in them.
    passing = ("logs/", "live/")
    made = {name for name in computed.files("results/synthetic") if not name.startswith(passing)}
    assert made == expected
    results = computed.folder / "results/synthetic"
    comparison = rows(results / "compare/comparison.csv")
    assert ",".join(comparison[0]).startswith(
        "model,recipe,seeds,total_params,total_size_mb,min_loss,final_loss,"
        "test_accuracy_percent,test_accuracy_std,train_seconds,"
    )
    assert [(row["model"], row["recipe"], row["seeds"]) for row in comparison] == [
        ("cnn_2", "quick", "2"),
        ("cnn_3", "quick", "2"),
    ]
    assert [(row["model"], int(row["seed"])) for row in rows(results / "compare/runs.csv")] == RUNS
    history = rows(results / "runs/cnn_2/quick/seed-0/history.csv")
    assert list(history[0]) == ["step", "loss", "learning_rate"]
    assert [row["step"] for row in history] == ["1", "2", "3", "4"]
    training = json.loads((results / "runs/cnn_2/quick/seed-0/training.json").read_text())
    assert training["final_loss"] == float(history[-1]["loss"])
    assert (training["device"], training["threads"]) == ("cpu", 1)


def test_a_second_run_has_nothing_to_do(computed):
    result = computed.snakemake()
    assert result.returncode == 0
    assert "Nothing to be done" in result.stdout + result.stderr


def test_an_unused_model_and_the_order_of_keys_change_nothing(computed):
    values = copy.deepcopy(SMALL)
    values["models"] = {"cnn_1": {"blocks": 1, "family": "cnn"}}
    quick = values["recipes"]["quick"]
    quick["optimizer"] = dict(reversed(quick["optimizer"].items()))
    values["recipes"]["quick"] = dict(reversed(quick.items()))
    computed.configure(values)
    assert computed.would_run() == {}


def test_the_same_run_again_gives_the_same_bytes(computed):
    run = computed.folder / "results/synthetic/runs/cnn_3/quick/seed-1"
    names = ("weights.safetensors", "history.csv", "predictions.npz")
    before = {name: (run / name).read_bytes() for name in names}
    for name in names:
        (run / name).unlink()
    targets = [(run / name).relative_to(computed.folder) for name in names]
    result = computed.snakemake(*targets)
    assert result.returncode == 0, result.stderr
    assert {name: (run / name).read_bytes() for name in names} == before


def test_the_report_target_makes_the_report_alone(computed):
    report = computed.folder / "results/synthetic/report/report.en.html"
    before = report.read_bytes()
    report.unlink()
    assert computed.would_run("report") == {"report": 1}
    result = computed.snakemake("report")
    assert result.returncode == 0, result.stderr
    assert report.read_bytes() == before


def test_snakemakes_own_report_holds_every_table_figure_and_report(computed):
    results = computed.folder / "results/synthetic"
    wanted = [*results.glob("compare/*.csv"), *results.glob("figures/*.svg")]
    wanted += [*results.glob("cost/*.svg"), *results.glob("report/report.*.html")]
    assert len(wanted) > 15
    result = computed.snakemake("--report", "report.zip")
    assert result.returncode == 0, result.stderr
    with zipfile.ZipFile(computed.folder / "report.zip") as archive:
        names = " ".join(archive.namelist())
        page = archive.read(next(n for n in archive.namelist() if n.endswith("report.html")))
    for path in wanted:
        assert path.name in names
    captions = (
        "mean over its seeds",
        "losses and learning rate of cnn_2 with quick",
        "the classes that cnn_3 with quick took them for",
    )
    for text in ("1 Report", "2 Tables", "3 Charts", "Models: accuracy, rank and cost", *captions):
        assert text.encode() in page


def test_a_module_among_the_figures_is_drawn_for_every_row_without_another_edit(project):
    path = project.folder / "scripts/reporting/figures/loss.py"
    path.with_name("another.py").write_text(path.read_text())
    jobs = project.would_run()
    assert (jobs["another"], jobs["loss"]) == (2, 2)


def test_a_device_that_is_not_there_is_one_clear_line(project):
    import torch

    if torch.cuda.is_available():
        pytest.skip("this machine has the GPU that the test expects to be missing")
    project.configure({**SMALL, "device": "cuda"})
    result = project.snakemake()
    assert result.returncode != 0
    assert "error: device cuda was asked for and cannot be used: no GPU found" in result.stderr
    assert "Traceback" not in result.stderr
    assert not [name for name in project.files() if "/runs/" in name]


def test_a_fault_in_the_configuration_ends_before_any_job(project):
    values = copy.deepcopy(SMALL)
    values["recipes"]["quick"]["optimizer"]["learning_rat"] = 0.1
    project.configure(values)
    result = project.snakemake()
    assert result.returncode != 0
    lines = result.stderr.splitlines()
    assert "error in the configuration: the settings are not valid:" in lines
    assert lines[-1].startswith("  recipes.quick.optimizer.learning_rat: unknown key")
    assert "did you mean learning_rate?" in result.stderr
    assert "Traceback" not in result.stderr
    assert project.files() == []


def test_a_language_without_a_catalogue_ends_before_any_job(project):
    project.configure({**SMALL, "report": {"languages": ["en", "fr"]}})
    result = project.snakemake()
    assert result.returncode != 0
    assert result.stderr.splitlines()[-1] == (
        "error in the configuration: report.languages: expected en, zh, found 'fr'; another "
        "language needs a catalogue at templates/locale/fr/LC_MESSAGES/report.po"
    )
    assert project.files() == []


def test_a_target_of_an_unknown_model_is_one_clear_line(project):
    result = project.snakemake("results/synthetic/cost/cnn_9.json")
    assert result.returncode != 0
    assert "No rule to produce results/synthetic/cost/cnn_9.json" in result.stderr
    assert "Traceback" not in result.stderr


def test_a_missing_archive_is_one_clear_line_and_leaves_nothing(project):
    dataset = {"name": "mine", "source": "absent.tar.gz", "md5": "0" * 32}
    project.configure({**SMALL, "dataset": dataset})
    result = project.snakemake()
    assert result.returncode != 0
    assert "dataset.source: expected a file at absent.tar.gz, found none" in result.stderr
    assert "Traceback" not in result.stderr
    assert project.files() == []


def test_the_real_archive_is_selected_and_prepared(project, real_config):
    # The configuration's paths are relative to the project, and this is a copy of it elsewhere.
    dataset = yaml.safe_load(real_config.read_text())["dataset"]
    dataset["source"] = str((ROOT / dataset["source"]).resolve())
    project.configure({"dataset": dataset})
    manifest = "results/cifar100/data/manifest.json"
    result = project.snakemake(manifest)
    assert result.returncode == 0, result.stderr
    content = json.loads((project.folder / manifest).read_text())
    assert content["counts"] == {"train": 50_000, "test": 10_000}
    assert content["source"]["md5"] == dataset["md5"]
    with open(ROOT / "config/published.csv", encoding="utf-8") as file:
        published_of = {row["images_sha256"] for row in csv.DictReader(file)}
    # Whatever the order in its archive.
    assert published_of == {content["images_sha256"]}
    assert content["fine_names"][:2] == ["apple", "aquarium_fish"]
    assert content["coarse_names"][content["coarse_of_fine"][0]] == "fruit_and_vegetables"
    assert content["channel_mean"] == pytest.approx([0.5071, 0.4865, 0.4409], abs=1e-4)
    assert content["channel_std"] == pytest.approx([0.2673, 0.2564, 0.2762], abs=1e-4)
