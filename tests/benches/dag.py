"""Time of a dry run with nothing to do, beside a bare workflow of the same shape.

The bare one has the same rules with the same files and logs, but `touch` for commands, and neither
parameters nor records: plain Snakemake, its triggers as they are.

One run is really made; the others are copies of it under further seeds, with their records. Printed
are medians with the lowest and the highest value; the ratio is that of pairs, made by turns.
"""

import argparse
import copy
import json
import os
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benches.measuring import by_turns, ratios_of, spread_of
from project import SMALL, copy_project

SEED_0 = "seed-0"
COLUMNS = "{:>6}  {:>22}  {:>22}  {:>20}  {:>8}  {:>8}"
STAGES_OF_A_RUN = ("train", "evaluate", "metrics")
BARE = """
RUNS = range(N_RUNS)
TABLES = ("runs", "comparison", "pairwise", "published", "verdicts", "claims", "classes")
TABLES += ("confusions", "superclasses", "images", "doubtful_labels", "robustness")
FIGURE_NAMES = ("accuracy", "losses", "loss", "classes", "examples", "tradeoffs")
FIGURE_NAMES += ("confusion", "coverage", "gallery", "compute", "published", "duplicate_pairs")
REPORTS = ["results/report/" + code + kind for code in ("en", "zh") for kind in (".html", ".md")]
REPORTS += [
    "results/report/figures." + code + "/" + name
    for code in ("en", "zh")
    for name in (*FIGURE_NAMES, "structure")
]
RUN = "results/runs/cnn_2/quick/seed-{seed}/"
COMPARED = ["results/compare/" + name for name in TABLES]
FIGURES = ["results/figures/" + name for name in FIGURE_NAMES]


rule all:
    input:
        [name for name in REPORTS if "figures" not in name],


rule data:
    output:
        ["results/data/" + name for name in ("manifest", "train", "test", "classes")],
    log:
        "logs/data",
    shell:
        "touch {output}"


rule rehearse:
    input:
        "results/data/train",
    output:
        "results/rehearsals/quick",
    log:
        "logs/rehearse",
    shell:
        "touch {output}"


rule cost:
    input:
        "results/data/classes",
        "results/rehearsals/quick",
    output:
        "results/cost/cnn_2.json",
    log:
        "logs/cost",
    shell:
        "touch {output}"


rule structure:
    input:
        "results/cost/cnn_2.json",
    output:
        "results/cost/cnn_2.svg",
    log:
        "logs/structure",
    shell:
        "touch {output}"


rule train:
    input:
        "results/data/train",
        "results/rehearsals/quick",
    output:
        [RUN + name for name in ("weights", "history", "epochs", "training")],
    log:
        "logs/train/{seed}",
    shell:
        "touch {output}"


rule evaluate:
    input:
        "results/data/test",
        RUN + "weights",
    output:
        RUN + "predictions",
    log:
        "logs/evaluate/{seed}",
    shell:
        "touch {output}"


rule metrics:
    input:
        "results/data/classes",
        "results/data/duplicates",
        RUN + "predictions",
    output:
        RUN + "metrics",
    log:
        "logs/metrics/{seed}",
    shell:
        "touch {output}"


rule compare:
    input:
        expand(RUN + "metrics", seed=RUNS),
        expand(RUN + "predictions", seed=RUNS),
        expand(RUN + "training", seed=RUNS),
        "results/cost/cnn_2.json",
        "results/data/manifest",
    output:
        COMPARED,
    log:
        "logs/compare",
    shell:
        "touch {output}"


rule duplicates:
    input:
        "results/data/train",
        "results/data/test",
        "results/data/classes",
    output:
        "results/data/duplicates",
    log:
        "logs/duplicates",
    shell:
        "touch {output}"


rule duplicate_pairs:
    input:
        "results/data/duplicates",
        "results/data/train",
        "results/data/test",
    output:
        FIGURES[11],
    log:
        "logs/duplicate_pairs",
    shell:
        "touch {output}"


rule accuracy:
    input:
        COMPARED,
    output:
        FIGURES[0],
    log:
        "logs/accuracy",
    shell:
        "touch {output}"


rule tradeoffs:
    input:
        COMPARED[1],
    output:
        FIGURES[5],
    log:
        "logs/tradeoffs",
    shell:
        "touch {output}"


rule losses:
    input:
        expand(RUN + "history", seed=RUNS),
        expand(RUN + "epochs", seed=RUNS),
    output:
        FIGURES[1],
    log:
        "logs/losses",
    shell:
        "touch {output}"


rule loss:
    input:
        expand(RUN + "history", seed=RUNS),
        expand(RUN + "epochs", seed=RUNS),
    output:
        FIGURES[2],
    log:
        "logs/loss",
    shell:
        "touch {output}"


rule classes:
    input:
        "results/data/classes",
        expand(RUN + "metrics", seed=RUNS),
    output:
        FIGURES[3],
    log:
        "logs/classes",
    shell:
        "touch {output}"


rule confusion:
    input:
        "results/data/classes",
        expand(RUN + "metrics", seed=RUNS),
    output:
        FIGURES[6],
    log:
        "logs/confusion",
    shell:
        "touch {output}"


rule coverage:
    input:
        expand(RUN + "metrics", seed=RUNS),
    output:
        FIGURES[7],
    log:
        "logs/coverage",
    shell:
        "touch {output}"


rule gallery:
    input:
        "results/data/test",
        COMPARED[7],
    output:
        FIGURES[8],
    log:
        "logs/gallery",
    shell:
        "touch {output}"


rule compute:
    input:
        COMPARED[1],
    output:
        FIGURES[9],
    log:
        "logs/compute",
    shell:
        "touch {output}"


rule published:
    input:
        COMPARED[4],
        COMPARED[1],
    output:
        FIGURES[10],
    log:
        "logs/published",
    shell:
        "touch {output}"


rule examples:
    input:
        "results/data/test",
        "results/data/classes",
        expand(RUN + "predictions", seed=0),
    output:
        FIGURES[4],
    log:
        "logs/examples",
    shell:
        "touch {output}"


rule report:
    input:
        "results/data/manifest",
        COMPARED,
        FIGURES,
        "results/data/duplicates",
        expand(RUN + "training", seed=RUNS),
        expand(RUN + "history", seed=RUNS),
        expand(RUN + "epochs", seed=RUNS),
        "results/cost/cnn_2.json",
        "results/cost/cnn_2.svg",
    output:
        REPORTS,
    log:
        "logs/report",
    shell:
        "touch {output}"
"""


