# In: the weights of a run and the test split.
# Out: its predictions, and the metrics that follow from them without the model.


rule evaluate:
    """Test logits of one run, once, without gradients."""
    input:
        dataset=ancient(DATA / "test.json"),
        weights=ancient(RUN / "weights.safetensors"),
        stale=if_stale("evaluate"),
    output:
        predictions=RUN / "predictions.npz",
        record=RECORDS / "evaluate/{model}/{recipe}/seed-{seed}.json",
    log:
        LOGS / "evaluate/{model}/{recipe}/seed-{seed}.log",
    conda:
        "../envs/torch.yaml"
    threads: THREADS
    resources:
        gpu=GPUS_PER_RUN,
        mem_mb=8000,
        runtime=60,
    params:
        run=evaluation_settings,
        device=DEVICE,
        checkpoints=str(CHECKPOINTS),
    # Snakemake has taken the training for complete, so nobody goes on from its checkpoints.
    shell:
        "rm -rf {params.checkpoints:q} && python scripts/evaluate.py --dataset {input.dataset:q} --model {params.run[model]:q}"
        " --weights {input.weights:q} --batch-size {params.run[batch_size]} --device {params.device}"
        " --threads {threads} --predictions {output.predictions:q} --record {output.record:q}"
        " > {log:q} 2>&1"


rule metrics:
    """Accuracies and loss of one run, from its predictions."""
    input:
        dataset=ancient(DATA / "classes.json"),
        predictions=ancient(RUN / "predictions.npz"),
        stale=if_stale("metrics"),
    output:
        metrics=RUN / "metrics.json",
        record=RECORDS / "metrics/{model}/{recipe}/seed-{seed}.json",
    log:
        LOGS / "metrics/{model}/{recipe}/seed-{seed}.log",
    conda:
        "../envs/data.yaml"
    resources:
        mem_mb=500,
        runtime=5,
    shell:
        "python scripts/metrics.py --dataset {input.dataset:q}"
        " --predictions {input.predictions:q} --metrics {output.metrics:q}"
        " --record {output.record:q} > {log:q} 2>&1"
