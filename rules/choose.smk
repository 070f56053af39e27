# In: the runs of all points of a sweep, with every seed.
# Out: the run of the point that is best on the validation split, as the run of the sweep itself.

from cifarlab.configuration import Run


def runs_of_points(wildcards):
    """Folders of the runs among which a sweep chooses."""
    row = (wildcards.model, wildcards.recipe)
    return [
        str(RUN).format(model=row[0], recipe=point, seed=run.seed)
        for point in points_left(Run(*row, int(wildcards.seed)))
        for run in ROWS[row]
    ]


def files_of_points(name):
    """A function to a file of all runs among which a sweep chooses."""
    return lambda wildcards: [f"{run}/{name}" for run in runs_of_points(wildcards)]


def files_to_copy(name):
    """A function to a file of the runs with the seed of the wildcards."""
    return lambda wildcards: [
        f"{run}/{name}"
        for run in runs_of_points(wildcards)
        if Path(run).name == f"seed-{wildcards.seed}"
    ]


def checkpoints_of_points(wildcards):
    """Folders that nobody resumes from, because the trainings are complete."""
    return [
        str(CHECKPOINTS).format(
            model=wildcards.model, recipe=Path(run).parent.name, seed=wildcards.seed
        )
        for run in runs_of_points(wildcards)
        if Path(run).name == f"seed-{wildcards.seed}"
    ]


def defines_choice(wildcards):
    """What a choice follows from beside its inputs; of equal points, the first is chosen."""
    return {"runs": runs_of_points(wildcards), "seed": int(wildcards.seed)}


checkpoint choose:
    """The run of a sweep: that of its best point, which alone meets the test split."""
    input:
        **inputs(
            training=files_of_points("training.json"),
            measured=files_of_points("epochs.csv"),
            candidates=files_to_copy("weights.safetensors"),
            histories=files_to_copy("history.csv"),
        ),
    output:
        weights=RUN / "weights.safetensors",
        history=RUN / "history.csv",
        epochs=RUN / "epochs.csv",
        training=RUN / "training.json",
        record=record_of("choose", RUN_NAME),
    log:
        log_of("choose", RUN_NAME),
    wildcard_constraints:
        recipe=any_of(PLAN.points),
    conda:
        "../envs/report.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        defines=defines_choice,
        checkpoints=checkpoints_of_points,
    shell:
        "rm -rf {params.checkpoints:q} && python scripts/choose.py --runs {params.defines[runs]:q} --seed {params.defines[seed]}"
        " --weights {output.weights:q} --history {output.history:q} --epochs {output.epochs:q}"
        " --training {output.training:q} --record {output.record:q} > {log:q} 2>&1"
