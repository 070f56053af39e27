# In: the tables of the comparison, the record of every training, costs, figures, templates.
# Out: the report in HTML and in Markdown.

REPORT = RESULTS / "report"


rule report:
    """The report; `snakemake report` makes it and what it needs."""
    input:
        dataset=ancient(MANIFEST),
        runs_csv=ancient(RESULTS / "compare/runs.csv"),
        comparison=ancient(RESULTS / "compare/comparison.csv"),
        published=ancient(RESULTS / "compare/published.csv"),
        training=ancient(of_all_runs(RUN / "training.json")),
        costs=ancient(of_all_models(RESULTS / "cost/{model}.json")),
        structures=ancient(of_all_models(RESULTS / "cost/{model}.svg")),
        figures=ancient(
            [
                FIGURES / "accuracy.svg",
                FIGURES / "losses.svg",
                *of_all_rows(FIGURES / "loss.{model}+{recipe}.svg"),
            ]
        ),
        failures=ancient(FAILURES),
        templates=ancient([str(path) for path in Path("templates").rglob("*") if path.is_file()]),
        stale=if_stale("report"),
    output:
        record=RECORDS / "report.json",
        html=report(
            REPORT / "report.en.html",
            caption="../templates/captions/report.rst",
            category="Report",
            labels={"language": "English"},
        ),
        markdown=REPORT / "report.en.md",
        structure=of_all_models(REPORT / "figures/structure.{model}.svg"),
    log:
        LOGS / "report.log",
    conda:
        "../envs/report.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        runs=of_all_runs(RUN),
        command=command_again(),
        versions=LOCKED_VERSIONS,
    shell:
        "python scripts/report.py --dataset {input.dataset:q} --runs-csv {input.runs_csv:q}"
        " --comparison {input.comparison:q} --published {input.published:q}"
        " --runs {params.runs:q} --costs {input.costs:q} --figures {input.figures:q}"
        " --failures {input.failures:q}"
        " --command {params.command:q} --versions {params.versions:q}"
        " --html {output.html:q} --markdown {output.markdown:q}"
        " --record {output.record:q} > {log:q} 2>&1"
