# In: training record and epochs of every run of the studies.
# Out: what each change gains or costs, on the validation split.

from dataclasses import asdict

OF_STUDIES = [
    run._asdict()
    for run in TRAININGS
    if any(
        run.model in study.models and run.recipe in study.recipes and run.seed in study.seeds
        for study in PLAN.studies
    )
]
STUDY_RUNS = [str(RUN).format(**run) for run in OF_STUDIES]
STUDIES = [str(RESULTS / "compare/studies.csv")] if PLAN.studies else []


rule studies:
    """Every change beside its baseline, seed by seed."""
    input:
        **inputs(
            training=[f"{run}/training.json" for run in STUDY_RUNS],
            epochs=[f"{run}/epochs.csv" for run in STUDY_RUNS],
        ),
    output:
        table=report(
            RESULTS / "compare/studies.csv",
            caption="../templates/captions/studies.rst",
            category="2 Tables",
            labels={"table": "Studies: what each change of a recipe gains"},
        ),
        record=record_of("studies"),
    log:
        log_of("studies"),
    conda:
        "../envs/report.yaml"
    resources:
        mem_mb=1000,
        runtime=5,
    params:
        defines=as_data(
            {"studies": canonical_json([*map(asdict, PLAN.studies)]), "runs": STUDY_RUNS}
        ),
        # The trainings are complete, so nobody resumes from these.
        checkpoints=[str(CHECKPOINTS).format(**run) for run in OF_STUDIES],
    shell:
        "rm -rf {params.checkpoints:q} && python scripts/studies.py --studies {params.defines[studies]:q}"
        " --runs {params.defines[runs]:q} --table {output.table:q}"
        " --record {output.record:q} > {log:q} 2>&1"
