"""Trainings that Slurm ends, each in another way, in one run: tried again, gone on, complete."""

import pytest
import yaml
from on_cluster import (
    bytes_of_runs,
    slow_project,
    training_records,
    trainings,
    with_checkpoint,
)
from one_node import command, wait_for
from project import ROOT

CANCELLED, OUT_OF_MEMORY, WARNED, OUT_OF_TIME = SEEDS = range(4)
# obedient.py's greed is more than this, a training less.
MEMORY_MB = 1500
PROFILE = yaml.safe_load((ROOT / "profiles/slurm/config.yaml").read_text())
# As in the profile, but for the training that is to run into its limit without a warning.
WARNING = PROFILE["set-resources"]["train"]["slurm_extra"]
SIGNAL = f"{WARNING} if wildcards.seed != '{OUT_OF_TIME}' else ''"


@pytest.fixture(scope="module")
def ended(node, run_workflow, tmp_path_factory):
    """The project and, for each seed, Slurm's jobs in their order."""
    project = slow_project(tmp_path_factory.mktemp("ended") / "project", list(SEEDS))
    node.start(gpus=len(SEEDS))

    def jobs():
        return trainings(node.jobs())

    workflow = run_workflow(
        project,
        *("--until", "train", "--set-resources"),
        *(f"train:mem_mb={MEMORY_MB}", f"train:slurm_extra={SIGNAL}"),
    )
    first = wait_for("checkpoints", lambda: of_all_seeds(with_checkpoint(project, jobs())), 120)
    # The limit is known only now that the training is under way; Slurm looks every 30 seconds.
    command("scontrol", "update", f"JobId={first[OUT_OF_TIME].id}", "TimeLimit=1")
    command("scontrol", "update", f"JobId={first[WARNED].id}", "TimeLimit=2")
    (project.folder / f"greedy-{first[OUT_OF_MEMORY].id}").touch()
    node.cancel(first[CANCELLED])
    ids = {job.id for job in first.values()}
    wait_for("their ends", lambda: all(job.is_over for job in jobs() if job.id in ids), 150)
    (project.folder / "slow").unlink()
    workflow.finish()
    return project, {
        seed: [job for job in jobs() if job.rule.endswith(f"_{seed}")] for seed in SEEDS
    }


def of_all_seeds(by_seed):
    return by_seed if len(by_seed) == len(SEEDS) else None


# What the command ended with after it had saved: Snakemake was still there to see it.
SAVED = "returned non-zero exit status 75"


@pytest.mark.parametrize(
    ("seed", "state", "said"),
    [
        (CANCELLED, "CANCELLED", SAVED),
        # This Slurm reads memory from /proc and kills the processes; where cgroups do it the state
        # would be OUT_OF_MEMORY.
        (OUT_OF_MEMORY, "FAILED", "exceeded memory limit"),
        (WARNED, "FAILED", SAVED),
        (OUT_OF_TIME, "TIMEOUT", SAVED),
    ],
    ids=["cancelled", "out of memory", "warned of its time limit", "out of time"],
)
def test_a_training_that_slurm_ended_is_tried_again_and_goes_on(ended, seed, state, said):
    project, jobs = ended
    assert [job.state for job in jobs[seed]] == [state, "COMPLETED"]
    logs = project.folder / f".snakemake/slurm_logs/rule_train/obedient_long_{seed}"
    assert said in (logs / f"{jobs[seed][0].id}.log").read_text()
    first, second = training_records(project)[seed]["parts"]
    assert first["steps"] >= 1
    assert first["steps"] + second["steps"] == 400


def test_their_results_have_the_bytes_of_undisturbed_ones(ended, tmp_path):
    names = ["weights.safetensors", "history.csv"]
    project, _ = ended
    undisturbed = slow_project(tmp_path / "undisturbed", list(SEEDS))
    result = undisturbed.snakemake("--until", "train")
    assert result.returncode == 0, result.stderr
    expected = bytes_of_runs(undisturbed, names)
    assert len(expected) == len(SEEDS) * len(names)
    assert bytes_of_runs(project, names) == expected
