"""Leases of devices, which need no hardware: real processes, real signals, names of devices."""

import fcntl
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from threading import Timer

import pytest
from project import ROOT
from waiting import wait_until_in_line

from engine import leases
from engine.errors import UserError
from engine.leases import lease_device, lock_folder

# Only a test that fails gets there.
PATIENCE_SECONDS = 60


@pytest.fixture
def start(environment):
    """Start a program of tests/ with pipes; it and its children do not outlive the test."""
    started = []

    def start(name, *arguments, **options):
        assert watchdog.is_alive(), "a process was waited for too long"
        process = subprocess.Popen(
            [sys.executable, ROOT / "tests" / name, *map(str, arguments)],
            env={**environment, "PYTHONPATH": str(ROOT / "scripts")},
            text=True,
            start_new_session=True,
            **{
                "stdin": subprocess.PIPE,
                "stdout": subprocess.PIPE,
                "stderr": subprocess.PIPE,
                **options,
            },
        )
        started.append(process)
        return process

    def kill_all():
        for process in started:
            try:
                os.killpg(process.pid, signal.SIGKILL)
            except ProcessLookupError:
                continue

    watchdog = Timer(PATIENCE_SECONDS, kill_all)
    watchdog.start()
    yield start
    was_in_time = watchdog.is_alive()
    watchdog.cancel()
    kill_all()
    for process in started:
        process.communicate()
    assert was_in_time, "a process was waited for too long"


def said(process):
    """(who, process id, device) of the next line that the program writes."""
    who, pid, device = process.stdout.readline().split()
    return who, int(pid), device


def is_free(path):
    """Whether nobody has locked the file."""
    with open(path) as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


def test_jobs_that_are_killed_at_random_never_share_a_device_and_starve_nobody(start, tmp_path):
    output, errors = start("jobs_under_fire.py", tmp_path, 200, 4).communicate()
    holder, killed, killed_with_a_device, ended, statuses = {}, set(), set(), set(), {}
    for event, pid, *rest in map(str.split, output.splitlines()):
        if event == "kill":
            killed.add(pid)
            killed_with_a_device |= {pid} & set(holder.values())
        elif event == "begin":
            (device,) = rest
            assert holder.get(device) is None or holder[device] in killed
            holder[device] = pid
        elif event == "end":
            (device,) = rest
            assert holder[device] == pid
            holder[device] = None
            ended.add(pid)
        else:
            statuses[pid] = int(rest[0])
    assert len(statuses) == 200, errors
    assert set(holder) == {"0", "1", "2", "3"}
    assert killed_with_a_device
    assert killed - killed_with_a_device
    for pid, status in statuses.items():
        assert status == 0 or (pid in killed and status == -signal.SIGKILL)
        assert pid in ended or pid in killed
    assert len(list(tmp_path.iterdir())) == 5  # four devices and the line
    assert all(is_free(path) for path in tmp_path.iterdir())


@pytest.mark.skipif(not Path("/proc/locks").exists(), reason="needs the kernel's list of locks")
def test_who_waits_is_served_in_order_of_arrival(start, tmp_path):
    holder = start("lease_a_device.py", tmp_path, "0")
    said(holder)
    # All write to one pipe when they have the device, and then end.
    read_end, write_end = os.pipe()
    options = {"stdin": subprocess.DEVNULL, "stdout": write_end}
    first = start("lease_a_device.py", tmp_path, "0", **options)
    assert "waiting" in first.stderr.readline()
    in_line = [first]
    for _ in range(5):
        in_line.append(start("lease_a_device.py", tmp_path, "0", **options))
        wait_until_in_line(in_line[-1])
    os.close(write_end)
    holder.communicate()
    with open(read_end) as served:
        assert served.read().splitlines() == [f"leased {process.pid} 0" for process in in_line]
    assert first.stderr.read() == ""  # it has said that it waits, long ago


def test_who_waits_says_once_which_processes_use_the_devices(start, tmp_path):
    holders = [start("lease_a_device.py", tmp_path, "0,1") for _ in range(2)]
    assert {said(holder)[2] for holder in holders} == {"0", "1"}
    waiting = start("lease_a_device.py", tmp_path, "0,1")
    line = waiting.stderr.readline()
    assert "waiting for a free one of 2 GPUs" in line
    assert all(str(holder.pid) in line for holder in holders)
    holders[1].kill()
    said(waiting)
    assert waiting.communicate() == ("", "")


