"""The table of all runs: every state from real files, on a terminal and in a pipe."""

import json
import os
import pty
import select
import signal
import subprocess
import sys
import termios
import time

import pytest
from project import ROOT

from engine.errors import UserError
from engine.live import note_wait
from engine.watch import is_over, table, watched_runs

NOW = 2_000_000_000


class Results:
    """A results/ folder whose files tell of trainings."""

    def __init__(self, folder, dataset="mine", now=NOW):
        self.root, self.folder, self.runs, self.now = folder, folder / dataset, [], now

    def list_run(self, seed, stale=False, since=0, model="cnn_2", recipe="quick"):
        self.runs.append({"model": model, "recipe": recipe, "seed": seed, "stale": stale})
        content = {"since": self.now - since, "runs": self.runs}
        self.write("logs/runs.json", content, age=since)

    def write(self, name, content, age):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(content))
        os.utime(path, (self.now - age, self.now - age))

    def progress(self, seed, state, age=0, reason=None, run="cnn_2/quick"):
        content = {"state": state, "reason": reason, "step": 1200, "n_steps": 7820}
        content |= {"loss": "3.1416", "images_per_second": 1234.5, "seconds_left": 3723.4}
        self.write(f"live/{run}/seed-{seed}/progress.json", content, age)

    def record(self, seed, age):
        self.write(f"records/train/cnn_2/quick/seed-{seed}.json", {"outputs": {}}, age)

    def failure(self, seed, age):
        facts = {"diverged": {"loss": "nan", "step": 7}}
        self.write(f"failures/cnn_2/quick/seed-{seed}.json", facts, age)

    def states(self):
        return [(run.state, run.note) for run in watched_runs(self.root, None, self.now)]


@pytest.fixture
def results(tmp_path):
    return Results(tmp_path / "results")


def test_what_was_written_last_tells_the_state_of_a_run(results):
    for seed in range(10):
        results.list_run(seed, stale=True, since=1000)
    results.progress(1, "running", age=3)
    results.progress(2, "running", age=310)
    results.progress(3, "interrupted", age=500, reason="SIGTERM after step 1200 of 7820")
    results.progress(4, "failed", age=501, reason="the loss became nan at step 7")
    results.failure(4, age=500)
    results.failure(5, age=500)
    results.progress(6, "done", age=501)
    results.record(6, age=500)
    # Without a live view.
    results.record(7, age=500)
    # The results are being written; they were taken away.
    results.progress(8, "done", age=5)
    results.progress(9, "done", age=500)
    assert results.states() == [
        ("waiting", ""),
        ("running", ""),
        ("silent", "no sign for 5 min"),
        ("interrupted", "SIGTERM after step 1200 of 7820"),
        ("failed", "the loss became nan at step 7"),
        ("failed", "the loss became nan at step 7"),
        ("done", ""),
        ("done", ""),
        ("running", "writes its results"),
        ("waiting", ""),
    ]


def test_a_run_is_done_whose_last_sign_of_life_was_a_wait_for_a_gpu(results):
    results.list_run(0)
    results.write("live/cnn_2/quick/seed-0/progress.json", {"state": "waiting"}, age=90)
    results.record(0, age=10)
    assert results.states() == [("done", "")]
    assert "done" in "\n".join(table(watched_runs(results.root, None, NOW)))


def test_a_run_that_is_trained_again_is_running(results):
    results.list_run(0)
    results.record(0, age=900)
    results.progress(0, "running")
    assert results.states() == [("running", "")]


def test_what_is_to_be_trained_again_waits_and_what_is_not_does_not(results):
    for seed in range(8):
        results.list_run(seed, stale=seed % 2 == 0, since=100)
    for seed in (0, 1):
        results.record(seed, age=200)
    for seed in (2, 3):
        results.failure(seed, age=200)
    for seed in (4, 5):
        results.progress(seed, "interrupted", age=200)
    for seed in (6, 7):
        results.record(seed, age=50)
    states = [state for state, _ in results.states()]
    assert states[0::2] == ["waiting", "waiting", "waiting", "done"]
    assert states[1::2] == ["done", "failed", "interrupted", "done"]


def test_a_run_whose_job_waits_for_a_gpu_says_so_however_long(results):
    results.list_run(0, stale=True, since=9000)
    text = "waiting for a free one of 2 GPUs; processes that use them: 12, 34"
    path = results.folder / "live/cnn_2/quick/seed-0"
    note_wait(path, text)
    os.utime(path / "progress.json", (NOW - 8000, NOW - 8000))
    assert results.states() == [("waiting", text)]
    row = table(watched_runs(results.root, None, NOW))[2]
    assert row.split(maxsplit=4) == ["cnn_2", "quick", "0", "waiting", text]
    note_wait(path, None)
    assert results.states() == [("waiting", "")]


