"""What the data hides, through Snakemake: what is measured once more, and what never is."""

import copy
import csv
import json

import numpy as np
import pytest
from edits import RESULTS, setting, write_list
from project import SMALL
from staleness_table import END, Scene, drawn_from, jobs_in, made_by, of, would_make

RUNS = [f"{model}/quick/{seed}" for model in ("cnn_2", "cnn_3") for seed in (0, 1)]
ROWS = ["cnn_2/quick", "cnn_3/quick"]
METRICS = of("metrics", RUNS) | of(drawn_from("metrics", per="row"), ROWS) | END
METRICS |= set(drawn_from("metrics", per="comparison").split())
HEAD = "test_index,given_label,corrected_label\n"


def evaluated(project, **values):
    """Set keys of `evaluation`."""
    project.configure({**copy.deepcopy(SMALL), "evaluation": values})


def line(project, index, corrected):
    """A line of a list that fits."""
    data = project.folder / RESULTS / "data"
    names = json.loads((data / "classes.json").read_text())["fine_names"]
    return f"{index},{names[np.load(data / 'test_labels.npy')[index]]},{corrected}\n"


def compared(project, column):
    with (project.folder / RESULTS / "compare/comparison.csv").open() as file:
        return [row[column] for row in csv.DictReader(file)]


def test_a_list_of_corrected_labels_and_its_edit_measure_again_and_train_nothing(computed):
    assert compared(computed, "test_accuracy_by_corrected_labels_percent") == ["", ""]
    write_list(HEAD + line(computed, 3, ""))(computed)
    evaluated(computed, label_corrections="wrong.csv")
    assert made_by(computed) == {"corrections"} | METRICS
    assert "" not in compared(computed, "test_accuracy_by_corrected_labels_percent")
    report = (computed.folder / RESULTS / "report/report.en.md").read_text()
    assert "changes 0 labels and strikes 1 images" in report
    write_list(HEAD + line(computed, 3, "") + line(computed, 4, ""))(computed)
    assert would_make(computed) == {"corrections"} | METRICS
    assert made_by(computed) == {"corrections"} | METRICS
    write_list(HEAD + line(computed, 3, "") + line(computed, 4, ""))(computed)
    assert would_make(computed) == set()
    evaluated(computed)
    assert made_by(computed) == METRICS
    assert compared(computed, "test_accuracy_by_corrected_labels_percent") == ["", ""]


def test_a_list_for_other_images_is_refused_with_one_line_before_any_job(computed):
    other = line(computed, 3, "").replace("3,", "4,", 1)
    write_list(HEAD + other)(computed)
    evaluated(computed, label_corrections="wrong.csv")
    result = computed.snakemake()
    assert result.returncode == 1
    text = result.stdout + result.stderr
    assert text.count("wrong.csv does not fit the test labels of this data: line 2 says") == 1
    assert "Traceback" not in text
    assert jobs_in(text) == set()


@pytest.mark.long
def test_where_there_are_no_images_yet_the_first_job_after_them_refuses_a_list(project):
    write_list(HEAD + "0,no class,\n")(project)
    evaluated(project, label_corrections="wrong.csv")
    result = project.snakemake("--until", "corrections")
    assert result.returncode == 1
    text = result.stdout + result.stderr
    assert "wrong.csv, line 2: expected the name of a class as given_label" in text
    assert "Traceback" not in text
    assert jobs_in(text) == {"data", "corrections"}
    assert not (project.folder / RESULTS / "data/corrected_labels.json").exists()


@pytest.mark.long
def test_corruptions_are_measured_where_they_are_asked_for_and_train_nothing(made):
    runs = Scene().runs
    setting("evaluation", value={"corruptions": ["contrast"]})(made)
    assert made_by(made) == of("robustness", runs) | END
    assert "" not in compared(made, "corrupted_accuracy_percent")
    report = (made.folder / RESULTS / "report/report.en.md").read_text()
    assert "Corrupted images" in report
    setting("evaluation", value={"corruptions": ["contrast", "pixelation"]})(made)
    assert would_make(made) == of("robustness", runs) | END
    setting("evaluation", value={})(made)
    # The files stay, and no table has them.
    assert made_by(made) == END
    assert set(compared(made, "corrupted_accuracy_percent")) == {""}
    assert list(made.folder.glob(f"{RESULTS}/runs/*/quick/*/robustness.csv"))


def test_no_training_waits_for_the_search_for_duplicates(project):
    result = project.snakemake("--dry-run", "--until", "train")
    assert result.returncode == 0, result.stderr
    assert "rule train" in result.stdout + result.stderr
    assert "rule duplicates" not in result.stdout + result.stderr
