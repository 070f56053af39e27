# In: a user's list of wrong test labels, the test split.
# Out: the corrected labels, if the list fits. It is checked before the trainings, not after them.


rule corrections:
    """The test labels as a user corrects them."""
    input:
        **inputs(dataset=DATA / "test.json", classes=DATA / "classes.json"),
    output:
        corrections=CORRECTIONS,
        record=record_of("corrections"),
    log:
        log_of("corrections"),
    priority: 2
    conda:
        "../envs/data.yaml"
    resources:
        mem_mb=500,
        runtime=5,
    params:
        reads=as_data(LABEL_CORRECTIONS),
    shell:
        "python scripts/corrections.py --list {params.reads:q} --dataset {input.dataset:q}"
        " --classes {input.classes:q} --corrections {output.corrections:q}"
        " --record {output.record:q} > {log:q} 2>&1"
