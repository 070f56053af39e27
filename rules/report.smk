# In: the tables of the comparison, record and history of every training, costs, figures, templates.
# Out: the report in HTML and in Markdown, in every language.

REPORT = RESULTS / "report"
TABLES = ["runs", "comparison", "published", "verdicts", "classes", "confusions"]
FIGURE_NAMES = figure_names(ROWS)


rule report:
    """The report; `snakemake report` makes it and what it needs."""
    input:
        dataset=ancient(MANIFEST),
        tables=ancient([RESULTS / f"compare/{name}.csv" for name in TABLES]),
        training=ancient(of_all_runs(RUN / "training.json")),
        histories=ancient(of_all_runs(RUN / "history.csv")),
        epochs=ancient(of_all_runs(RUN / "epochs.csv")),
        costs=ancient(of_all_models(RESULTS / "cost/{model}.json")),
        structures=ancient(of_all_models(RESULTS / "cost/{model}.svg")),
        figures=ancient([FIGURES / f"{name}.svg" for name in FIGURE_NAMES]),
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
        figures=[
            REPORT / f"figures.{code}/{name}.svg"
            for code in LANGUAGES
            for name in (*FIGURE_NAMES, *of_all_models("structure.{model}"))
        ],
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
