"""The bench's arithmetic, its page, how it fails, and that both loops train the same model."""

import json
import sys
import time

import numpy as np
import pytest
import torch
from benches import bench, plain
from benches.images import BenchImages, write_for_torchvision
from benches.jobs import commands_in, train_words
from benches.measuring import (
    BenchError,
    Finished,
    Spread,
    busy_between,
    busy_share,
    by_turns,
    describe_machine,
    keep,
    kept,
    ratios_of,
    run,
    run_bench,
    spread_of,
    start,
)
from benches.ours import Stopwatch
from benches.page import Point, goal, render, spread
from benches.points import comparison, jobs, many_runs, memory, step, training
from PIL import Image

from cifarlab.datasets.inputs import Images, InputSettings
from cifarlab.datasets.store import save_dataset
from cifarlab.datasets.synthetic import make_synthetic
from cifarlab.models.build import build_model
from cifarlab.models.families import ModelSettings
from cifarlab.training.recipes import Recipe
from cifarlab.training.steps import Stepper
from engine.settings import checked_settings, settings_from_json

BATCH_SIZE = plain.BATCH_SIZE
SOURCE = {"commit": "0123456789abcdef", "dirty": False}


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    """100 synthetic images to train on, as both loops read them."""
    folder = tmp_path_factory.mktemp("images")
    save_dataset(make_synthetic(1, 1, 0), folder / "prepared", {"synthetic": True})
    write_for_torchvision(folder / "prepared", folder / "torchvision")
    return BenchImages("synthetic images", folder)


# Ratios


def test_a_ratio_is_the_median_of_the_pairs_with_the_lowest_and_the_highest():
    # The ratio of the medians would be 2.
    assert ratios_of([10, 20, 90], [1, 10, 30]) == Spread(3.0, 2.0, 10.0, 3)


def test_sides_that_were_not_measured_equally_often_give_no_ratio():
    with pytest.raises(ValueError, match="shorter"):
        ratios_of([1, 2], [1])


def test_without_measurements_there_is_no_spread():
    with pytest.raises(BenchError, match="found none"):
        spread_of([])


def test_sides_take_turns_and_every_other_round_is_reversed():
    order = []
    results = by_turns("t", 3, a=lambda: order.append("a"), b=lambda: order.append("b") or 1)
    assert "".join(order) == "abbaab"
    assert results == {"a": [None] * 3, "b": [1] * 3}


# Arithmetic of the points

ONE_TRAINING = {
    "seconds": 10.0,
    "parts": {"forward": 2.5, "loss": 0.5, "backward": 4.0, "optimizer": 2.0, "input": 0.75},
    "multiply_adds": 1_000_000,
}


def test_outside_is_what_is_neither_forward_backward_nor_optimizer():
    assert step.percents(ONE_TRAINING)["rest"] == pytest.approx(2.5)
    assert step.outside_percent(ONE_TRAINING) == pytest.approx(10)


def test_a_training_computes_six_operations_for_a_multiply_add():
    assert step.gflops(ONE_TRAINING, 2000) == pytest.approx(12)


def test_the_overhead_of_a_job_is_without_torch_where_imported_and_without_measuring():
    seconds = {
        "train": [3.0, 5.0],
        "metrics": [0.5, 0.7],
        "cost": [6.0, 7.0],
        jobs.TORCH: [1.0, 2.0],
    }
    measuring = {"train": [0.0, 0.0], "metrics": [0.0, 0.0], "cost": [4.0, 4.5]}
    values = {"seconds": seconds, "measuring": measuring, "with_torch": ["train", "cost"]}
    assert jobs.overheads(values, "train") == [2.0, 3.0]
    assert jobs.overheads(values, "metrics") == [0.5, 0.7]
    assert jobs.overheads(values, "cost") == [1.0, 0.5]


def test_the_time_of_measuring_is_read_from_what_a_job_says():
    said = Finished(6.0, 100.0, "device: cpu\nspeed was measured for 4.25 s\n")
    assert jobs.seconds_of(said) == (6.0, 4.25)
    assert jobs.seconds_of(Finished(1.0, 100.0, "device: cpu\n")) == (1.0, 0.0)


def test_a_plain_run_of_each_model_counts_for_three_seeds():
    values = {"plain_seconds": {"cnn_2": 10.0, "cnn_3": 20.0, "cnn_5": 30.0}, "seconds": 60.0}
    assert jobs.scratch_ratio(values) == 3


