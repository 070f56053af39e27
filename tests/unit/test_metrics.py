"""Metrics, against values worked out by hand or by torch."""

import numpy as np
import pytest
import torch

from cifarlab.comparison.columns import columns_from
from cifarlab.evaluation.accuracy import top_k_accuracy
from cifarlab.evaluation.calibration import (
    brier_score,
    expected_calibration_error,
    fit_temperature,
)
from cifarlab.evaluation.metrics import (
    class_accuracies,
    class_precisions,
    confusion,
    mean_cross_entropy,
    metrics_of,
    superclass_accuracy,
)
from cifarlab.evaluation.selection import risk_coverage_area
from cifarlab.evaluation.subsets import subset_metrics

LOGITS = np.array([[3.0, 1, 2, 0], [0, 1, 2, 3], [5, 4, 3, 2], [0, 9, 8, 7]], dtype=np.float32)
LABELS = np.array([0, 2, 3, 2])


def test_top_k_counts_the_label_among_the_k_largest():
    assert [top_k_accuracy(LOGITS, LABELS, k) for k in (1, 2, 3, 4)] == [0.25, 0.75, 0.75, 1.0]


def test_a_tie_counts_against_the_model():
    assert top_k_accuracy(np.zeros((8, 4)), np.zeros(8, dtype=int), 1) == 0
    assert top_k_accuracy(np.zeros((8, 4)), np.zeros(8, dtype=int), 4) == 1


def test_superclass_accuracy_forgives_a_wrong_class_of_the_right_superclass():
    # predicted 0, 3, 0, 1 of labels 0, 2, 3, 2
    assert superclass_accuracy(LOGITS, LABELS, [0, 0, 1, 1]) == 0.5


def test_classes_without_superclasses_have_no_accuracy_of_them():
    with_them, without = (metrics_of(LOGITS, LABELS, of) for of in ([0, 0, 1, 1], None))
    assert with_them["superclass_accuracy_percent"] == 50
    assert without.keys() == with_them.keys()
    assert without["superclass_accuracy_percent"] is None


def test_mean_loss_is_the_mean_over_images():
    generator = np.random.default_rng(0)
    logits = generator.normal(scale=30, size=(50, 10)).astype(np.float32)
    labels = generator.integers(10, size=50)
    expected = torch.nn.functional.cross_entropy(
        torch.tensor(logits, dtype=torch.float64), torch.tensor(labels)
    )
    assert mean_cross_entropy(logits, labels) == pytest.approx(expected.item(), rel=1e-12)


def test_class_accuracies_are_per_class_and_unknown_without_images():
    accuracies = class_accuracies(LOGITS, LABELS)
    assert accuracies[[0, 2, 3]].tolist() == [1, 0, 0]
    assert np.isnan(accuracies[1])


def test_confusion_counts_true_classes_in_rows_and_predicted_ones_in_columns():
    # predicted 0, 3, 0, 1 of labels 0, 2, 3, 2
    counts = confusion(LOGITS, LABELS)
    assert counts.tolist() == [[1, 0, 0, 0], [0, 0, 0, 0], [0, 1, 0, 1], [1, 0, 0, 0]]


def test_every_column_of_a_metric_is_one():
    metrics = metrics_of(LOGITS, LABELS) | subset_metrics(LOGITS, LABELS)
    of_classes = {"confusion", "class_accuracy_percent", "class_precision_percent"}
    assert set(columns_from("metrics")) == set(metrics) - of_classes - {"risk_coverage"}


def test_confusion_agrees_with_the_accuracies():
    generator = np.random.default_rng(0)
    logits, labels = generator.normal(size=(500, 7)), generator.integers(7, size=500)
    counts = confusion(logits, labels)
    assert np.trace(counts) / counts.sum() == top_k_accuracy(logits, labels, 1)
    per_class = np.diag(counts) / counts.sum(axis=1)
    assert per_class.tolist() == class_accuracies(logits, labels).tolist()


def test_logits_that_are_no_numbers_are_refused():
    with pytest.raises(ValueError, match="NaN"):
        top_k_accuracy(np.full((4, 3), np.nan), np.zeros(4, dtype=int), 1)


@pytest.mark.parametrize(
    "metric",
    [
        *(lambda x, y: top_k_accuracy(x, y, 1), mean_cross_entropy, confusion, class_precisions),
        *(brier_score, expected_calibration_error, fit_temperature, risk_coverage_area),
    ],
)
def test_shapes_that_do_not_agree_are_refused(metric):
    with pytest.raises(ValueError, match="expected logits"):
        metric(LOGITS, LABELS[:3])
    with pytest.raises(ValueError, match="expected logits"):
        metric(LOGITS[:0], LABELS[:0])
