# In: the data set, a model's settings, a recipe, a seed.
# Out: the weights of one run, its loss history and the record of its training.


rule train:
    """One run: one model, one recipe, one seed."""
    input:
        dataset=MANIFEST,
    output:
        weights=RUN / "weights.safetensors",
        history=RUN / "history.csv",
        epochs=RUN / "epochs.csv",
        training=RUN / "training.json",
    log:
        LOGS / "train/{model}/{recipe}/seed-{seed}.log",
    conda:
        "../envs/torch.yaml"
    threads: THREADS
    resources:
        gpu=GPUS_PER_RUN,
        mem_mb=4000,
        runtime=lambda wildcards, attempt: 120 * attempt,
    params:
        model=model_settings,
        recipe=recipe_settings,
        device=DEVICE,
    shell:
        "python scripts/train.py --dataset {input.dataset:q} --model {params.model:q}"
        " --recipe {params.recipe:q} --seed {wildcards.seed}"
        " --device {params.device} --threads {threads} --weights {output.weights:q}"
        " --history {output.history:q} --epochs {output.epochs:q}"
        " --training {output.training:q} > {log:q} 2>&1"