def test_a_job_of_one_run_becomes_that_of_all_copies():
    configuration = json.dumps({"runs": [{"seeds": [0]}]})
    words = ["--runs", "results/s/runs/m/r/seed-0", "--configuration", configuration, "--csv", "a"]
    assert many_runs.with_all_runs(words, 2) == [
        *("--runs", "results/s/runs/m/r/seed-0", "results/s/runs/m/r/seed-1"),
        *("--configuration", json.dumps({"runs": [{"seeds": [0, 1]}]}), "--csv", "a"),
    ]


def test_commands_are_taken_from_what_snakemake_printed_without_their_logs():
    text = (
        "rule train:\nShell command: exec python scripts/train.py --model '{}' > a/b.log 2>&1\n"
        "Shell command: rm -rf a && python scripts/evaluate.py --w 1 > a/c.log 2>&1\n"
        "Shell command: python scripts/figure.py loss --files  --figure a.svg > a/d.log 2>&1\n"
    )
    assert commands_in(text) == {
        "train": "python scripts/train.py --model '{}'",
        "evaluate": "rm -rf a && python scripts/evaluate.py --w 1",
        "figure loss": "python scripts/figure.py loss --files  --figure a.svg",
    }


def test_the_memory_of_a_process_that_ended_is_nothing_and_it_can_still_be_waited_for():
    started = start([sys.executable, "-c", "print('done')"])
    assert memory.highest_pss_mb([started.process.pid]) > 0
    assert started.finish().output == "done\n"
    assert memory.pss_mb(started.process.pid) == 0


@pytest.mark.parametrize(
    ("after", "share"),
    [
        ("cpu  160 5 30 400 100 2 3 0 0 0", 1.0),
        ("cpu  100 5 30 440 120 2 3 0 0 0", 0.0),
        ("cpu  115 5 35 460 100 2 3 20 0 0", 0.4),
        ("cpu  100 5 30 400 100 2 3 0 0 0", 1.0),
    ],
)
def test_the_share_of_the_machine_that_is_busy_is_of_the_time_between_two_readings(after, share):
    before = "cpu  100 5 30 400 100 2 3 0 0 0\ncpu0 50 5 15 200 50 1 2 0 0 0\n"
    assert busy_between(before, f"{after}\ncpu0 0 0 0 0 0 0 0 0 0 0\n") == pytest.approx(share)
    assert 0 <= busy_share(0.01) <= 1


# The page


def test_a_goal_says_whether_it_is_met():
    assert goal(2.6, 2.6) == "at least 2.6: met"
    assert goal(2.59, 2.6) == "at least 2.6: missed"
    assert goal(801, 800, at_least=False, unit="MB") == "at most 800 MB: missed"


def test_a_spread_of_one_measurement_is_a_number_alone():
    assert spread(spread_of([2.0])) == "2.00"
    assert spread(spread_of([1.0, 2.0, 4.0])) == "2.00 (1.00 to 4.00)"


def test_the_table_of_training_has_rates_ratio_spread_and_goal():
    rates = {"ours": [200.0, 300.0, 400.0], "plain": [100.0, 100.0, 100.0]}
    lines = training.lines({"images": "some", "threads": 2, "models": {"cnn_2": rates}})
    assert "| cnn_2 | 300 | 100 | 3.00 (2.00 to 4.00) | at least 2.6: met |" in lines


def test_the_table_of_augmented_training_has_goals_of_its_own():
    rates = {"ours": [290.0], "plain": [100.0]}
    lines = training.lines_of_augmented({"threads": 2, "models": {"cnn_2": rates}})
    assert "| cnn_2 | 290 | 100 | 2.90 | at least 3.0: missed |" in lines


def test_the_plain_loop_flips_and_crops_image_by_image():
    image = Image.fromarray(np.arange(1, 32 * 32 * 3 + 1, dtype=np.uint8).reshape(32, 32, 3))
    torch.manual_seed(0)
    found = {plain.transform(augment=True)(image).numpy().tobytes() for _ in range(20)}
    assert len(found) > 15
    assert plain.transform()(image).numpy().tobytes() == plain.transform()(image).numpy().tobytes()


def test_a_job_that_fails_with_many_runs_is_a_line_of_the_page():
    done = {"seconds": 1.0, "mb": 100.0}
    found = {"compare": done, "figure loss": done, "report": {"error": "no", "page_mb": 1.0}}
    sizes = {"10": {"ours": [(1.0, 1.0)], "bare": [(0.5, 1.0)], "jobs": found}}
    lines = many_runs.lines({"sizes": sizes})
    assert "| 10 | 1.00 | 0.50 | 2.00 | at most 1.2: missed | 1 | 1 |" in lines
    assert "| 10 | 1.00 | 100 | 1.00 | 100 | failed |  | 1.00 |" in lines
    assert "- report fails at 10 runs: no" in lines


