# In: the tables of the comparison, records and epochs of all trainings, history of those that are
# compared or are range tests, costs, figures, templates.
# Out: the report in HTML and in Markdown, in every language.

from engine.command import elsewhere, snakemake_command
from reporting.template_files import template_files

REPORT = RESULTS / "report"
# Where each is drawn, by its label.
DRAWINGS = {
    label: RESULTS / file
    for label, file in drawings(ROWS, bool(STUDIES), bool(RANGE_TESTS), AUGMENTED).items()
}
# With what was compared with nothing; of a sweep, its points.
TRAINED = [str(RUN).format(**run._asdict()) for run in TRAININGS]


DEFINES_REPORT = {
    "command": snakemake_command(THREADS, CONFIGFILES, OVERRIDES),
    "elsewhere": elsewhere(CONFIGFILES),
    "versions": LOCKED_VERSIONS,
    "languages": list(LANGUAGES),
    "trained": TRAINED,
}


rule report:
    """The report; `snakemake report` makes it and what it needs."""
    input:
        **inputs(
            dataset=MANIFEST,
            tables=[RESULTS / f"compare/{name}.csv" for name in COMPARED],
            training=of_all_runs(RUN / "training.json"),
            trained=[
                f"{run}/{name}" for run in TRAINED for name in ("training.json", "epochs.csv")
            ],
            histories=of_all_runs(RUN / "history.csv"),
            range_tests=[f"{run}/history.csv" for run in RANGE_TESTS],
            epochs=of_all_runs(RUN / "epochs.csv"),
            costs=of_all_models(RESULTS / "cost/{model}.json"),
            figures=[*DRAWINGS.values()],
            failures=list(LEFT_OUT),
            studies=STUDIES,
            duplicates=rules.duplicates.output.summary,
            corrections=CORRECTIONS if LABEL_CORRECTIONS else [],
            templates=[*map(str, template_files("templates"))],
        ),
    output:
        record=record_of("report"),
        html=[
            report(
                REPORT / f"report.{code}.html",
                caption="../templates/captions/report.rst",
                category="1 Report",
                labels={"report": f"Answer, tables and charts, {name}"},
            )
            for code, name in LANGUAGES.items()
        ],
        markdown=[REPORT / f"report.{code}.md" for code in LANGUAGES],
        bibliography=REPORT / "references.bib",
        table=REPORT / "comparison.csv",
        tables=[
            REPORT / f"comparison.{code}.{kind}" for code in LANGUAGES for kind in ("md", "tex")
        ],
        figures=[REPORT / f"figures.{code}/{label}.svg" for code in LANGUAGES for label in DRAWINGS],
    log:
        log_of("report"),
    conda:
        "../envs/report.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        defines=as_data(DEFINES_REPORT),
        # What of it has a bearing on results is in the settings of their jobs.
        configuration=as_data(CONFIGURATION.to_json()),
    shell:
        "python scripts/report.py --dataset {input.dataset:q} --failures {input.failures:q}"
        " --studies {input.studies:q} --corrections {input.corrections:q}"
        " --trained {params.defines[trained]:q}"
        " --languages {params.defines[languages]:q} --command {params.defines[command]:q}"
        " --elsewhere {params.defines[elsewhere]:q}"
        " --versions {params.defines[versions]:q} --configuration {params.configuration:q}"
        " --record {output.record:q} > {log:q} 2>&1"
