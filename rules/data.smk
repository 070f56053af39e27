# In: the CIFAR-100 archive, fetched or local, or nothing for synthetic images.
# Out: the arrays of both splits, and the manifest that seals them.


rule data:
    """The images and labels, checked and memory-mappable; the manifest is written last."""
    output:
        manifest=MANIFEST,
        arrays=expand(
            RESULTS / "data/{split}_{part}.npy",
            split=["train", "test"],
            part=["images", "labels"],
        ),
    log:
        LOGS / "data.log",
    conda:
        "../envs/data.yaml"
    resources:
        mem_mb=2000,
        runtime=120,
    params:
        source=data_arguments(),
    shell:
        "python scripts/data.py --manifest {output.manifest:q} {params.source:q}" " > {log:q} 2>&1"
