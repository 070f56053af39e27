# In: both splits.
# Out: which test images have near-duplicates in the training split. No training waits for it.

DUPLICATES = DATA / "duplicates.csv"


rule duplicates:
    """Test images that look like training images, found by their pixels."""
    input:
        **inputs(train=DATA / "train.json", test=DATA / "test.json", classes=DATA / "classes.json"),
    output:
        table=report(
            DUPLICATES,
            caption="../templates/captions/duplicates.rst",
            category="8 Data",
            labels={"table": "Near-duplicates"},
        ),
        summary=DATA / "duplicates.json",
        record=record_of("duplicates"),
    log:
        log_of("duplicates"),
    conda:
        "../envs/data.yaml"
    threads: THREADS
    resources:
        mem_mb=3000,
        runtime=30,
    shell:
        "python scripts/duplicates.py --train {input.train:q} --test {input.test:q}"
        " --classes {input.classes:q} --duplicates {output.table:q} --summary {output.summary:q}"
        " --record {output.record:q} > {log:q} 2>&1"
