# In: a model's settings that name weights: torchvision's, a URL, or a local file.
# Out: the tensors that the model starts from, checked against it, with their origin.


rule weights:
    """Weights to start from, without a head that does not fit."""
    input:
        dataset=MANIFEST,
        code=code_of_model,
        local=local_weights,
    output:
        weights=RESULTS / "weights/{model}.safetensors",
    log:
        LOGS / "weights/{model}.log",
    conda:
        "../envs/torch.yaml"
    resources:
        mem_mb=4000,
        runtime=60,
    params:
        model=model_settings,
    shell:
        "python scripts/weights.py --dataset {input.dataset:q} --model {params.model:q}"
        " --downloads results/downloads --weights {output.weights:q} > {log:q} 2>&1"
