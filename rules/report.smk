# In: the tables of the comparison, record and history of every training, costs, figures, templates.
# Out: the report in HTML and in Markdown, in every language.

REPORT = RESULTS / "report"
TABLES = ["runs", "comparison", "published", "verdicts", "classes", "confusions"]
# Where each is drawn, by its label.
DRAWINGS = {label: RESULTS / file for label, file in drawings(ROWS).items()}


rule report:
    """The report; `snakemake report` makes it and what it needs."""
    input:
        dataset=ancient(MANIFEST),
        tables=ancient([RESULTS / f"compare/{name}.csv" for name in TABLES]),
        training=ancient(of_all_runs(RUN / "training.json")),
        histories=ancient(of_all_runs(RUN / "history.csv")),
        epochs=ancient(of_all_runs(RUN / "epochs.csv")),
        costs=ancient(of_all_models(RESULTS / "cost/{model}.json")),
        figures=ancient([*DRAWINGS.values()]),
        failures=ancient(FAILURES),
        templates=ancient([str(path) for path in Path("templates").rglob("*") if path.is_file()]),
        stale=if_stale("report"),
    output:
        record=RECORDS / "report.json",
        html=[
            report(
                REPORT / f"report.{code}.html",
                caption="../templates/captions/report.rst",
                category="Report",
                labels={"language": name},
            )
            for code, name in LANGUAGES.items()
        ],
        markdown=[REPORT / f"report.{code}.md" for code in LANGUAGES],
        figures=[REPORT / f"figures.{code}/{label}.svg" for code in LANGUAGES for label in DRAWINGS],
    log:
        LOGS / "report.log",
    conda:
        "../envs/report.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        command=command_again(),
        versions=LOCKED_VERSIONS,
        languages=list(LANGUAGES),
        configuration=CONFIGURATION.to_json(),
    shell:
        "python scripts/report.py --dataset {input.dataset:q} --failures {input.failures:q}"
        " --languages {params.languages:q} --command {params.command:q}"
        " --versions {params.versions:q} --configuration {params.configuration:q}"
        " --record {output.record:q} > {log:q} 2>&1"
