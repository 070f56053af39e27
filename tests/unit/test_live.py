"""What can be seen of a training while it runs, by TensorBoard's own reader; it costs no result."""

import csv
import json
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from project import ROOT
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from engine.errors import EXIT_INTERRUPTED
from engine.live import MOST_POINTS, Live, note_wait

PATIENCE_SECONDS = 120
# 200 images, of which one of each class is held out: 100 are trained on, in 13 steps an epoch.
STEPS_PER_EPOCH = 13
RECIPE = {
    "epochs": 2,
    "batch_size": 8,
    "validation": 0.5,
    "schedule": "cosine",
    "warm_up": 0.2,
    "optimizer": {"name": "adam", "learning_rate": 0.001},
}


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    words = [sys.executable, ROOT / "scripts/data.py", "--manifest", folder / "manifest.json"]
    words += ["synthetic", "--train-per-class", "2", "--test-per-class", "1"]
    subprocess.run([str(word) for word in words], check=True, timeout=60)
    return folder / "train.json"


class Training:
    """A process of scripts/train.py whose outputs lie in a folder of its own."""

    def __init__(self, folder, dataset, live="live", **changes):
        folder.mkdir(exist_ok=True)
        self.folder, self.live = folder, folder / "live"
        words = [sys.executable, ROOT / "scripts/train.py", "--dataset", dataset, "--seed", 0]
        words += ["--model", json.dumps({"family": "cnn", "blocks": 2})]
        words += ["--recipe", json.dumps(RECIPE | changes), "--device", "cpu"]
        words += ["--checkpoints", folder / "checkpoints", "--failure", folder / "failure.json"]
        words += ["--weights", folder / "weights.safetensors", "--history", folder / "history.csv"]
        words += ["--epochs", folder / "epochs.csv", "--training", folder / "training.json"]
        words += ["--live", self.live] if live else []
        self.process = subprocess.Popen(list(map(str, words)), stderr=subprocess.PIPE, text=True)

    def end(self, status=0):
        """What it said, when it has ended with this status."""
        said = self.process.communicate(timeout=PATIENCE_SECONDS)[1]
        assert self.process.returncode == status, said
        return said

    def wait_until_seen(self, step):
        """Return when the event files tell of this step."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while self.process.poll() is None and time.monotonic() < deadline:
            if self.live.is_dir() and step in [s for s, _ in scalars(self.live).get(LOSS, [])]:
                return
            time.sleep(0.1)
        raise AssertionError(f"step {step} was not seen: {self.process.communicate()[1]}")

    def progress(self):
        return json.loads((self.live / "progress.json").read_text())

    def table(self, name):
        with (self.folder / name).open(newline="") as file:
            return list(csv.DictReader(file))

    def weights(self):
        return (self.folder / "weights.safetensors").read_bytes()


LOSS, RATE, MEAN = "train/loss", "train/learning_rate", "train/mean_loss"
VALIDATION = ("validation/loss", "validation/accuracy_percent")


def scalars(folder):
    """(step, value) of every point of every curve, by its name, as TensorBoard reads them."""
    reader = EventAccumulator(str(folder), size_guidance={"scalars": 0}, purge_orphaned_data=True)
    reader.Reload()
    names = reader.Tags()["scalars"]
    return {name: [(point.step, point.value) for point in reader.Scalars(name)] for name in names}


def single(values, steps):
    """What TensorBoard holds of float64 values: pairs with a step, in single precision."""
    return [(step, float(np.float32(value))) for step, value in zip(steps, values, strict=True)]


def expect_curves_of_tables(training):
    """The event files hold what the tables of the training hold, every point once."""
    history, epochs = training.table("history.csv"), training.table("epochs.csv")
    curves = scalars(training.live)
    assert set(curves) == {LOSS, RATE, MEAN, *VALIDATION}
    steps = range(1, len(history) + 1)
    assert curves[LOSS] == single([row["loss"] for row in history], steps)
    assert curves[RATE] == single([row["learning_rate"] for row in history], steps)
    ends = range(STEPS_PER_EPOCH, len(history) + 1, STEPS_PER_EPOCH)
    columns = ("mean_loss", "validation_loss", "validation_accuracy_percent")
    for curve, column in zip((MEAN, *VALIDATION), columns, strict=True):
        assert curves[curve] == single([row[column] for row in epochs], ends)


@pytest.fixture(scope="module")
def finished(tmp_path_factory, dataset):
    training = Training(tmp_path_factory.mktemp("finished"), dataset)
    training.end()
    return training


def test_tensorboard_reads_what_the_tables_say(finished):
    expect_curves_of_tables(finished)
    assert len(finished.table("history.csv")) == 2 * STEPS_PER_EPOCH


def test_the_progress_of_a_finished_training_says_so(finished):
    progress = finished.progress()
    assert (progress["state"], progress["reason"]) == ("done", None)
    assert progress["step"] == progress["n_steps"] == 2 * STEPS_PER_EPOCH
    assert progress["seconds_left"] == 0
    assert progress["images_per_second"] > 0
    last = float(finished.table("history.csv")[-1]["loss"])
    assert float(progress["loss"]) == pytest.approx(last, abs=1e-4)


def test_after_a_signal_and_a_kill_every_step_is_there_once(tmp_path, dataset):
    epochs = 60
    first = Training(tmp_path, dataset, epochs=epochs)
    first.wait_until_seen(1)
    first.process.send_signal(signal.SIGTERM)
    said = first.end(EXIT_INTERRUPTED)
    progress = first.progress()
    assert progress["state"] == "interrupted"
    assert progress["reason"].startswith(f"SIGTERM after step {progress['step']} of ")
    assert progress["reason"] in said
    kept = progress["step"]
    assert kept < epochs * STEPS_PER_EPOCH

    # No checkpoint is due before it is killed, so its steps are taken once more.
    second = Training(tmp_path, dataset, epochs=epochs)
    second.wait_until_seen(kept + 1)
    assert second.progress()["state"] == "running"
    second.process.kill()
    second.end(-signal.SIGKILL)
    assert second.progress()["state"] == "running"

    third = Training(tmp_path, dataset, epochs=epochs)
    third.end()
    parts = json.loads((tmp_path / "training.json").read_text())["parts"]
    assert [part["steps"] for part in parts] == [kept, epochs * STEPS_PER_EPOCH - kept]
    assert len(list(third.live.glob("events*"))) == 3
    expect_curves_of_tables(third)
    assert third.progress()["state"] == "done"


def test_a_training_that_begins_anew_shows_nothing_of_the_one_before(tmp_path, dataset, finished):
    shutil.copytree(finished.live, tmp_path / "live")
    again = Training(tmp_path, dataset, epochs=1)
    again.end()
    assert len(list(again.live.glob("events*"))) == 1
    expect_curves_of_tables(again)


def test_the_progress_of_a_diverging_training_has_the_reason(tmp_path, dataset):
    optimizer = {"name": "sgd", "learning_rate": 1e30}
    training = Training(tmp_path, dataset, optimizer=optimizer, schedule="constant", warm_up=0)
    said = training.end(1)
    progress = training.progress()
    assert progress["state"] == "failed"
    assert progress["reason"].startswith("the loss became ")
    assert progress["reason"] in said
    failure = json.loads((tmp_path / "failure.json").read_text())["diverged"]
    # The step before is the last with a finite loss.
    assert progress["step"] == failure["step"] - 1
    assert [step for step, _ in scalars(training.live)[LOSS]] == [*range(1, failure["step"])]


def test_a_training_that_is_known_to_diverge_ends_at_once(tmp_path, dataset):
    diverging = {"optimizer": {"name": "sgd", "learning_rate": 1e30}, "schedule": "constant"}
    first = Training(tmp_path, dataset, **diverging, warm_up=0).end(1)
    failure = (tmp_path / "failure.json").read_bytes()
    again = Training(tmp_path, dataset, **diverging, warm_up=0)
    said = again.end(1)
    assert f"known from {tmp_path / 'failure.json'}; delete it to try again" in said
    assert said.strip().splitlines()[-1] == first.strip().splitlines()[-1]
    assert "train:" not in said
    assert (tmp_path / "failure.json").read_bytes() == failure


def test_a_training_that_succeeds_takes_an_older_failure_away(tmp_path, dataset):
    facts = {"step": 1, "learning_rate": 1.0, "loss": "nan", "last_finite_loss": None}
    (tmp_path / "failure.json").write_text(json.dumps({"settings": {}, "diverged": facts}))
    Training(tmp_path, dataset).end()
    assert not (tmp_path / "failure.json").exists()


def test_where_the_live_view_cannot_be_written_the_training_is_the_same(
    tmp_path, dataset, finished
):
    (tmp_path / "live").write_text("in the way")
    blocked = Training(tmp_path, dataset)
    said = blocked.end()
    lines = [line for line in said.splitlines() if "no live view" in line]
    assert len(lines) == 1
    assert lines[0].startswith("no live view from here on, the training continues: ")
    assert "Traceback" not in said
    assert (tmp_path / "live").read_text() == "in the way"

    without = Training(tmp_path / "without", dataset, live=None)
    assert "no live view" not in without.end()
    assert not (tmp_path / "without/live").exists()
    assert blocked.weights() == without.weights() == finished.weights()
    losses = [training.table("history.csv") for training in (blocked, without, finished)]
    assert losses[0] == losses[1] == losses[2]


def test_where_a_wait_cannot_be_shown_that_is_said_and_no_error(tmp_path, capsys):
    note_wait(None, "waiting")
    (tmp_path / "live").write_text("in the way")
    for reason in ("waiting", None):
        note_wait(tmp_path / "live", reason)
        assert capsys.readouterr().err.startswith("no live view of the wait, which continues: ")
    assert (tmp_path / "live").read_text() == "in the way"


# TensorBoard's thread tells its own end as well.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_view_that_is_lost_on_the_way_is_said_once(tmp_path, capsys):
    live = Live(tmp_path / "live", batch_size=8)
    live.begin(0, 10)
    shutil.rmtree(live.folder)
    live.folder.write_text("in the way")
    live.written -= 60
    with live.ending():
        for step in (1, 2):
            live.note_step(step, 1.0, 0.1)
        live.note_epoch(2, {"mean_loss": 1.0, "validation_loss": None})
    assert capsys.readouterr().err.count("no live view from here on") == 1
    assert live.folder.read_text() == "in the way"


def test_a_full_disk_ends_the_view_and_not_the_training(tmp_path):
    program = f"""
