"""From nothing to the report through Slurm, with one GPU."""

from itertools import pairwise

import pytest
from on_cluster import RUNS, bytes_of_runs, trainings
from project import SMALL, copy_project

# Each class has two images for training, of which one is held out.
TUNED = {**SMALL["recipes"]["quick"], "validation": 0.5}
CONFIGURATION = {
    **SMALL,
    "device": "auto",
    "recipes": {"tuned": {**TUNED, "sweep": {"over": {"optimizer.learning_rate": [0.001, 0.01]}}}},
    "runs": [{"models": ["cnn_2"], "recipes": ["tuned"], "seeds": [0]}],
}
# The jobs of the workflow: data, its near-duplicates with their figure, a rehearsal and a training
# of each point of a sweep, the choice of one, a cost with its figure, and what follows from the
# choice.
JOBS = {
    "data": 1,
    "rehearse": 2,
    "train": 2,
    "choose": 1,
    "evaluate": 1,
    "metrics": 1,
    "cost": 1,
    "structure": 1,
}
JOBS |= {"loss": 1, "classes": 1, "examples": 1, "losses": 1, "compare": 1, "accuracy": 1}
JOBS |= {"tradeoffs": 1, "confusion": 1, "coverage": 1, "gallery": 1, "report": 1}
JOBS |= {"compute": 1, "published": 1, "duplicates": 1, "duplicate_pairs": 1}


@pytest.fixture(scope="module")
def finished(node, run_workflow, tmp_path_factory):
    """The project and Slurm's jobs after the workflow went through."""
    project = copy_project(tmp_path_factory.mktemp("whole") / "project")
    project.configure(CONFIGURATION)
    node.start(gpus=1)
    run_workflow(project).finish()
    return project, node.jobs()


def test_every_job_goes_through_slurm_once_and_the_report_is_there(finished):
    project, jobs = finished
    assert {job.state for job in jobs} == {"COMPLETED"}
    rules = [job.rule.removeprefix("rule_").partition("_wildcards")[0] for job in jobs]
    assert {rule: rules.count(rule) for rule in rules} == JOBS
    assert (project.folder / "results/synthetic/report/report.en.html").is_file()
    assert project.would_run() == {}


def test_jobs_with_a_gpu_run_one_at_a_time_and_cpu_jobs_beside_them(finished):
    _, jobs = finished
    on_gpu = [job for job in jobs if job.partition == "gpu"]
    stages = ("rehearse", "train", "evaluate", "cost")
    assert len(on_gpu) == sum(JOBS[stage] for stage in stages)
    assert len(trainings(on_gpu)) == JOBS["train"]
    for one, next_one in pairwise(sorted(on_gpu, key=lambda job: job.started)):
        assert one.ended <= next_one.started
    assert any(
        job.started < other.ended and other.started < job.ended
        for job in jobs
        for other in on_gpu
        if job.partition == "cpu"
    )


def test_results_have_the_bytes_of_a_run_without_slurm(finished, tmp_path):
    names = ["weights.safetensors", "history.csv"]
    project, _ = finished
    local = copy_project(tmp_path / "local")
    local.configure(CONFIGURATION)
    result = local.snakemake("--until", "evaluate")
    assert result.returncode == 0, result.stderr
    expected = bytes_of_runs(local, names)
    # The two points, and the one that was chosen.
    assert len(expected) == 3 * len(names)
    assert bytes_of_runs(project, names) == expected
    predictions = f"{RUNS}/cnn_2/tuned/seed-0/predictions.npz"
    assert (project.folder / predictions).read_bytes() == (local.folder / predictions).read_bytes()
