# In: the metrics and the training record of every run, the cost of every model.
# Out: a row per run, and a row per model × recipe.


rule compare:
    """All runs side by side, and their means over seeds."""
    input:
        code=ancient("scripts/compare.py"),
        metrics=ancient(of_all_runs(RUN / "metrics.json")),
        training=ancient(of_all_runs(RUN / "training.json")),
        costs=ancient(of_all_models(rules.cost.output.cost)),
        stale=if_stale("compare"),
    output:
        record=RECORDS / "compare.json",
        runs=report(
            RESULTS / "compare/runs.csv",
            caption="../templates/captions/runs.rst",
            category="Comparison",
            labels={"table": "Every run"},
        ),
        comparison=report(
            RESULTS / "compare/comparison.csv",
            caption="../templates/captions/comparison.rst",
            category="Comparison",
            labels={"table": "Models, mean over seeds"},
        ),
    log:
        LOGS / "compare.log",
    conda:
        "../envs/report.yaml"
    resources:
        mem_mb=1000,
        runtime=5,
    params:
        runs=of_all_runs(RUN),
    shell:
        "python scripts/compare.py --runs {params.runs:q} --costs {input.costs:q}"
        " --runs-csv {output.runs:q} --comparison {output.comparison:q}"
        " --record {output.record:q} --code {input.code:q} > {log:q} 2>&1"
