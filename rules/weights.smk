# In: a model's settings that name weights: torchvision's, a URL, or a local file.
# Out: the tensors that the model starts from, checked against it, with their origin.


checkpoint weights:
    """Weights to start from, without a head that does not fit."""
    input:
        dataset=ancient(DATA / "classes.json"),
        local=local_weights,
        stale=if_stale("weights"),
    output:
        record=RECORDS / "weights/{model}.json",
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
        " --downloads results/downloads --weights {output.weights:q} --record {output.record:q}"
        " > {log:q} 2>&1"
