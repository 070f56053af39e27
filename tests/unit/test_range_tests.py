"""Learning-rate range tests in the report: the chart, what it says, and which runs are tests."""

import numpy as np
import pytest
from drawings import draw_figure
from test_comparison import write_run
from test_figures import texts_of
from test_report import TEMPLATES, language, write_data, write_tables

from cifarlab.comparison.range_tests import is_range_test
from cifarlab.comparison.results import RunFolder
from cifarlab.training.rates import learning_rates
from cifarlab.training.recipes import Recipe
from engine.files import write_csv
from engine.settings import checked_settings
from reporting.curves import over_rates
from reporting.figures import FIGURES
from reporting.gather import Results, gather
from reporting.render import render

N_STEPS = 400
RANGE_TEST = {"name": "rate_range_test", "start": 1e-4}


def rates_of(schedule=RANGE_TEST):
    optimizer = {"name": "sgd", "learning_rate": 1.0}
    values = {"epochs": 1, "batch_size": 8, "optimizer": optimizer, "schedule": schedule}
    return np.array(learning_rates(checked_settings(Recipe, values), N_STEPS))


def range_test(folder, model, seed=0, best=0.01, recipe="rates"):
    """The folder of a test whose loss is a parabola over the logarithm of the rate."""
    run = write_run(folder, model, seed, 40.0, recipe, changed_recipe={"schedule": RANGE_TEST})
    rates = rates_of()
    losses = 2 + seed + np.log10(rates / best) ** 2
    rows = [
        {"step": number + 1, "loss": loss, "learning_rate": rate}
        for number, (loss, rate) in enumerate(zip(losses, rates, strict=True))
    ]
    write_csv(run / "history.csv", rows)
    return run


def reported(folder, runs):
    """(HTML, Markdown) of a report of trainings alone, none of which was compared."""
    (folder / "compare").mkdir()
    write_data(folder / "data", synthetic=False)
    write_tables(folder, [])
    tests = [run for run in runs if is_range_test(RunFolder(run).training["recipe"])]
    if tests:
        draw_figure(folder, FIGURES["range_tests"], tests)
    return render(gather(Results(folder, trained=tuple(runs))), TEMPLATES, language())


def test_losses_stand_over_the_learning_rates_of_their_steps(tmp_path):
    histories = [RunFolder(range_test(tmp_path, "m", seed)).history for seed in (0, 1)]
    rates, losses = over_rates(histories)
    assert (np.diff(rates) > 0).all()
    # An average over 8 steps hardly changes a parabola; of seeds it is the mean.
    assert losses == pytest.approx(2.5 + np.log10(rates / 0.01) ** 2, abs=0.01)
    assert rates_of()[0] <= rates[0] < rates_of()[8]
    assert rates_of()[-9] < rates[-1] <= rates_of()[-1] == 1.0


@pytest.mark.parametrize("shape", ["exponential", "line"])
def test_a_rate_is_that_of_the_middle_step(tmp_path, shape):
    folder = RunFolder(range_test(tmp_path, "m"))
    rates = rates_of({**RANGE_TEST, "shape": shape})
    # The first average is over steps 1 to 8: its middle is between the fourth and the fifth.
    found, _ = over_rates([folder.history.assign(learning_rate=rates)])
    assert found[0] == pytest.approx((rates[3] * rates[4]) ** 0.5)


def test_the_chart_has_a_line_for_each_test_over_a_logarithmic_axis(tmp_path):
    runs = [range_test(tmp_path, name) for name in ("a", "b")]
    texts = texts_of(FIGURES["range_tests"].draw(runs=runs))
    assert {"a", "b", "learning rate", "training loss, smoothed"} <= set(texts)
    # Powers of ten, the exponents raised.
    assert {"10"} <= {text[:2] for text in texts}


def test_a_sentence_says_where_the_loss_was_lowest_or_that_it_still_fell(tmp_path):
    folder = tmp_path / "cifar100"
    runs = [range_test(folder, "bends"), range_test(folder, "falls", best=30.0)]
    for page in reported(folder, runs):
        assert "bends with rates, 0.00011 to 0.92: lowest smoothed loss 2.001 at a lear" in page
        assert "falls with rates, 0.00011 to 0.92: the smoothed loss is lowest at the end" in page
        assert "Learning-rate range tests" in page


def test_trainings_with_other_schedules_are_no_tests(tmp_path):
    folder = tmp_path / "cifar100"
    runs = [write_run(folder, "m", 0, 40.0, "plain", validation=0.1)]
    for page in reported(folder, runs):
        assert "Learning-rate range tests" not in page
    assert is_range_test({"schedule": "rate_range_test"})
    assert not is_range_test({"schedule": {"name": "one_cycle", "rise": 0.2}})