def test_who_waits_for_one_device_does_not_hold_up_those_who_may_have_another(start, tmp_path):
    said(start("lease_a_device.py", tmp_path, "0"))
    waiting = start("lease_a_device.py", tmp_path, "0")
    assert "waiting" in waiting.stderr.readline()
    other = start("lease_a_device.py", tmp_path, "0,1")
    assert said(other) == ("leased", other.pid, "1")


def test_a_spawned_child_has_its_parents_device_and_ends_with_it(start, tmp_path):
    parent = start("lease_a_device.py", tmp_path, "0,1", "spawned")
    assert said(parent) == ("leased", parent.pid, "0")
    who, _, device = said(parent)
    assert (who, device) == ("child", "0")
    assert is_free(tmp_path / "cifarlab-gpu-0.lock") is False
    assert not (tmp_path / "cifarlab-gpu-1.lock").exists()
    parent.kill()
    # The child has the pipe too: it ends when both have ended.
    assert parent.stdout.read() == ""
    assert parent.wait() == -signal.SIGKILL


def test_a_forked_child_that_outlives_its_parent_does_not_keep_the_lease(start, tmp_path):
    parent = start("lease_a_device.py", tmp_path, "0", "forked")
    pids = {who: pid for who, pid, _ in (said(parent), said(parent))}
    parent.kill()
    parent.wait()
    assert is_free(tmp_path / "cifarlab-gpu-0.lock")
    os.kill(pids["child"], 0)  # still there


def test_a_lock_file_that_was_removed_while_it_was_waited_for_is_no_lease(start, tmp_path):
    said(start("lease_a_device.py", tmp_path, "0"))
    first = start("lease_a_device.py", tmp_path, "0")
    first.stderr.readline()
    second = start("lease_a_device.py", tmp_path, "0")
    wait_until_in_line(second)
    (line,) = tmp_path.glob("cifarlab-line-*")
    line.unlink()
    first.kill()
    # The second locks the next file of that name, as those who come later will.
    while not line.exists() or is_free(line):
        assert second.poll() is None
        time.sleep(0.01)


@pytest.mark.usefixtures("environment")
def test_lock_files_are_open_to_everyone_whatever_the_umask(tmp_path):
    umask = os.umask(0o077)
    try:
        lease_device(["0"], tmp_path)
    finally:
        assert os.umask(umask) == 0o077
    assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o666}


@pytest.mark.usefixtures("environment")
def test_lock_files_that_cannot_be_used_are_one_line(tmp_path):
    with pytest.raises(UserError, match=r"expected lock files in .*, found: .*No such file"):
        lease_device(["0"], tmp_path / "absent")
    precious = tmp_path / "precious"
    precious.write_text("what someone's link points to is not written to")
    (tmp_path / "cifarlab-gpu-0.lock").symlink_to(precious)
    with pytest.raises(UserError, match="symbolic link"):
        lease_device(["0"], tmp_path)
    assert precious.read_text().startswith("what someone")


@pytest.mark.usefixtures("environment")
def test_a_wait_is_told_when_it_begins_and_when_it_ends(start, tmp_path):
    holder = start("lease_a_device.py", tmp_path, "0")
    said(holder)
    told = []

    def on_wait(text):
        told.append(text)
        holder.kill()

    assert lease_device(["0"], tmp_path, on_wait) == "0"
    begins, ends = told
    assert begins.startswith("waiting for a free one of 1 GPUs")
    assert str(holder.pid) in begins
    assert ends is None


@pytest.mark.usefixtures("environment")
def test_who_does_not_wait_tells_of_no_wait(tmp_path):
    lease_device(["0"], tmp_path, lambda text: pytest.fail(f"told: {text}"))


def test_the_folder_of_the_locks_can_be_named(environment, tmp_path):
    assert lock_folder() == Path("/tmp")
    environment[leases.FOLDER_VARIABLE] = ""
    assert lock_folder() == Path("/tmp")
    environment[leases.FOLDER_VARIABLE] = str(tmp_path)
    assert lock_folder() == tmp_path