def test_a_file_that_is_damaged_or_another_is_as_one_that_is_missing(results):
    results.list_run(0)
    path = results.folder / "live/cnn_2/quick/seed-0/progress.json"
    path.parent.mkdir(parents=True)
    for text in ("{", "[]", "{}", ""):
        path.write_text(text)
        assert results.states() == [("waiting", "")]


def test_the_table_has_steps_loss_speed_and_time_left(results):
    results.list_run(0)
    results.list_run(1)
    results.progress(0, "running")
    summary, header, running, waiting = table(watched_runs(results.root, None, NOW))
    assert summary == "2 runs: 1 running, 1 waiting"
    assert header.split() == [
        "model",
        "recipe",
        "seed",
        "state",
        "step",
        "loss",
        "images/s",
        "left",
    ]
    expected = "cnn_2 quick 0 running 1,200 of 7,820 3.1416 1,234 1:02:03"
    assert running.split() == expected.split()
    assert waiting.split() == ["cnn_2", "quick", "1", "waiting"]
    # Numbers end where the names of their columns end.
    assert running.index("1,234") + 5 == header.index("images/s") + 8


def test_a_training_that_has_taken_no_step_has_neither_loss_nor_time_left(results):
    results.list_run(0)
    content = {"state": "running", "reason": None, "step": 0, "n_steps": 9, "loss": None}
    content |= {"images_per_second": 0.0, "seconds_left": None}
    results.write("live/cnn_2/quick/seed-0/progress.json", content, age=0)
    row = table(watched_runs(results.root, None, NOW))[2]
    assert " ".join(row.split()) == "cnn_2 quick 0 running 0 of 9 0"


def test_where_there_are_more_runs_than_lines_those_that_run_come_first(results):
    for seed in range(30):
        results.list_run(seed)
    for seed in range(10):
        results.record(seed, age=10)
    results.progress(25, "running")
    results.progress(28, "failed", reason="it\n" + "broke " * 40)
    runs = watched_runs(results.root, None, NOW)
    lines = table(runs, width=60, height=8)
    assert lines[0] == "30 runs: 1 running, 1 failed, 18 waiting, 10 done"
    rows = [line.split()[2:4] for line in lines[2:-1]]
    assert rows == [["25", "running"], ["28", "failed"], *(["1" + d, "waiting"] for d in "012")]
    assert lines[-1] == "and 25 more"
    assert lines[3].endswith("…")
    assert max(map(len, lines)) == 60
    for height in range(1, 40):
        assert len(table(runs, 60, height)) <= height
    assert len(table(runs, 60, 32)) == 32
    assert table(runs, 60, 32)[-1].split()[2] == "29"


def test_where_the_terminal_is_narrow_long_names_give_way_to_numbers_and_reasons(results):
    for seed in range(2):
        results.list_run(seed, model="resnet101", recipe="published_finetune")
    results.progress(0, "running", run="resnet101/published_finetune")
    results.progress(1, "failed", reason="no memory " * 9, run="resnet101/published_finetune")
    lines = table(watched_runs(results.root, None, NOW), width=76)
    running = "resnet1…  publish…     0  running  1,200 of 7,820  3.1416     1,234  1:02:03"
    assert lines[2] == running
    # The reason of a run that has no speed begins where that would stand.
    assert lines[3].startswith("resnet1…  publish…     1  failed   1,200 of 7,820  3.1416  no mem")
    assert len(lines[3]) == 76
    # No more than is needed.
    assert "resnet101  published_…  " in table(watched_runs(results.root, None, NOW), width=80)[2]
    assert "resnet101  published_finetune" in table(watched_runs(results.root, None, NOW))[2]


def test_every_data_set_that_has_a_list_is_shown_or_the_one_asked_for(tmp_path):
    for name in ("one", "two"):
        Results(tmp_path, name).list_run(0)
    (tmp_path / "downloads").mkdir()
    lines = table(watched_runs(tmp_path, None, NOW))
    assert [line.split()[0] for line in lines[2:]] == ["one", "two"]
    assert [run.dataset for run in watched_runs(tmp_path, "two", NOW)] == ["two"]
    with pytest.raises(UserError, match=r"list of runs at .*three/logs/runs\.json, found none"):
        watched_runs(tmp_path, "three", NOW)


