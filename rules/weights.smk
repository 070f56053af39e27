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
    params:
        model=model_settings,
    resources:
        mem_mb=4000,
        runtime=60,
    conda:
        "../envs/torch.yaml"
    shell:
        "python scripts/weights.py --dataset {input.dataset:q} --model {params.model:q}"
        " --downloads results/downloads --weights {output.weights:q} > {log:q} 2>&1"
