# In: the CIFAR-100 archive, fetched or local, or nothing for synthetic images.
# Out: the arrays of both splits, what describes them, and the manifest that seals the set.


checkpoint data:
    """The images and labels, checked and memory-mappable; the manifest is written last."""
    output:
        manifest=MANIFEST,
        descriptions=expand(DATA / "{part}.json", part=["train", "test", "classes"]),
        record=record_of("data"),
        arrays=expand(
            DATA / "{split}_{part}.npy",
            split=["train", "test"],
            part=["images", "labels"],
        ),
    log:
        log_of("data"),
    conda:
        "../envs/data.yaml"
    resources:
        mem_mb=2000,
        runtime=120,
    params:
        defines=as_data(data_settings()),
        arguments=as_data(data_arguments()),
    shell:
        "python scripts/data.py --record {output.record:q}"
        " --manifest {output.manifest:q} {params.arguments:q} > {log:q} 2>&1"