def test_the_goals_of_the_comparison_are_those_of_a_hundred_runs():
    found = {"seconds": 61.0, "mb": 2000.0, "rows": 20}
    values = {"sizes": {"100": found, "1000": {"seconds": 900.0, "mb": 9000.0, "rows": 200}}}
    *_, first, second = comparison.lines(values)
    assert first == (
        "| 100 | 20 | 190 | 61.0 | 2,000 | at most 60 s: missed | at most 2,147 MB: met |"
    )
    assert second == "| 1,000 | 200 | 19,900 | 900.0 | 9,000 |  |  |"


def test_the_comparison_of_written_runs_is_measured(monkeypatch):
    monkeypatch.setattr(comparison, "SEEDS", 1)
    started = time.monotonic()
    found = comparison.measure(None, sizes=(2,))["sizes"][2]
    assert found["rows"] == 2
    assert 0 < found["seconds"] < time.monotonic() - started
    # Linux counts what the process that starts it holds, too: here that is a whole run of tests.
    assert found["mb"] > 30


def points(*names):
    return [
        Point(name, f"Title of {name}", None, lambda values: [values["line"]]) for name in names
    ]


def test_the_page_has_what_was_kept_with_its_commit_and_what_is_missing(tmp_path):
    keep(tmp_path, "one", {"line": "of one"}, source=SOURCE, busy_share=0.0, seconds=1.0)
    keep(tmp_path, "two", {"line": "of two"}, source=None, busy_share=0.5, seconds=1.0)
    page = render(points("one", "two", "three"), kept(tmp_path))
    assert page.count(f"The machine: {describe_machine()['cpu']}, ") == 1
    one, two = page.split("## Title of ")[1:]
    assert "of one" in one
    assert "with commit 0123456789." in one
    assert "an unknown commit; other work took 50 % of the machine before it began." in two
    assert page.rstrip().endswith(
        "Not measured yet: `three`; `make bench POINTS=...` takes their names."
    )


def test_a_point_of_another_machine_says_so(tmp_path):
    facts = {"source": SOURCE, "busy_share": 0.0, "seconds": 1.0}
    path = keep(tmp_path, "one", {"line": "of one"}, **facts)
    old = json.loads(path.read_text())
    old["measured_at"], old["machine"]["cpu"] = "2020-01-01T00:00+00:00", "an old one"
    path.write_text(json.dumps(old))
    keep(tmp_path, "two", {"line": "of two"}, **facts)
    one, two = render(points("one", "two"), kept(tmp_path)).split("## Title of ")[1:]
    assert "on another machine: an old one, " in one
    assert "another machine" not in two


# Faults


def test_a_process_that_fails_is_told_in_one_line_with_its_last_one():
    program = "import sys; print('much'); sys.exit('error: no such thing')"
    with pytest.raises(BenchError, match=r"ended with status 1: error: no such thing$"):
        run([sys.executable, "-c", program])


def bench_main(monkeypatch, folder, *words, **measures):
    """(status, page) of the bench with points of these names and functions."""
    made = {
        name: Point(name, f"Title of {name}", measure, lambda values: [values["line"]])
        for name, measure in measures.items()
    }
    monkeypatch.setattr(bench, "POINTS", made)
    monkeypatch.setattr(bench, "busy_share", lambda: 0.0)
    words = [*words, "--results", str(folder / "results"), "--page", str(folder / "page.md")]
    status = bench.main(bench.argument_parser().parse_args(words))
    page = folder / "page.md"
    return status, page.read_text() if page.exists() else None


def fail(_options):
    return run([sys.executable, "-c", "import sys; sys.exit('error: no such thing')"])


def test_a_point_that_fails_is_one_line_and_a_status_and_the_others_are_measured(
    monkeypatch, tmp_path, capsys
):
    sides = {"bad": fail, "good": lambda options: {"line": f"of {options.pairs} pairs"}}
    status, page = bench_main(monkeypatch, tmp_path, "--pairs", "3", **sides)
    assert status == 1
    errors = [line for line in capsys.readouterr().err.splitlines() if "error" in line]
    assert len(errors) == 1
    assert errors[0].startswith("error: bad was not measured: ")
    assert "of 3 pairs" in page
    assert "Not measured yet: `bad`" in page


