# In: the weights of a run and the test split.
# Out: the accuracy of the run on corrupted test images. Nothing asks for it by default.


rule robustness:
    """Test accuracy of one run under every kind of corruption at every severity."""
    input:
        **inputs(
            dataset=DATA / "test.json",
            weights=RUN / "weights.safetensors",
        ),
    output:
        robustness=RUN / "robustness.csv",
        record=record_of("robustness", RUN_NAME),
    log:
        log_of("robustness", RUN_NAME),
    wildcard_constraints:
        recipe=TESTED_RECIPE,
    conda:
        "../envs/torch.yaml"
    threads: THREADS
    resources:
        gpu=GPUS_PER_RUN,
        mem_mb=8000,
        runtime=240,
    params:
        defines=lambda wildcards: {**defines_model(wildcards), "corruptions": CORRUPTIONS},
        # Threads and devices differ in the last bits.
        repeats=False,
        batch_size=images_at_once,
        device=DEVICE,
    shell:
        "python scripts/robustness.py --dataset {input.dataset:q} --model {params.defines[model]:q}"
        " --weights {input.weights:q} --corruptions {params.defines[corruptions]:q}"
        " --batch-size {params.batch_size} --device {params.device} --threads {threads}"
        " --robustness {output.robustness:q} --record {output.record:q} > {log:q} 2>&1"
