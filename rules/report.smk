# In: the comparison, the files of every run, the costs, the published numbers, the templates.
# Out: the report in HTML and in Markdown, with its figures.

REPORT = RESULTS / "report"


rule report:
    """The report; `snakemake report` makes it and what it needs."""
    input:
        code=ancient("scripts/report.py"),
        dataset=ancient(MANIFEST),
        comparison=ancient(rules.compare.output.comparison),
        runs=ancient(
            [
                path
                for name in ("history.csv", "training.json", "metrics.json")
                for path in of_all_runs(RUN / name)
            ]
        ),
        costs=ancient(of_all_models(rules.cost.output.cost)),
        structures=ancient(of_all_models(rules.cost.output.structure)),
        published=ancient(PUBLISHED),
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
        accuracy=report(
            REPORT / "figures/accuracy.svg",
            caption="../templates/captions/accuracy.rst",
            category="Figures",
            labels={"figure": "Test accuracy"},
        ),
        losses=report(
            REPORT / "figures/losses.svg",
            caption="../templates/captions/losses.rst",
            category="Figures",
            labels={"figure": "Training loss"},
        ),
        loss=of_all_comparisons(REPORT / "figures/loss.{model}+{recipe}.svg"),
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
        "python scripts/report.py --dataset {input.dataset:q} --comparison {input.comparison:q}"
        " --runs {params.runs:q} --costs {input.costs:q} --published {input.published:q}"
        " --command {params.command:q} --versions {params.versions:q}"
        " --html {output.html:q} --markdown {output.markdown:q}"
        " --record {output.record:q} --code {input.code:q} > {log:q} 2>&1"
