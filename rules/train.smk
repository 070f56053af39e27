# In: the data set, a model's settings, a recipe, a seed.
# Out: the weights of one run, its loss history and the record of its training.


rule train:
    """One run: one model, one recipe, one seed."""
    input:
        **inputs(
            dataset=DATA / "train.json",
            initial=initial_weights,
            rehearsal=REHEARSAL,
        ),
    output:
        weights=RUN / "weights.safetensors",
        history=RUN / "history.csv",
        epochs=RUN / "epochs.csv",
        training=RUN / "training.json",
        record=record_of("train", RUN_NAME),
    log:
        log_of("train", RUN_NAME),
    # The runs of a sweep are those of one of its points.
    wildcard_constraints:
        recipe=any_of(name for name in PLAN.recipes if name not in PLAN.points),
    conda:
        "../envs/torch.yaml"
    threads: THREADS
    resources:
        gpu=GPUS_PER_RUN,
        mem_mb=16000,
        runtime=lambda wildcards, attempt: 240 * attempt,
    params:
        defines=defines_run,
        # Threads and devices differ in the last bits.
        repeats=False,
        versions=as_data(LOCKED_VERSIONS),
        device=DEVICE,
        checkpoints=str(CHECKPOINTS),
        interval=checkpoint_arguments(),
        live=str(LIVE),
        failure=str(FAILURE),
    # exec: a signal to this job reaches the training, and nothing ends before it has saved.
    shell:
        "exec python scripts/train.py --dataset {input.dataset:q} --model {params.defines[model]:q}"
        " --recipe {params.defines[recipe]:q} --seed {wildcards.seed} --versions {params.versions:q}"
        " --initial-weights {input.initial:q} --rehearsal {input.rehearsal:q} --device {params.device} --threads {threads}"
        " --checkpoints {params.checkpoints:q} {params.interval:q} --live {params.live:q}"
        " --failure {params.failure:q}"
        " --weights {output.weights:q}"
        " --history {output.history:q} --epochs {output.epochs:q}"
        " --training {output.training:q} --record {output.record:q}"
        " > {log:q} 2>&1"
