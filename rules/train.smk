# In: the data set, a model's settings, a recipe, a seed.
# Out: the weights of one run, its loss history and the record of its training.


rule train:
    """One run: one model, one recipe, one seed."""
    input:
        dataset=MANIFEST,
        code=code_of_model,
        initial=initial_weights,
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
        mem_mb=16000,
        runtime=lambda wildcards, attempt: 240 * attempt,
    params:
        model=model_settings,
        recipe=recipe_settings,
        device=DEVICE,
        initial=lambda wildcards, input: (
            ["--initial-weights", input.initial] if input.initial else []
        ),
    shell:
        "python scripts/train.py --dataset {input.dataset:q} --model {params.model:q}"
        " --recipe {params.recipe:q} --seed {wildcards.seed} {params.initial:q}"
        " --device {params.device} --threads {threads} --weights {output.weights:q}"
        " --history {output.history:q} --epochs {output.epochs:q}"
        " --training {output.training:q} > {log:q} 2>&1"
