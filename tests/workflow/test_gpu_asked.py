"""Which jobs ask Snakemake for a GPU, and how many trainings run at once because of it."""

import copy
import json
import os
from datetime import datetime
from itertools import pairwise

import pytest
from project import SMALL
from simulated_gpus import H100, Card, list_cards, make_nvidia_smi

from engine import gpus

TRAINING = "results/synthetic/runs/cnn_2/quick/seed-0/weights.safetensors"
REHEARSAL = "results/synthetic/rehearsals/cnn_2/quick.json"
# Built in a training, it waits until so many trainings have come as far. What it does with files is
# no reading, which would be in the record.
WAITS_FOR_OTHERS = """
import os, sys, time
from torch import nn


def net(n_classes, folder, count):
    if "scripts/train.py" in sys.orig_argv:
        os.mkdir(f"{folder}/{os.getpid()}")
        end = time.monotonic() + 60
        while len(os.listdir(folder)) < count:
            if time.monotonic() > end:
                sys.exit(f"{len(os.listdir(folder))} of {count} trainings came")
            time.sleep(0.05)
    return nn.Sequential(nn.Flatten(), nn.Linear(3072, n_classes))
"""
# Built in a training, it is the only one from then to the end of the process, or there is an error.
# Until then it waits for a moment in which another one could come.
IS_ALONE = """
import atexit, os, sys, time
from torch import nn


def net(n_classes, folder):
    if "scripts/train.py" in sys.orig_argv:
        with open(f"{folder}/came", "a") as file:
            print(os.getpid(), file=file)
        os.mkdir(f"{folder}/busy")
        atexit.register(os.rmdir, f"{folder}/busy")
        time.sleep(1)
    return nn.Sequential(nn.Flatten(), nn.Linear(3072, n_classes))
"""
# An executor as those of clusters, which only starts jobs and notes what they ask for.
ELSEWHERE = """
import subprocess

from snakemake_interface_executor_plugins.executors.base import SubmittedJobInfo
from snakemake_interface_executor_plugins.executors.remote import RemoteExecutor
from snakemake_interface_executor_plugins.settings import CommonSettings

common_settings = CommonSettings(
    non_local_exec=True, implies_no_shared_fs=False, job_deploy_sources=False
)


class Executor(RemoteExecutor):
    def run_job(self, job):
        with open("asked.txt", "a") as file:
            print(job.name, job.resources.get("gpu", 0), file=file)
        process = subprocess.Popen(self.format_job_exec(job), shell=True)
        self.report_job_submission(SubmittedJobInfo(job, aux={"process": process}))

    async def check_active_jobs(self, active_jobs):
        for info in active_jobs:
            status = info.aux["process"].poll()
            if status is None:
                yield info
            elif status:
                self.report_job_error(info)
            else:
                self.report_job_success(info)

    def cancel_jobs(self, active_jobs):
        for info in active_jobs:
            info.aux["process"].terminate()
"""


@pytest.fixture(autouse=True)
def without_gpu(monkeypatch):
    """A machine without a GPU; if it has one, that is hidden."""
    monkeypatch.delenv(gpus.VISIBLE, raising=False)
    if gpus.may_be_found():
        monkeypatch.setenv(gpus.VISIBLE, "")


def hide(folder, monkeypatch):
    list_cards(folder, [Card(*H100, "0000-aaaa")], "580.65.06")
    monkeypatch.setenv(gpus.VISIBLE, "-1")


def show(folder, monkeypatch):
    list_cards(folder, [Card(*H100, "0000-aaaa")], "580.65.06")
    monkeypatch.delenv(gpus.VISIBLE, raising=False)


def break_driver(folder, monkeypatch):
    make_nvidia_smi(folder, "NVIDIA-SMI has failed", status=9)
    monkeypatch.delenv(gpus.VISIBLE, raising=False)


