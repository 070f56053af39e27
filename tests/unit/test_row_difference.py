"""The interval of a difference covers other test images and other seeds."""

import numpy as np
import pytest

from cifarlab.comparison.results import RunFolder
from cifarlab.comparison.row_difference import (
    differences_between,
    paired_interval,
    right_images,
)
from cifarlab.evaluation.logits import save_predictions


def test_with_one_seed_it_is_the_interval_of_the_mean_over_the_images():
    generator = np.random.default_rng(0)
    first, second = generator.random((1, 2000)) < 0.4, generator.random((1, 2000)) < 0.45
    points, low, high = paired_interval(first, second)
    differences = second[0].astype(int) - first[0]
    assert points == pytest.approx(100 * differences.mean())
    half = 100 * 1.96 * differences.std(ddof=1) / 2000**0.5
    assert (low, high) == pytest.approx((points - half, points + half), abs=0.01)


def test_with_several_seeds_it_is_the_interval_of_a_crossed_design():
    first = np.zeros((3, 4), dtype=bool)
    second = np.array([[0, 0, 0, 0], [1, 0, 1, 0], [1, 1, 1, 1]], dtype=bool)
    differences = 100 * second
    of_seeds, of_images = differences.mean(axis=1), differences.mean(axis=0)
    rest = differences - of_seeds[:, None] - of_images + differences.mean()
    parts = np.array(
        [of_seeds.var(ddof=1) / 3, of_images.var(ddof=1) / 4, -(rest**2).sum() / 6 / 12]
    )
    points, low, high = paired_interval(first, second)
    assert points == 50
    freedom = parts.sum() ** 2 / (parts**2 / [2, 3, 6]).sum()
    # Student's quantile of one degree of freedom.
    assert 1 < freedom < 2
    assert (high - low) / 2 == pytest.approx(12.706 * parts.sum() ** 0.5, abs=0.01)


def test_seeds_that_disagree_make_it_wider_than_the_images_alone():
    generator = np.random.default_rng(1)
    first = generator.random((3, 10_000)) < 0.44
    alike = generator.random((3, 10_000)) < 0.46
    apart = generator.random((3, 10_000)) < np.array([[0.40], [0.46], [0.52]])
    narrow, wide = (
        high - low for _, low, high in (paired_interval(first, s) for s in (alike, apart))
    )
    assert narrow < 10 < 50 < wide


def simulated(generator, n_seeds, n_images):
    """Two tables of images recognised, of models that are equally good in the mean over all."""
    easy = generator.beta(1.2, 1.5, n_images)
    tables = []
    for _ in range(2):
        taste = generator.normal(0, 0.15, n_images)
        luck = generator.normal(0, 0.01, (n_seeds, 1))
        tables.append(generator.random((n_seeds, n_images)) < easy + taste + luck)
    return tables


@pytest.mark.parametrize("n_seeds", [2, 3, 6])
def test_it_covers_the_difference_in_nearly_95_of_100_simulations(n_seeds):
    generator = np.random.default_rng(n_seeds)
    n_covered = 0
    for _ in range(400):
        _, low, high = paired_interval(*simulated(generator, n_seeds, 400))
        n_covered += low <= 0 <= high
    # 95 % of 400, and three standard deviations of that.
    assert 367 <= n_covered <= 393


def test_models_that_recognise_the_same_images_differ_by_nothing():
    right = np.array([[True, False, True]])
    assert paired_interval(right, right) == (0, 0, 0)


@pytest.mark.parametrize("shapes", [((1, 3), (1, 4)), ((3,), (3,)), ((2, 1), (2, 1))])
def test_tables_that_are_no_pair_are_refused(shapes):
    with pytest.raises(ValueError, match="seeds, images"):
        paired_interval(*(np.zeros(shape, dtype=bool) for shape in shapes))


def test_a_tie_counts_against_the_model():
    logits = np.array([[0.5, 0.2], [0.5, 0.5], [0.1, 0.2]])
    assert right_images(logits, np.array([0, 1, 0])).tolist() == [True, False, False]


def write(folder, model, seed, right):
    path = folder / f"runs/{model}/r/seed-{seed}"
    path.mkdir(parents=True)
    labels = np.arange(len(right)) % 2
    predicted = np.where(right, labels, 1 - labels)
    save_predictions(path / "predictions.npz", np.eye(2, dtype=np.float32)[predicted], labels)
    return RunFolder(path)


def test_rows_are_compared_on_the_seeds_that_both_have(tmp_path):
    runs = [
        write(tmp_path, "a", 0, [0, 0, 0, 1]),
        write(tmp_path, "a", 1, [1, 1, 1, 1]),
        write(tmp_path, "b", 0, [0, 1, 1, 1]),
        write(tmp_path, "b", 2, [0, 0, 0, 0]),
        write(tmp_path, "c", 3, [0, 0, 0, 0]),
    ]
    difference = differences_between(runs)
    points, low, high, seeds = difference(("a", "r"), ("b", "r"))
    assert (points, seeds) == (50, 1)
    assert low < points < high
    assert difference(("b", "r"), ("a", "r"))[0] == -50
    assert difference(("a", "r"), ("c", "r")) is None
