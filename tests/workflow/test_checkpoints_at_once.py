"""Checkpoints that run at once: each end plans anew, while others have their outputs removed."""

from miniature import Miniature, jobs_that_ran

SNAKEFILE = """
configfile: "config.yaml"


include: "rules/engine.smk"


rule all:
    input:
        expand("results/metrics/{name}.json", name=config["sizes"]),


checkpoint data:
    output:
        numbers="results/data/{name}.json",
        record="results/records/data/{name}.json",
    params:
        defines=lambda wildcards: {"size": config["sizes"][wildcards.name]},
    shell:
        "python scripts/data.py --size {params.defines[size]} --numbers {output.numbers}"
        " --record {output.record}"


rule metrics:
    input:
        weights=ancient("results/data/{name}.json"),
    output:
        metrics="results/metrics/{name}.json",
        record="results/records/metrics/{name}.json",
    shell:
        "python scripts/metrics.py --weights {input.weights} --metrics {output.metrics}"
        " --record {output.record}"
"""
# The metrics of a name start when the plan was made anew after the end of its data.
ORDERED = '''
import atexit
import time
from pathlib import Path


def wait_for(path):
    deadline = time.monotonic() + 60
    while not Path(path).exists():
        if time.monotonic() > deadline:
            Path("missed").touch()
            return
        time.sleep(0.02)


def begin(arguments):
    """What the job `slow` writes comes after one plan made anew, and its end after a second."""
    name = arguments.numbers.stem
    if name == "slow":
        wait_for("results/metrics/first.json")
        atexit.register(wait_for, "results/metrics/last.json")
    if name == "last":
        wait_for("results/records/data/slow.json")
'''


def test_a_checkpoint_that_another_one_ends_before_and_after_reruns_nothing(tmp_path, snakemake):
    miniature = Miniature(tmp_path / "miniature", snakemake)
    (miniature.folder / "Snakefile").write_text(SNAKEFILE)
    miniature.configure(sizes={"first": 1, "slow": 1, "last": 1})
    command = miniature.folder / "scripts/data.py"
    everything = miniature.snakemake("--cores", "3")
    assert jobs_that_ran(everything) == {"data": 3, "metrics": 3}, everything.stdout

    for name in ("first", "last"):
        (miniature.folder / f"results/metrics/{name}.json").unlink()
    text = command.read_text().replace("(arguments):\n", "(arguments):\n    begin(arguments)\n")
    command.write_text(ORDERED + text)
    miniature.configure(sizes={"first": 2, "slow": 1, "last": 2})
    result = miniature.snakemake("--cores", "3")
    assert result.returncode == 0, result.stdout
    assert jobs_that_ran(result) == {"data": 3, "metrics": 2}
    assert not (miniature.folder / "missed").exists(), "the jobs did not come in this order"
