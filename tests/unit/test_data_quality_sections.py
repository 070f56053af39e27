"""What the report says of doubtful and corrected labels, and of corrupted images."""

import re
from dataclasses import replace

import pytest
from test_report import TEMPLATES, content_of, language, write_results

from reporting.render import render
from reporting.sections.data_quality import MOST_DOUBTS, correction_sentences, doubt_sentences

ACCURACIES = {("cnn_2", "r"): (41.25, 43.75), ("cnn_3", "r"): (50.0,)}


@pytest.fixture(scope="module")
def content(tmp_path_factory):
    folder = tmp_path_factory.mktemp("results") / "cifar100"
    return content_of(write_results(folder, accuracies=ACCURACIES, by_corrected_labels=44.0))


def said(sentences):
    return " ".join(sentence.message % sentence.values for sentence in sentences)


def pages(content, code="en"):
    return render(content, TEMPLATES, language(code), [])


def doubt(index):
    return {
        "test_index": index,
        "given_label": f"given{index}",
        "predicted_label": "other",
        "runs": 3,
        "mean_confidence_percent": 87.31,
    }


def test_doubtful_labels_are_counted_and_the_surest_are_shown(content):
    doubts = [doubt(index) for index in range(MOST_DOUBTS + 5)]
    content = replace(content, quality=replace(content.quality, doubts=doubts))
    assert f"On {len(doubts)} of the test images all 3 runs agree" in said(doubt_sentences(content))
    for page in pages(content):
        shown = {f"given{index}" for index in range(MOST_DOUBTS)}
        assert set(re.findall(r"given\d+", page)) == shown
    assert "在 25 张测试图像上" in pages(content, "zh")[1]


def test_where_no_label_is_doubtful_nothing_is_said_of_wrong_ones(content):
    content = replace(content, quality=replace(content.quality, doubts=[]))
    text = said(doubt_sentences(content))
    assert text.startswith("On no test image do all 3 runs agree")
    assert "wrong" not in text


def test_one_run_beside_trial_runs_is_said_to_doubt_nothing(content):
    trial = {**content.rows[0].measured, "trial": "max_steps"}
    rows = [replace(content.rows[0], measured=trial), content.rows[1]]
    text = said(doubt_sentences(replace(content, rows=rows)))
    assert "two runs or more" in text
    assert "agree" not in text


def test_corrections_are_told_where_a_list_was_given_with_what_they_change(content):
    assert correction_sentences(content) == []
    corrections = {"corrected": 12, "struck": 3, "labels": []}
    content = replace(content, quality=replace(content.quality, corrections=corrections))
    text = said(correction_sentences(content))
    assert "changes 12 labels and strikes 3 images" in text
    # 44 % instead of 42.5 % and of 50 %.
    assert "accuracies change by −6.00 to +1.50 points" in text
    assert "更改了 12 个标签，剔除了 3 张图像" in pages(content, "zh")[1]


@pytest.fixture(scope="module")
def corrupted(content):
    lines = [
        {
            "model": row.model,
            "recipe": row.recipe,
            "corruption": kind,
            "severity": severity,
            "test_accuracy_percent": row.accuracy - 10 * severity - shift,
        }
        for row in content.rows
        for shift, kind in enumerate(("jpeg", "gaussian_noise"))
        for severity in (1, 2)
    ]
    rows = [
        replace(row, measured={**row.measured, "corrupted_accuracy_percent": row.accuracy - 15.5})
        for row in content.rows
    ]
    rows[0].measured["trial"] = "max_steps"
    return replace(content, rows=rows, robustness=lines)


def test_accuracies_on_corrupted_images_are_means_of_severities_and_each_of_them(corrupted):
    for page in pages(corrupted):
        assert "Corrupted images" in page
        # Of cnn_3: all kinds, one kind, one severity of it.
        for text in ("34.50", "35.00", "34.00", "40.00", "29.00"):
            assert text in page
        table = page.split("not corrupted")[-1].split("Every severity")[0]
        assert table.count("trial run") == 1
    assert "损坏的图像" in pages(corrupted, "zh")[0]
    assert "高斯噪声" in pages(corrupted, "zh")[1]


def test_nothing_is_said_of_corrupted_images_where_none_were_measured(content):
    for page in pages(content):
        assert "Corrupted images" not in page
        assert "accuracy on corrupted images" not in page
