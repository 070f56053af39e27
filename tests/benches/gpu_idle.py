"""What share of a run's time a GPU waits for the next job to start: sleeping jobs, real scheduler.

The jobs have the shape of the project's, of nine small CNNs and four large models. Each sleeps for
as long as a command starts, leases the one GPU as commands do (engine.leases), and sleeps for as
long as it would compute. What is longer than LONGEST_SECONDS is cut: a GPU that computes longer is
not idle for it. The share is of the whole times, which are assumptions, not measurements.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent / "scripts"))

from engine.leases import FOLDER_VARIABLE, lease_device, lock_folder

# Imports of torch and the project, on a machine with nothing else to do.
START_SECONDS = 2.5
LONGEST_SECONDS = 6.0
CNNS, LARGE = ("cnn_2", "cnn_3", "cnn_5"), ("vgg19", "resnet101", "vit_b_32", "swin_b")
# What a job computes on the GPU, assumed: of a small CNN, and of each of LARGE.
SECONDS = {
    "rehearse": (1, dict.fromkeys(LARGE, 4)),
    "train": (20, {"vgg19": 900, "resnet101": 900, "vit_b_32": 300, "swin_b": 1200}),
    "evaluate": (1, {"vgg19": 15, "resnet101": 15, "vit_b_32": 5, "swin_b": 20}),
    "cost": (8, dict.fromkeys(LARGE, 12)),
}
# Memory is measured in a process that the command starts when it has the GPU.
STARTS_WHILE_LEASED = {"cost": 1}
SNAKEFILE = """
SEEDS = {name: range(3 if name.startswith("cnn") else 1) for name in config["models"]}
RUNS = [f"{name}/{seed}" for name, seeds in SEEDS.items() for seed in seeds]
JOB = config["job"] + " {rule} {wildcards.model} 2> /dev/null && touch {output}"


rule all:
    input:
        expand("evaluate/{run}", run=RUNS),
        expand("cost/{model}", model=SEEDS),


rule rehearse:
    output:
        "rehearse/{model}",
    priority: 1
    threads: 2
    resources:
        gpu=1,
    shell:
        JOB


rule train:
    input:
        "rehearse/{model}",
    output:
        "train/{model}/{seed}",
    threads: 2
    resources:
        gpu=1,
    shell:
        JOB


rule evaluate:
    input:
        "train/{model}/{seed}",
    output:
        "evaluate/{model}/{seed}",
    threads: 2
    resources:
        gpu=1,
    shell:
        JOB


rule cost:
    input:
        "rehearse/{model}",
    output:
        "cost/{model}",
    threads: workflow.cores
    resources:
        gpu=1,
    shell:
        JOB
"""


def seconds_of(stage, model):
    """Seconds that a job computes, as assumed."""
    of_a_cnn, of_large = SECONDS[stage]
    return of_large.get(model, of_a_cnn)


def run_job(log, stage, model):
    """Do nothing for as long as a job would; notes when it has the GPU."""
    time.sleep(START_SECONDS)
    lease_device(["0"], lock_folder())
    taken = time.time()
    inside = START_SECONDS * STARTS_WHILE_LEASED.get(stage, 0)
    time.sleep(inside + min(seconds_of(stage, model), LONGEST_SECONDS))
    line = {"stage": stage, "model": model, "taken": taken, "given": time.time(), "idle": inside}
    with open(log, "a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")


def idle_seconds(jobs, began):
    """Seconds without a job that computes, by the stage that started late, a dict.

    jobs: as run_job notes them; began: when the GPU could have begun.
    """
    idle = dict.fromkeys(SECONDS, 0.0)
    jobs = sorted(jobs, key=lambda job: job["taken"])
    for before, job in pairwise([{"given": began}, *jobs]):
        idle[job["stage"]] += job["taken"] - before["given"] + job["idle"]
    return idle


def measure(models, n_jobs):
    """(idle seconds by stage, computing seconds by stage) of a run with --resources gpu=n_jobs."""
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        log = folder / "jobs.jsonl"
        (folder / "Snakefile").write_text(SNAKEFILE)
        job = f"{sys.executable} {Path(__file__).resolve()} --job {log}"
        (folder / "config.json").write_text(json.dumps({"models": models, "job": job}))
        words = ["--cores", "8", "--resources", f"gpu={n_jobs}", "--configfile", "config.json"]
        subprocess.run(
            [str(Path(sys.executable).parent / "snakemake"), "--quiet", "all", *words],
            cwd=folder,
            env={**os.environ, FOLDER_VARIABLE: str(folder)},
            check=True,
        )
        jobs = [json.loads(line) for line in log.read_text().splitlines()]
    # Snakemake's own start is left out: it is once for all jobs.
    idle = idle_seconds(jobs, min(job["taken"] for job in jobs) - START_SECONDS)
    computing = dict.fromkeys(SECONDS, 0.0)
    for job in jobs:
        computing[job["stage"]] += seconds_of(job["stage"], job["model"])
    return idle, computing


def row(title, idle, computing):
    seconds = sum(idle.values())
    of_stages = ", ".join(f"{stage} {idle[stage]:.0f}" for stage in SECONDS)
    share = 100 * seconds / (seconds + sum(computing.values()))
    cells = (
        title,
        f"{sum(computing.values()):.0f}",
        f"{seconds:.0f} ({of_stages})",
        f"{share:.1f}",
    )
    return f"| {' | '.join(cells)} |"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gpu", type=int, nargs="+", default=[1, 2], help="of --resources")
    parser.add_argument("--job", nargs=3, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.job:
        run_job(*arguments.job)
        return
    print("| run | computing, s | GPU idle, s (before jobs of a stage) | idle, % |")
    print("|---|---:|---:|---:|")
    for title, models in (("9 CNNs", CNNS), ("9 CNNs and 4 large", CNNS + LARGE)):
        for n_jobs in arguments.gpu:
            print(row(f"{title}, gpu={n_jobs}", *measure(models, n_jobs)), flush=True)


if __name__ == "__main__":
    main()
