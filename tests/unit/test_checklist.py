"""Every answer of the checklist follows the data."""

import json
from dataclasses import replace

import pytest
from test_report import TEMPLATES, content_of, language, write_results

from cifarlab.comparison.failures import Failure
from reporting.page_text import PageText
from reporting.render import render
from reporting.sections.checklist import checklist
from reporting.sections.not_run import not_run

CLEAN = {"commit": "0123abcd" * 5, "dirty": False}
SHA256 = {"train_images.npy": "a" * 64}
VERSIONS = {"torch": "2.14.1"}
QUESTIONS = {
    "images": "Is it known which images these are?",
    "bytes": "Did all runs train on the same bytes?",
    "test": "Was nothing chosen on the test split?",
    "source": "Did every run come from a committed state of the source?",
    "versions": "Were the locked versions of torch and torchvision used?",
    "seeds": "Does every model have more than one seed?",
    "uncertainty": "Does every accuracy that is compared carry its uncertainty?",
    "bits": "Does every run give the same bits when it is repeated?",
    "times": "Can the times be compared?",
    "throughputs": "Can the throughputs be compared?",
    "all": "Is every run that was asked for in the tables?",
}


@pytest.fixture(scope="module")
def content(tmp_path_factory):
    """A comparison of which every question can be answered with yes: cnn_2 with two seeds."""
    folder = tmp_path_factory.mktemp("results") / "cifar100"
    write_results(folder, source=CLEAN, versions=VERSIONS)
    return content_of(folder, versions=VERSIONS)


def answers(content):
    """Answer and evidence by the short name of the question."""
    say = PageText(language(), is_html=False)
    items = {item.question: item for item in checklist(content)}
    assert set(items) == set(QUESTIONS.values())
    return {
        name: (items[question].answer, say(items[question].evidence, **items[question].values))
        for name, question in QUESTIONS.items()
    }


def with_record(content, **changed):
    """The content, with other values in the record of the first run's training."""
    (row,) = content.rows
    run = row.runs[0]
    folder = replace(run.folder)
    folder.__dict__["training"] = {**run.training, **changed}
    runs = [replace(run, folder=folder), *row.runs[1:]]
    return replace(content, rows=[replace(row, runs=runs)])


def with_measured(content, **changed):
    """The content, with other values in the row of the comparison."""
    (row,) = content.rows
    return replace(content, rows=[replace(row, measured={**row.measured, **changed})])


def test_all_can_be_answered_with_yes(content):
    assert {name: answer for name, (answer, _) in answers(content).items()} == dict.fromkeys(
        QUESTIONS, True
    )


NO = {
    "images": lambda c: replace(c, manifest={**c.manifest, "source": {"synthetic": False}}),
    "bytes": lambda c: with_record(c, dataset_sha256={"train_images.npy": "c" * 64}),
    "test": lambda c: with_record(c, dataset_sha256={**SHA256, "test_images.npy": "d" * 64}),
    "source": lambda c: with_record(c, source={**CLEAN, "dirty": True}),
    "versions": lambda c: with_record(c, versions={"torch": "2.15.0"}),
    "seeds": lambda c: with_measured(c, seeds=1),
    "uncertainty": lambda c: with_measured(c, test_accuracy_low_percent=float("nan")),
    "bits": lambda c: with_record(c, device="cuda"),
    "times": lambda c: with_record(c, threads=64),
    "throughputs": lambda c: with_measured(c, throughput_spread_percent=10.1),
    "all": lambda c: replace(c, failures=[Failure("cnn_3", "r", 0, {"step": 1})]),
}


@pytest.mark.parametrize("name", QUESTIONS)
def test_an_answer_turns_to_no_with_its_data_and_the_evidence_with_it(content, name):
    before, after = answers(content)[name], answers(NO[name](content))[name]
    assert before[0] is True
    assert after[0] is False
    assert before[1] != after[1]


def test_a_version_that_was_not_recorded_is_not_the_locked_one(content):
    unknown = with_record(content, versions={})
    answer, evidence = answers(unknown)["versions"]
    assert (answer, evidence) == (False, "runs with others: 1 of 2")
    assert "torch – instead of" in render(unknown, TEMPLATES, language())[1]


def test_seeds_without_their_deviation_are_an_uncertainty_that_is_missing(content):
    answer, evidence = answers(with_measured(content, test_accuracy_std=float("nan")))[
        "uncertainty"
    ]
    assert answer is False
    assert "without their deviation: 1" in evidence


def test_an_interval_that_does_not_cover_seeds_is_an_uncertainty_that_is_missing(content):
    answer, evidence = answers(with_measured(content, seeds=1))["uncertainty"]
    assert answer is False
    assert "images and seeds: 0 of 1; over test images alone, of one seed: 1" in evidence


