"""The workflow killed while Slurm's jobs run and wait; two GPUs, three trainings."""

import subprocess

import pytest
from on_cluster import slow_project, training_records, trainings, with_checkpoint
from one_node import wait_for

SEEDS = [0, 1, 2]
# As docs/cluster.md has it.
CANCEL_ORPHANS = r"""
squeue --me --noheader --format '%A %j' | awk '$2 ~ /^cifar100_/ {print $1}' | xargs -r scancel
"""


@pytest.fixture(scope="module")
def held(node, run_workflow, tmp_path_factory):
    """The project and the workflow, two trainings being under way."""
    project = slow_project(tmp_path_factory.mktemp("killed") / "project", SEEDS)
    node.start(gpus=2)
    workflow = run_workflow(project, "--until", "train")
    wait_for(
        "two trainings", lambda: len(with_checkpoint(project, trainings(node.jobs()))) == 2, 120
    )
    return project, workflow


def test_on_two_gpus_two_trainings_run_at_a_time_each_on_one_of_its_own(held, node):
    project, _ = held
    jobs = trainings(node.jobs())
    assert sorted(job.state for job in jobs) == ["PENDING", "RUNNING", "RUNNING"]
    running = [job for job in jobs if job.state == "RUNNING"]
    gpus = [(project.folder / f"gpu-of-{job.id}").read_text() for job in running]
    assert sorted(gpus) == ["0", "1"]


def test_after_a_kill_with_jobs_running_and_waiting_the_same_command_completes_them(
    held, run_workflow, node
):
    project, workflow = held
    workflow.kill()
    orphans = trainings(node.jobs())
    assert sorted(job.state for job in orphans) == ["PENDING", "RUNNING", "RUNNING"]
    interrupted = with_checkpoint(project, orphans)
    assert len(interrupted) == 2
    subprocess.run(CANCEL_ORPHANS, shell=True, check=True, timeout=60)
    wait_for("orphans to end", lambda: all(job.is_over for job in node.jobs()))
    (project.folder / "slow").unlink()
    run_workflow(project, "--until", "train").finish()
    assert project.would_run("--until", "train") == {}
    parts = {seed: len(record["parts"]) for seed, record in training_records(project).items()}
    assert parts == {seed: 2 if seed in interrupted else 1 for seed in SEEDS}
    assert sum(job.state == "COMPLETED" for job in trainings(node.jobs())) == len(SEEDS)
