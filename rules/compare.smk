# In: metrics, predictions and training record of every run, cost of every model, the published
# numbers, accuracies on corrupted images where they are asked for. Out: a row per run, per model ×
# recipe, per pair of these, per class and per test image, labels that no run believes, what was
# published of each, and what was claimed.


rule compare:
    """All runs side by side, and their means over seeds."""
    input:
        **inputs(
            metrics=of_all_runs(RUN / "metrics.json"),
            predictions=of_all_runs(RUN / "predictions.npz"),
            training=of_all_runs(RUN / "training.json"),
            costs=of_all_models(RESULTS / "cost/{model}.json"),
            corrupted=of_all_runs(RUN / "robustness.csv") if CORRUPTIONS else [],
            dataset=MANIFEST,
        ),
    output:
        **{name: table_of_report(name) for name in COMPARED},
        record=record_of("compare"),
    log:
        log_of("compare"),
    conda:
        "../envs/report.yaml"
    resources:
        mem_mb=1000,
        runtime=5,
    params:
        # Their order is that of the tables.
        defines=as_data({"runs": of_all_runs(RUN)}),
        reads=as_data([PUBLISHED]),
    shell:
        "python scripts/compare.py --runs {params.defines[runs]:q} --costs {input.costs:q}"
        " --dataset {input.dataset:q} --published {params.reads:q}"
        " --corrupted {input.corrupted:q}"
        " --runs-csv {output.runs:q} --comparison {output.comparison:q}"
        " --pairwise {output.pairwise:q}"
        " --published-beside {output.published:q} --verdicts {output.verdicts:q}"
        " --claims {output.claims:q}"
        " --classes {output.classes:q} --confusions {output.confusions:q}"
        " --superclasses {output.superclasses:q} --images {output.images:q}"
        " --doubtful-labels {output.doubtful_labels:q} --robustness {output.robustness:q}"
        " --record {output.record:q} > {log:q} 2>&1"
