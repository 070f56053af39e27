# In: a model's settings that name weights: torchvision's, a URL, or a local file.
# Out: the tensors that the model starts from, checked against it, with their origin.


checkpoint weights:
    """Weights to start from, without a head that does not fit."""
    input:
        **inputs(
            dataset=DATA / "classes.json",
        ),
    output:
        record=record_of("weights", "{model}"),
        weights=RESULTS / "weights/{model}.safetensors",
    log:
        log_of("weights", "{model}"),
    conda:
        "../envs/torch.yaml"
    resources:
        mem_mb=4000,
        runtime=60,
    params:
        defines=defines_model,
        reads=local_weights,
    shell:
        "python scripts/weights.py --dataset {input.dataset:q} --model {params.defines[model]:q}"
        " --downloads results/downloads --weights {output.weights:q} --record {output.record:q}"
        " > {log:q} 2>&1"
