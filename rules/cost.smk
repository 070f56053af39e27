# In: a model's settings and the recipes it is trained with, the shape of the images, the classes.
# Out: what the model needs (parameters, size, speed, memory) and its layers.


rule cost:
    """Parameters, sizes, speed and memory of one model, and its layers."""
    input:
        dataset=ancient(DATA / "classes.json"),
        stale=if_stale("cost"),
    output:
        record=RECORDS / "cost/{model}.json",
        cost=RESULTS / "cost/{model}.json",
    log:
        LOGS / "cost/{model}.log",
    conda:
        "../envs/torch.yaml"
    threads: ALL_CORES
    resources:
        gpu=GPUS_PER_RUN,
        mem_mb=16000,
        runtime=60,
    params:
        model=model_settings,
        recipes=recipes_of_model,
        device=DEVICE,
        threads=THREADS,
    shell:
        "python scripts/cost.py --dataset {input.dataset:q}"
        " --model {params.model:q} --recipes {params.recipes:q} --device {params.device}"
        " --threads {params.threads} --cost {output.cost:q}"
        " --record {output.record:q} > {log:q} 2>&1"
