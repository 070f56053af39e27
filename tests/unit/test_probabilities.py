"""Metrics of probabilities and of single classes, against their definitions and scikit-learn."""

import json

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.calibration import CalibratedClassifierCV
from sklearn.frozen import FrozenEstimator
from sklearn.metrics import (
    brier_score_loss,
    confusion_matrix,
    log_loss,
    precision_recall_fscore_support,
)

from cifarlab.evaluation.accuracy import top_k_accuracy
from cifarlab.evaluation.calibration import (
    TEMPERATURES,
    brier_score,
    expected_calibration_error,
    fit_temperature,
)
from cifarlab.evaluation.logits import load_predictions, load_validation, save_predictions
from cifarlab.evaluation.metrics import (
    class_accuracies,
    class_precisions,
    confusion,
    errors_in_superclass,
    mean_cross_entropy,
    metrics_of,
)
from cifarlab.evaluation.selection import errors_by_coverage, risk_coverage, risk_coverage_area
from engine.files import to_json


def overconfident(n_images, seed=0, n_classes=10, factor=3.0):
    """Logits `factor` times those of which the labels are drawn: its temperature is `factor`."""
    generator = np.random.default_rng(seed)
    logits = generator.normal(scale=1.5, size=(n_images, n_classes))
    # The largest of logits with Gumbel noise is drawn by their softmax.
    labels = (logits + generator.gumbel(size=logits.shape)).argmax(axis=1)
    return (factor * logits).astype(np.float32), labels


LOGITS, LABELS = overconfident(3000)
SUPERCLASS_OF = np.arange(10) // 2


def softmax(logits):
    shares = np.exp(logits.astype(np.float64))
    return shares / shares.sum(axis=1, keepdims=True)


# --- against scikit-learn


def test_the_loss_and_the_brier_score_are_those_of_scikit_learn():
    probabilities = softmax(LOGITS)
    assert mean_cross_entropy(LOGITS, LABELS) == pytest.approx(log_loss(LABELS, probabilities))
    expected = brier_score_loss(LABELS, probabilities, scale_by_half=False)
    assert brier_score(LOGITS, LABELS) == pytest.approx(expected)


def test_confusion_precision_and_recall_are_those_of_scikit_learn():
    predicted = LOGITS.argmax(axis=1)
    expected = confusion_matrix(LABELS, predicted, labels=range(10))
    np.testing.assert_array_equal(confusion(LOGITS, LABELS), expected)
    precision, recall, *_ = precision_recall_fscore_support(LABELS, predicted, labels=range(10))
    np.testing.assert_allclose(class_precisions(LOGITS, LABELS), precision)
    np.testing.assert_allclose(class_accuracies(LOGITS, LABELS), recall)


class Logits(ClassifierMixin, BaseEstimator):
    """A classifier whose features are its logits."""

    classes_ = np.arange(10)

    def __sklearn_is_fitted__(self):
        return True

    def fit(self, x, y):
        return self

    def decision_function(self, x):
        return x

    def predict(self, x):
        return x.argmax(axis=1)


def test_the_temperature_is_that_of_scikit_learn():
    x = LOGITS.astype(np.float64)
    scaling = CalibratedClassifierCV(FrozenEstimator(Logits()), method="temperature").fit(x, LABELS)
    (fitted,) = scaling.calibrated_classifiers_
    (calibrator,) = fitted.calibrators
    assert fit_temperature(LOGITS, LABELS) == pytest.approx(1 / calibrator.beta_, rel=1e-4)


# --- calibration


def test_the_brier_score_reaches_from_none_to_two():
    certain = np.array([[100.0, 0, 0], [0, 100, 0]])
    assert brier_score(certain, [0, 1]) == pytest.approx(0)
    assert brier_score(certain, [1, 2]) == pytest.approx(2)


def test_the_calibration_error_is_the_mean_gap_of_bins_of_equal_mass():
    # Confidences 0.9, 0.8, 0.7, 0.6 of two classes; the most confident one is wrong.
    confidences = np.array([0.6, 0.9, 0.7, 0.8])
    logits = np.log(np.stack([confidences, 1 - confidences], axis=1))
    labels = np.array([0, 1, 0, 0])
    # {0.9, 0.8}: half of them right; {0.7, 0.6}: all of them.
    expected = (2 * abs(0.85 - 0.5) + 2 * abs(0.65 - 1)) / 4
    assert expected_calibration_error(logits, labels, n_bins=2) == pytest.approx(expected)
    # One bin: 0.75 of confidence and of accuracy.
    assert expected_calibration_error(logits, labels, n_bins=1) == pytest.approx(0)
    # Fewer images than bins: each is one.
    alone = (0.9 + 0.2 + 0.3 + 0.4) / 4
    assert expected_calibration_error(logits, labels) == pytest.approx(alone)


def test_the_calibration_error_is_small_where_labels_are_drawn_by_the_probabilities():
    logits, labels = overconfident(100_000, factor=1.0)
    assert expected_calibration_error(logits, labels) < 0.01
    assert expected_calibration_error(3 * logits, labels) > 0.1


