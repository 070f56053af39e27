# In: the weights of a run, the test split, the training split where a share was held out; which test
# images have duplicates, and corrected labels.
# Out: its predictions, and the metrics that follow from them without the model.


rule evaluate:
    """Test logits of one run, once, without gradients; and those of the images held out."""
    input:
        **inputs(
            dataset=DATA / "test.json",
            weights=RUN / "weights.safetensors",
            train=split_with_held_out,
        ),
    output:
        predictions=RUN / "predictions.npz",
        record=record_of("evaluate", RUN_NAME),
    log:
        log_of("evaluate", RUN_NAME),
    wildcard_constraints:
        recipe=TESTED_RECIPE,
    conda:
        "../envs/torch.yaml"
    threads: THREADS
    resources:
        gpu=GPUS_PER_RUN,
        mem_mb=8000,
        runtime=60,
    params:
        defines=defines_evaluation,
        # Threads and devices differ in the last bits.
        repeats=False,
        batch_size=images_at_once,
        flips=FLIPS_ARGUMENT,
        device=DEVICE,
        checkpoints=str(CHECKPOINTS),
    # The training is complete, so nobody resumes from its checkpoints.
    shell:
        "rm -rf {params.checkpoints:q} && python scripts/evaluate.py --dataset {input.dataset:q} --model {params.defines[model]:q}"
        " --weights {input.weights:q} --batch-size {params.batch_size} --device {params.device} {params.flips}"
        " --train {input.train:q} --validation {params.defines[validation]}"
        " --threads {threads} --predictions {output.predictions:q} --record {output.record:q}"
        " > {log:q} 2>&1"


rule metrics:
    """Metrics of one run, from its predictions."""
    input:
        **inputs(
            dataset=DATA / "classes.json",
            predictions=RUN / "predictions.npz",
            duplicates=DUPLICATES,
            corrections=CORRECTIONS if LABEL_CORRECTIONS else [],
        ),
    output:
        metrics=RUN / "metrics.json",
        record=record_of("metrics", RUN_NAME),
    log:
        log_of("metrics", RUN_NAME),
    conda:
        "../envs/data.yaml"
    resources:
        mem_mb=500,
        runtime=5,
    shell:
        "python scripts/metrics.py --dataset {input.dataset:q}"
        " --predictions {input.predictions:q} --duplicates {input.duplicates:q}"
        " --corrections {input.corrections:q} --metrics {output.metrics:q}"
        " --record {output.record:q} > {log:q} 2>&1"