def configuration(n_runs):
    values = copy.deepcopy(SMALL)
    values["runs"] = [{"models": ["cnn_2"], "recipes": ["quick"], "seeds": list(range(n_runs))}]
    return values


def copy_runs(project, n_runs):
    """Give the run of seed 0 to the other seeds too, and to the records that list all runs."""
    results = project.folder / "results/synthetic"
    folder = results / "runs/cnn_2/quick" / SEED_0
    records = [results / "records" / stage / "cnn_2/quick" for stage in STAGES_OF_A_RUN]
    for seed in range(1, n_runs):
        target = folder.with_name(f"seed-{seed}")
        target.mkdir(exist_ok=True)
        for file in folder.iterdir():
            if not (target / file.name).exists():
                os.link(file, target / file.name)
        for stage in records:
            text = (stage / f"{SEED_0}.json").read_text().replace(SEED_0, f"seed-{seed}")
            text = text.replace('"seed": 0', f'"seed": {seed}')
            (stage / f"seed-{seed}.json").write_text(text)
    for path in (results / "records").rglob("*.json"):
        record = json.loads(path.read_text())
        lists = [key for key in ("runs", "trained") if record["settings"].get(key)]
        if not lists:
            continue
        for key in lists:
            record["settings"][key] = _for_all_seeds([record["settings"][key][0]], n_runs)
        firsts = {k: v for k, v in record["inputs"].items() if "/seed-" not in k or SEED_0 in k}
        record["inputs"] = {
            path: digest for k, digest in firsts.items() for path in _for_all_seeds([k], n_runs)
        }
        path.write_text(json.dumps(record))