def test_the_order_of_images_has_no_bearing_also_where_confidences_are_equal():
    # A third of the images of each confidence are wrong.
    logits = np.repeat(np.log([[0.9, 0.1], [0.6, 0.4]]), 30, axis=0)
    labels = (np.arange(60) % 3 == 0).astype(int)
    order = np.random.default_rng(0).permutation(60)
    for metric in (expected_calibration_error, risk_coverage_area):
        assert metric(logits[order], labels[order]) == pytest.approx(metric(logits, labels))
    worst_first = np.argsort(-labels, kind="stable")
    errors = errors_by_coverage(logits[worst_first], labels[worst_first])
    np.testing.assert_allclose(errors, 1 / 3)


def test_the_temperature_is_the_factor_by_which_logits_are_too_large():
    for factor in (0.5, 1.0, 3.0):
        logits, labels = overconfident(50_000, factor=factor)
        assert fit_temperature(logits, labels) == pytest.approx(factor, rel=0.03)


def test_no_other_temperature_gives_a_lower_loss():
    temperature = fit_temperature(LOGITS, LABELS)
    lowest = mean_cross_entropy(LOGITS / temperature, LABELS)
    for factor in (0.5, 0.99, 1.01, 2):
        assert mean_cross_entropy(LOGITS / (factor * temperature), LABELS) > lowest


def test_a_temperature_without_a_lowest_loss_is_at_the_end_of_what_is_looked_for():
    always_right = 5 * np.eye(4)
    assert fit_temperature(always_right, np.arange(4)) == TEMPERATURES[0]
    assert fit_temperature(always_right, (np.arange(4) + 1) % 4) == TEMPERATURES[1]


# --- coverage


def test_errors_by_coverage_are_those_of_the_most_confident_images():
    # From the most confident: right, wrong, right, wrong.
    confidences = np.array([0.6, 0.9, 0.7, 0.8])
    logits = np.log(np.stack([confidences, 1 - confidences], axis=1))
    labels = np.array([1, 0, 0, 1])
    errors = errors_by_coverage(logits, labels)
    np.testing.assert_allclose(errors, [0, 1 / 2, 1 / 3, 2 / 4])
    assert risk_coverage_area(logits, labels) == pytest.approx((0 + 1 / 2 + 1 / 3 + 2 / 4) / 4)
    curve = risk_coverage(logits, labels)
    assert curve["coverage_percent"] == list(range(1, 101))
    of = dict(zip(*curve.values(), strict=True))
    # A quarter is one image; of 26 % the second is begun.
    assert [of[percent] for percent in (25, 26, 50, 51, 100)] == pytest.approx(
        [0, 50, 50, 100 / 3, 50]
    )


def test_at_full_coverage_the_error_is_that_of_all_images():
    errors = risk_coverage(LOGITS, LABELS)["error_percent"]
    assert errors[-1] == pytest.approx(100 - 100 * top_k_accuracy(LOGITS, LABELS, 1))
    assert errors[0] < errors[49] < errors[-1]


# --- superclasses


def test_errors_in_the_superclass_are_a_share_of_the_errors_alone():
    # Labels 0, 0, 0, 3: right, the same superclass, another, another.
    logits = np.eye(4)[[0, 1, 2, 0]]
    share = errors_in_superclass(logits, np.array([0, 0, 0, 3]), np.array([0, 0, 1, 1]))
    assert share == pytest.approx(1 / 3)
    assert errors_in_superclass(np.eye(4), np.arange(4), np.array([0, 0, 1, 1])) is None


# --- all of a run


def test_what_needs_validation_is_not_given_without_it_and_never_fitted_on_the_test_split():
    names = ("temperature", "scaled_calibration_error_percent")
    without = metrics_of(LOGITS, LABELS, SUPERCLASS_OF)
    assert [without[name] for name in names] == [None, None]
    held_out = overconfident(2000, seed=1, factor=2.0)
    with_it = metrics_of(LOGITS, LABELS, SUPERCLASS_OF, validation=held_out)
    assert with_it["temperature"] == fit_temperature(*held_out) == pytest.approx(2, rel=0.1)
    scaled = LOGITS.astype(np.float64) / with_it["temperature"]
    expected = 100 * expected_calibration_error(scaled, LABELS)
    assert with_it["scaled_calibration_error_percent"] == expected
    others = {name: value for name, value in with_it.items() if name not in names}
    assert others == {name: value for name, value in without.items() if name not in names}


def test_a_class_that_nothing_is_of_or_taken_for_has_no_number():
    # Class 1 has no image and is taken once, class 2 has one and is never taken.
    metrics = metrics_of(np.eye(3)[[0, 1]], np.array([0, 2]))
    assert metrics["class_accuracy_percent"] == [100, None, 0]
    assert metrics["class_precision_percent"] == [100, 0, None]
    # JSON has no NaN.
    assert json.loads(to_json(metrics)) == metrics


def test_a_file_of_predictions_has_those_of_images_held_out_in_arrays_of_their_own(tmp_path):
    held_out = LOGITS[:7], LABELS[:7]
    for name, further in (("without", None), ("with", held_out)):
        save_predictions(tmp_path / name, LOGITS, LABELS, None, further)
        logits, labels = load_predictions(tmp_path / name)
        np.testing.assert_array_equal(logits, LOGITS)
        np.testing.assert_array_equal(labels, LABELS)
    assert load_validation(tmp_path / "without") is None
    for found, expected in zip(load_validation(tmp_path / "with"), held_out, strict=True):
        np.testing.assert_array_equal(found, expected)