def test_runs_that_were_asked_for_and_are_not_there_are_counted_and_named(content):
    asked = [{"models": ["cnn_2"], "recipes": ["r"], "seeds": [0, 1, 2]}]
    incomplete = replace(content, configuration={"runs": asked})
    answer, evidence = answers(incomplete)["all"]
    assert answer is False
    assert "missing for other reasons: 1" in evidence
    say = PageText(language(), is_html=False)
    assert "cnn\\_2, recipe r, seed 2 was asked for and has no results here." in [
        say(sentence.message, **sentence.values) for sentence in not_run(incomplete)
    ]
    # One that failed is told of as such, once.
    failed = replace(incomplete, failures=[Failure("cnn_2", "r", 2, {"step": 1})])
    assert failed.missing == []


def test_what_cannot_be_known_is_unknown(content, tmp_path):
    unknown = write_results(tmp_path / "cifar100", source=None)
    found = answers(content_of(unknown))
    assert (found["source"][0], found["versions"][0]) == (None, None)


def test_synthetic_images_are_known_by_their_seed(tmp_path):
    folder = write_results(tmp_path / "synthetic", synthetic=True)
    assert answers(content_of(folder))["images"] == (
        True,
        "seed 0 of the procedure that draws them",
    )
    manifest = json.loads((folder / "data/manifest.json").read_text())
    del manifest["source"]["seed"]
    (folder / "data/manifest.json").write_text(json.dumps(manifest))
    assert answers(content_of(folder))["images"][0] is False


@pytest.mark.parametrize(("seconds", "is_steady"), [(66.0, True), (66.1, False), (54.0, False)])
def test_times_of_the_same_work_that_differ_by_more_than_a_tenth_are_noticed(
    content, seconds, is_steady
):
    # The other seed took 60 seconds.
    answer, evidence = answers(with_record(content, train_seconds=seconds))["times"]
    assert answer is is_steady
    words = "models whose seeds took times that differ by more than 10\u00a0%: "
    assert evidence.endswith(words + ("0" if is_steady else "1"))


def test_times_of_other_work_are_not_expected_to_agree(content):
    other = {"train_seconds": 120.0}
    assert with_record(content, **other).unsteady
    for difference in (
        {"steps": 20},
        {"threads": 1},
        {"device_name": "another"},
        {"parts": [{"steps": 4, "seconds": 20.0}, {"steps": 6, "seconds": 100.0}]},
    ):
        assert not with_record(content, **other, **difference).unsteady


def two_models(content, **larger):
    """cnn_2 beside a model that contains it; larger: what the row of that one has instead."""
    (row,) = content.rows
    head = {"name": "head", "kind": "Linear", "kernel_size": None, "parameters": 7, "children": []}
    block = {**head, "name": "block", "kind": "Conv2d", "kernel_size": [5, 5]}
    more = {**block, "name": "more"}
    rows = []
    for number, layers in enumerate(([block, head], [block, more, head])):
        structure = {**row.cost["structure"], "children": layers, "parameters": 7 * len(layers)}
        measured = {**row.measured, "throughput_images_per_second": 2000.0}
        rows.append(
            replace(
                row, number=number, cost={**row.cost, "structure": structure}, measured=measured
            )
        )
    measured = {**rows[1].measured, "multiply_adds": 9_400_000}
    changed = {name: larger.pop(name) for name in ("threads", "device_name") if name in larger}
    rows[1] = replace(
        rows[1], model="cnn_3", cost={**rows[1].cost, **changed}, measured=measured | larger
    )
    return replace(content, rows=rows)


def test_a_model_that_is_faster_than_one_that_it_contains_was_measured_beside_other_work(content):
    fast = {"throughput_images_per_second": 2201.0}
    answer, evidence = answers(two_models(content, **fast))["throughputs"]
    assert answer is False
    assert evidence.endswith(
        "that are faster than a smaller one that they contain: cnn\\_3 (contains cnn\\_2)"
    )
    for others in (
        # What agrees within a tenth may be either way round.
        {"throughput_images_per_second": 2199.0},
        {"throughput_images_per_second": 1000.0},
        {**fast, "multiply_adds": 4_000_000},
        {**fast, "multiply_adds": float("nan")},
        {**fast, "threads": 8},
        {**fast, "device_name": "another"},
    ):
        answer, evidence = answers(two_models(content, **others))["throughputs"]
        assert answer is True
        assert evidence.endswith("contain: 0")


def test_throughputs_that_were_not_measured_are_unknown(content):
    unmeasured = {"throughput_images_per_second": None, "throughput_spread_percent": None}
    assert answers(with_measured(content, **unmeasured))["throughputs"][0] is None
