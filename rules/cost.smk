# In: a model's settings, the shape of the images and the number of classes.
# Out: what the model needs: parameters, layers, the published total size.


rule cost:
    """Parameters, layers and size of one model; nothing is computed."""
    input:
        dataset=MANIFEST,
    output:
        cost=RESULTS / "cost/{model}.json",
    log:
        LOGS / "cost/{model}.log",
    conda:
        "../envs/torch.yaml"
    resources:
        mem_mb=2000,
        runtime=5,
    params:
        model=model_settings,
    shell:
        "python scripts/cost.py --dataset {input.dataset:q} --model {params.model:q}"
        " --cost {output.cost:q} > {log:q} 2>&1"