@pytest.mark.parametrize(("words", "found"), [(["nothing"], "nothing"), (["--pairs", "0"], "0")])
def test_what_cannot_be_measured_is_one_line(monkeypatch, tmp_path, capsys, words, found):
    status, page = bench_main(monkeypatch, tmp_path, *words, good=lambda options: {})
    error = capsys.readouterr().err
    assert status == 2
    assert page is None
    assert error.startswith("error: expected ")
    assert error.endswith(f"{found}\n")
    assert error.count("\n") == 1


# The two loops


@pytest.mark.parametrize("blocks", training.BLOCKS.values())
def test_the_plain_loop_and_ours_train_the_same_model(images, blocks):
    torch.manual_seed(0)
    settings = settings_from_json(ModelSettings, json.dumps({"family": "cnn", "blocks": blocks}))
    ours, theirs = build_model(settings, 100), plain.build_model(blocks)
    assert [p.shape for p in theirs.parameters()] == [p.shape for p in ours.parameters()]
    weights = zip(theirs.state_dict(), ours.state_dict().values(), strict=True)
    theirs.load_state_dict({name: value.clone() for name, value in weights})

    dataset = plain.Cifar100(images.torchvision, train=True, transform=plain.transform())
    pairs = [dataset[number] for number in range(BATCH_SIZE)]
    batch = torch.stack([image for image, _ in pairs]), torch.tensor([label for _, label in pairs])
    _, _, their_losses = plain.train(theirs, [batch] * 2, epochs=1)

    optimizer = {"name": "adam", "learning_rate": plain.LEARNING_RATE}
    values = {"epochs": 1, "batch_size": BATCH_SIZE, "optimizer": optimizer}
    recipe = checked_settings(Recipe, values)
    pixels = np.load(images.folder / "prepared/train_images.npy")
    inputs = InputSettings(32, list(plain.MEAN), list(plain.STD))
    labels = torch.tensor(np.load(images.folder / "prepared/train_labels.npy"))
    stepper = Stepper(ours, Images(pixels, inputs, "cpu"), labels, recipe)
    steps = [stepper.step(torch.arange(BATCH_SIZE), plain.LEARNING_RATE) for _ in range(2)]
    our_losses = [loss.item() for loss in steps]
    assert their_losses[0] == pytest.approx(our_losses[0], rel=1e-5)
    # It follows from the first step of the optimizer; Adam makes more of the rounding of gradients.
    assert their_losses[1] == pytest.approx(our_losses[1], rel=1e-3)
    assert their_losses[0] != pytest.approx(their_losses[1], rel=1e-2)


def test_the_settings_of_the_plain_loop_are_those_of_the_recipe(images, tmp_path):
    words = train_words(images, "cnn_2", 1, tmp_path)
    recipe = settings_from_json(Recipe, words[words.index("--recipe") + 1])
    assert recipe.batch_size == plain.BATCH_SIZE
    assert recipe.optimizer.name == "adam"
    assert recipe.optimizer.learning_rate == plain.LEARNING_RATE
    assert recipe.optimizer.weight_decay == 0


def test_the_clock_starts_after_the_last_step_of_the_warm_up():
    began = []
    stopwatch = Stopwatch(2, lambda: began.append(stopwatch.step))
    stopwatch.begin(0, 4)
    for number in range(1, 5):
        stopwatch.note_step(number, 1.0, 0.1)
    assert began == [2]
    assert stopwatch.started < stopwatch.ended


def test_a_timed_training_counts_the_steps_after_the_warm_up_and_sees_their_parts(images, tmp_path):
    words = train_words(images, "cnn_2", 1, tmp_path, batch_size=16, max_steps=5)
    words = words[words.index("--dataset") :]
    found = run_bench("ours.py", "--warm-up", 2, "--parts", "--", *words)
    assert found["images"] == 3 * 16
    assert all(found["parts"][name] > 0 for name in step.PARTS)
    assert sum(found["parts"].values()) < found["seconds"]
    assert found["multiply_adds"] > 1e6


def test_a_timed_training_that_has_a_smaller_last_batch_is_refused(images, tmp_path):
    words = train_words(images, "cnn_2", 1, tmp_path, batch_size=16, max_steps=7)
    words = words[words.index("--dataset") :]
    with pytest.raises(BenchError, match="at most 6 steps of 16 images, found 7"):
        run_bench("ours.py", "--warm-up", 2, "--", *words)
