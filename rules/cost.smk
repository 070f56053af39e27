# In: a model's settings and the recipes it is trained with, the shape of the images, the classes.
# Out: what the model needs (parameters, size, speed, memory) and a drawing of its structure.


rule cost:
    """Parameters, sizes, speed and memory of one model, and its structure."""
    input:
        code=code_with_model("scripts/cost.py"),
        dataset=ancient(DATA / "classes.json"),
        stale=if_stale("cost"),
    output:
        record=RECORDS / "cost/{model}.json",
        cost=RESULTS / "cost/{model}.json",
        structure=report(
            RESULTS / "cost/{model}.svg",
            caption="../templates/captions/structure.rst",
            category="Structure",
            labels={"model": "{model}"},
        ),
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
        name=lambda wildcards: wildcards.model,
        model=model_settings,
        recipes=recipes_of_model,
        device=DEVICE,
        threads=THREADS,
    shell:
        "python scripts/cost.py --dataset {input.dataset:q} --name {params.name:q}"
        " --model {params.model:q} --recipes {params.recipes:q} --device {params.device}"
        " --threads {params.threads} --cost {output.cost:q} --structure {output.structure:q}"
        " --record {output.record:q} --code {input.code:q} > {log:q} 2>&1"