def _for_all_seeds(paths, n_runs):
    return [
        path.replace(SEED_0, f"seed-{seed}")
        for path in paths
        for seed in (range(n_runs) if SEED_0 in path else [0])
    ]


def make_bare(folder, n_runs):
    """A bare workflow with all its files, the oldest first."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "Snakefile").write_text(BARE.replace("N_RUNS", str(n_runs)))
    files = [*(f"data/{name}" for name in ("manifest", "train", "test", "classes"))]
    files += ["data/duplicates", "rehearsals/quick", "cost/cnn_2.json", "cost/cnn_2.svg"]
    for name in ("weights", "history", "epochs", "training", "predictions", "metrics"):
        files += [f"runs/cnn_2/quick/seed-{seed}/{name}" for seed in range(n_runs)]
    tables = ("runs", "comparison", "pairwise", "published", "verdicts", "claims", "classes")
    tables += ("confusions", "superclasses", "images", "doubtful_labels", "robustness")
    figures = ("accuracy", "losses", "loss", "classes", "examples", "tradeoffs")
    figures += ("confusion", "coverage", "gallery", "compute", "published", "duplicate_pairs")
    files += [f"compare/{name}" for name in tables] + [f"figures/{name}" for name in figures]
    for code in ("en", "zh"):
        files += [f"report/{code}.{kind}" for kind in ("html", "md")]
        files += [f"report/figures.{code}/{name}" for name in (*figures, "structure")]
    for name in files:
        path = folder / "results" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    words = [sys.executable, "-m", "snakemake", "--cores", "1", "--touch", "--quiet", "all"]
    subprocess.run(words, cwd=folder, check=True, capture_output=True)


def measured_run(folder, *arguments):
    """(seconds, peak memory in MB) of an invocation that must find nothing to do."""
    words = [sys.executable, "-m", "snakemake", "--cores", "2", *arguments]
    started = time.perf_counter()
    with tempfile.TemporaryFile("w+") as output:
        process = subprocess.Popen(words, cwd=folder, stdout=output, stderr=output)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - started
        output.seek(0)
        text = output.read()
    if status or "Nothing to be done" not in text:
        sys.exit(f"error: expected nothing to do in {folder}, found:\n{text[-3000:]}")
    return seconds, usage.ru_maxrss * 1024 / 1e6


def spread_text(spread):
    return f"{spread.median:.2f} ({spread.lowest:.2f} to {spread.highest:.2f})"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, nargs="+", default=[10, 100, 1_000, 5_000])
    parser.add_argument("--repeats", type=int, default=7, help="pairs of dry runs of each size")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        project = copy_project(Path(folder) / "project")
        project.configure(configuration(1))
        result = project.snakemake()
        if result.returncode != 0:
            sys.exit(f"error: the run to be copied failed:\n{result.stderr}")
        titles = ("runs", "this project, s", "bare Snakemake, s", "ratio", "this, MB", "bare, MB")
        print(COLUMNS.format(*titles))
        for n_runs in arguments.runs:
            copy_runs(project, n_runs)
            project.configure(configuration(n_runs))
            bare = Path(folder) / f"bare-{n_runs}"
            make_bare(bare, n_runs)
            configured = ("--configfile", "small.yaml")
            # Reads every file once and keeps the digests, which a dry run does not.
            measured_run(project.folder, *configured)
            measured = by_turns(
                f"{n_runs:,} runs, (s, MB)",
                arguments.repeats,
                ours=partial(measured_run, project.folder, "--dry-run", *configured),
                bare=partial(measured_run, bare, "--dry-run"),
            )
            (ours, ours_mb), (other, other_mb) = (zip(*m, strict=True) for m in measured.values())
            seconds = [spread_text(spread_of(side)) for side in (ours, other)]
            ratio = spread_text(ratios_of(ours, other))
            megabytes = [f"{spread_of(side).median:,.0f}" for side in (ours_mb, other_mb)]
            print(COLUMNS.format(f"{n_runs:,}", *seconds, ratio, *megabytes), flush=True)


if __name__ == "__main__":
    main()