import resource
from engine.live import Live
live = Live({str(tmp_path / "live")!r}, 8)
live.begin(0, 5000)
resource.setrlimit(resource.RLIMIT_FSIZE, (2000, resource.RLIM_INFINITY))
with live.ending():
    for step in range(1, 5001):
        live.note_step(step, 1.0, 0.1)
print("went on")
"""
    result = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT / "scripts",
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
    )
    assert (result.returncode, result.stdout) == (0, "went on\n"), result.stderr
    assert result.stderr.count("no live view from here on") == 1


def test_a_long_training_gives_no_more_points_than_are_shown(tmp_path):
    n_steps = 2 * MOST_POINTS + 5
    live = Live(tmp_path, batch_size=8)
    live.begin(0, n_steps)
    with live.ending():
        for step in range(1, n_steps + 1):
            live.note_step(step, float(step), 0.1)
    steps = [step for step, _ in scalars(tmp_path)[LOSS]]
    assert steps == [*range(3, n_steps, 3), n_steps]
    assert len(steps) <= MOST_POINTS


def test_the_progress_is_written_whole_every_few_seconds(tmp_path):
    live = Live(Path(tmp_path), batch_size=8)
    live.begin(40, 100)
    progress = json.loads((tmp_path / "progress.json").read_text())
    assert (progress["state"], progress["step"], progress["loss"]) == ("running", 40, None)
    live.note_step(41, 2.0, 0.1)
    assert json.loads((tmp_path / "progress.json").read_text())["step"] == 40
    # Ten more steps in ten seconds, with those before the resumption in none.
    live.started, live.written = time.monotonic() - 10, time.monotonic() - 10
    live.note_step(50, 2.0, 0.1)
    progress = json.loads((tmp_path / "progress.json").read_text())
    assert (progress["step"], progress["loss"]) == (50, "2.0000")
    assert progress["images_per_second"] == pytest.approx(8, rel=0.05)
    assert progress["seconds_left"] == pytest.approx(50, rel=0.05)
    assert [path.name for path in tmp_path.iterdir() if "partial" in path.name] == []