def test_nothing_is_left_to_watch_when_all_are_done_or_failed(results):
    results.list_run(0)
    results.list_run(1)
    results.record(0, age=10)
    assert not is_over(watched_runs(results.root, None, NOW))
    results.failure(1, age=10)
    assert is_over(watched_runs(results.root, None, NOW))


def test_in_a_pipe_the_table_is_printed_once_and_whole(results, run_command):
    results.list_run(0)
    results.failure(0, age=0)
    results.progress(0, "failed", reason="long " * 100)
    result = run_command("watch.py", "--results", results.root)
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.count("1 run: 1 failed") == 1
    assert ("long " * 100).strip() in result.stdout
    assert "\x1b" not in result.stdout


def test_without_a_list_one_line_says_what_was_expected(tmp_path, run_command):
    result = run_command("watch.py", "--results", tmp_path / "none")
    assert result.returncode == 1
    assert result.stderr.startswith("error: expected a list of runs at ")
    assert len(result.stderr.splitlines()) == 1


class Terminal:
    """scripts/watch.py on a terminal of its own."""

    def __init__(self, results, *options, size=(24, 100)):
        self.ours, end = pty.openpty()
        termios.tcsetwinsize(end, size)
        words = [sys.executable, ROOT / "scripts/watch.py", "--results", results.root, *options]
        environment = {k: v for k, v in os.environ.items() if k not in ("COLUMNS", "LINES")}
        self.process = subprocess.Popen(
            list(map(str, words)),
            stdin=end,
            stdout=end,
            stderr=end,
            env=environment,
            # Who runs tests in the background of a shell ignores it, and children inherit that.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )
        os.close(end)
        self.shown = ""

    def wait_for(self, text):
        """What was shown, up to the first time that `text` is."""
        deadline = time.monotonic() + 60
        while text not in self.shown and time.monotonic() < deadline:
            if select.select([self.ours], [], [], 0.1)[0]:
                try:
                    self.shown += os.read(self.ours, 10_000).decode()
                except OSError:  # the other end is closed
                    break
        assert text in self.shown, self.shown
        before, _, self.shown = self.shown.partition(text)
        return before + text

    def end(self):
        """The exit status, and what was shown since."""
        status = self.process.wait(60)
        while True:
            try:
                part = os.read(self.ours, 10_000)
            except OSError:
                part = b""
            if not part:
                os.close(self.ours)
                return status, self.shown
            self.shown += part.decode()


@pytest.fixture
def results_now(tmp_path):
    return Results(tmp_path / "results", now=time.time())


def test_on_a_terminal_it_is_redrawn_in_place_until_all_is_done(results_now):
    results_now.list_run(0)
    results_now.progress(0, "running")
    terminal = Terminal(results_now, "--seconds", "0.1")
    terminal.wait_for("1 run: 1 running")
    # The cursor goes up as many lines as there are, to the first one.
    terminal.wait_for("\x1b[3F1 run: 1 running")
    results_now.record(0, age=0)
    results_now.progress(0, "done", age=1)
    terminal.wait_for("1 run: 1 done")
    status, rest = terminal.end()
    assert status == 0
    assert rest.endswith("\x1b[?7h")


def test_ctrl_c_ends_it_without_a_traceback(results_now):
    results_now.list_run(0)
    terminal = Terminal(results_now)
    terminal.wait_for("1 run: 1 waiting")
    terminal.process.send_signal(signal.SIGINT)
    status, rest = terminal.end()
    assert status == 130
    assert "Traceback" not in rest
    assert rest.endswith("\x1b[?7h")


def test_on_a_small_terminal_it_fits(results_now):
    for seed in range(50):
        results_now.list_run(seed)
    terminal = Terminal(results_now, size=(10, 40))
    shown = terminal.wait_for("and 44 more\x1b[K")
    lines = [line.removesuffix("\x1b[K") for line in shown.splitlines()]
    assert len(lines) == 9
    assert max(len(line.removeprefix("\x1b[?7l")) for line in lines) <= 40
    terminal.process.send_signal(signal.SIGINT)
    terminal.end()


def test_once_on_a_terminal_prints_all_runs_and_ends(results_now):
    for seed in range(50):
        results_now.list_run(seed)
    status, shown = Terminal(results_now, "--once", size=(10, 40)).end()
    assert status == 0
    assert len(shown.splitlines()) == 52
