# In: the data set, a model's settings, a recipe, a seed.
# Out: the weights of one run, its loss history and the record of its training.


rule train:
    """One run: one model, one recipe, one seed."""
    input:
        dataset=ancient(DATA / "train.json"),
        initial=initial_weights,
        stale=if_stale("train"),
    output:
        weights=RUN / "weights.safetensors",
        history=RUN / "history.csv",
        epochs=RUN / "epochs.csv",
        training=RUN / "training.json",
        record=RECORDS / "train/{model}/{recipe}/seed-{seed}.json",
    log:
        LOGS / "train/{model}/{recipe}/seed-{seed}.log",
    conda:
        "../envs/torch.yaml"
    threads: THREADS
    resources:
        gpu=GPUS_PER_RUN,
        mem_mb=16000,
        runtime=lambda wildcards, attempt: 240 * attempt,
    params:
        run=run_settings,
        seed="{seed}",
        versions=LOCKED_VERSIONS,
        device=DEVICE,
        checkpoints=str(CHECKPOINTS),
        interval=checkpoint_arguments(),
        live=str(LIVE),
        failure=str(FAILURE),
    # exec: a signal to this job reaches the training, and nothing ends before it has saved.
    shell:
        "exec python scripts/train.py --dataset {input.dataset:q} --model {params.run[model]:q}"
        " --recipe {params.run[recipe]:q} --seed {params.seed} --versions {params.versions:q}"
        " --initial-weights {input.initial:q} --device {params.device} --threads {threads}"
        " --checkpoints {params.checkpoints:q} {params.interval:q} --live {params.live:q}"
        " --failure {params.failure:q}"
        " --weights {output.weights:q}"
        " --history {output.history:q} --epochs {output.epochs:q}"
        " --training {output.training:q} --record {output.record:q}"
        " > {log:q} 2>&1"