@pytest.mark.parametrize(
    ("device", "prepare", "asks"),
    [
        ("auto", None, False),
        ("auto", hide, False),
        ("auto", show, True),
        ("auto", break_driver, True),
        ("cuda", None, True),
        ("mps", hide, True),
        ("cpu", show, False),
    ],
)
def test_a_job_on_this_machine_asks_for_a_gpu_unless_it_surely_finds_none(
    project, tmp_path, monkeypatch, device, prepare, asks
):
    if prepare:
        prepare(tmp_path, monkeypatch)
    project.configure({**SMALL, "device": device})
    result = project.snakemake("--dry-run", TRAINING, programs=tmp_path)
    assert result.returncode == 0, result.stderr
    for rule in ("rehearse", "train"):
        (job,) = [job for job in result.stdout.split("\n\n") if f"rule {rule}:" in job]
        assert ("gpu=1" in job) == asks


def trainings(project):
    """(start, end) of every training, in their order."""
    paths = (project.folder / "results").glob("*/runs/**/training.json")
    records = [json.loads(path.read_text()) for path in paths]
    keys = ("started_at", "ended_at")
    return sorted(tuple(datetime.fromisoformat(record[k]) for k in keys) for record in records)


def test_without_a_gpu_as_many_trainings_run_at_once_as_there_are_cores(project, tmp_path):
    (tmp_path / "came").mkdir()
    (project.folder / "waits.py").write_text(WAITS_FOR_OTHERS)
    values = {**copy.deepcopy(SMALL), "device": "auto", "threads": 1}
    options = {"folder": str(tmp_path / "came"), "count": 3}
    values["models"] = {"waits": {"family": "file", "factory": "waits.py:net", "options": options}}
    values["runs"] = [{"models": ["waits"], "recipes": ["quick"], "seeds": [0, 1, 2]}]
    project.configure(values)
    result = project.snakemake("--cores", "3", "--resources", "gpu=1", "--until", "train")
    assert result.returncode == 0, result.stderr
    assert "device: auto; no " in result.stderr
    assert len(os.listdir(tmp_path / "came")) == 3
    assert len(trainings(project)) == 3


def test_with_one_gpu_two_trainings_never_overlap(project, tmp_path, monkeypatch):
    # It may be there, and jobs run on the CPU after all.
    break_driver(tmp_path, monkeypatch)
    (project.folder / "alone.py").write_text(IS_ALONE)
    values = {**copy.deepcopy(SMALL), "device": "auto", "threads": 1}
    options = {"folder": str(tmp_path)}
    values["models"] = {"alone": {"family": "file", "factory": "alone.py:net", "options": options}}
    values["runs"] = [{"models": ["alone"], "recipes": ["quick"], "seeds": [0, 1, 2]}]
    project.configure(values)
    words = ("--cores", "3", "--resources", "gpu=1", "--until", "train")
    result = project.snakemake(*words, programs=tmp_path)
    assert result.returncode == 0, result.stderr
    assert len((tmp_path / "came").read_text().split()) == 3
    for (_, ended), (started, _) in pairwise(trainings(project)):
        assert ended <= started


@pytest.fixture
def elsewhere(project, tmp_path, monkeypatch):
    """The words for Snakemake to run its jobs elsewhere, by an executor of their own."""
    package = tmp_path / "plugins/snakemake_executor_plugin_elsewhere"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text(ELSEWHERE)
    monkeypatch.setenv("PYTHONPATH", str(package.parent))
    project.configure({**SMALL, "device": "auto"})
    words = ["--executor", "elsewhere", "--jobs", "2", "--latency-wait", "0"]
    return [*words, "--seconds-between-status-checks", "1"]


def test_a_job_that_runs_elsewhere_asks_for_a_gpu_which_may_be_there(project, elsewhere):
    result = project.snakemake(*elsewhere, REHEARSAL)
    assert result.returncode == 0, result.stderr
    asked = (project.folder / "asked.txt").read_text().splitlines()
    assert asked == ["data 0", "rehearse 1"]
    # Nothing is known of the GPUs there.
    assert "device: auto" not in result.stderr


def test_a_dry_run_for_elsewhere_says_the_same(project, elsewhere):
    result = project.snakemake(*elsewhere, "--dry-run", REHEARSAL)
    assert result.returncode == 0, result.stderr
    assert result.stdout.count("gpu=1") == 1
