# In: the training split, a model's settings, a recipe, the weights to start from.
# Out: what all runs of this row go by; before the first of them, all that they do was done once.


checkpoint rehearse:
    """All that the runs of one row do, once on a few images, so that no fault shows hours later."""
    input:
        **inputs(
            dataset=DATA / "train.json",
            initial=initial_weights,
        ),
    output:
        rehearsal=REHEARSAL,
        record=record_of("rehearse", ROW_NAME),
    log:
        log_of("rehearse", ROW_NAME),
    # Before the first training.
    priority: 1
    conda:
        "../envs/torch.yaml"
    threads: THREADS
    resources:
        gpu=GPUS_PER_RUN,
        mem_mb=16000,
        runtime=60,
    params:
        defines=defines_rehearsal,
        versions=as_data(LOCKED_VERSIONS),
    shell:
        "python scripts/rehearse.py --dataset {input.dataset:q} --model {params.defines[model]:q}"
        " --recipe {params.defines[recipe]:q} --versions {params.versions:q}"
        " --initial-weights {input.initial:q} --device {params.defines[device]} --threads {threads}"
        " --rehearsal {output.rehearsal:q} --record {output.record:q} > {log:q} 2>&1"
