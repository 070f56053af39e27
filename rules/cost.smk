# In: a model's settings and the recipes it is trained with, the shape of the images, the classes.
# Out: what the model needs (parameters, size, speed, memory) and its layers.


rule cost:
    """Parameters, sizes, speed and memory of one model, and its layers."""
    input:
        **inputs(
            dataset=DATA / "classes.json",
            rehearsals=rehearsals_of_model,
        ),
    output:
        record=record_of("cost", "{model}"),
        cost=RESULTS / "cost/{model}.json",
    log:
        log_of("cost", "{model}"),
    conda:
        "../envs/torch.yaml"
    threads: ALL_CORES
    resources:
        gpu=GPUS_PER_RUN,
        mem_mb=16000,
        runtime=60,
    params:
        defines=defines_cost,
        # It measures.
        repeats=False,
    shell:
        "python scripts/cost.py --dataset {input.dataset:q}"
        " --model {params.defines[model]:q} --recipes {params.defines[recipes]:q}"
        " --rehearsals {input.rehearsals:q}"
        " --device {params.defines[device]} --threads {params.defines[threads]} --cost {output.cost:q}"
        " --record {output.record:q} > {log:q} 2>&1"
