# In: the tables of the comparison, the files of runs, the layers of a model.
# Out: the figures of the report, each drawn by itself. A figure's module says what it is drawn of
# and what it reads; the rule of each follows from that.

# The folders of the runs that each is drawn of, by functions of the wildcards.
RUN_FOLDERS = {
    "comparison": as_data(of_all_runs(RUN)),
    "studies": as_data(STUDY_RUNS),
    "range_tests": as_data(RANGE_TESTS),
    "recipe": as_data([]),
    "row": runs_of_row,
    "model": runs_of_model,
}


def files_for(figure):
    """A function to the files that a figure reads, but those of runs, in its order."""
    patterns = [str(RESULTS / pattern) for pattern in figure.files.values()]

    def files(wildcards):
        if figure.per == "recipe":
            return [pattern.format(recipe=wildcards.recipe) for pattern in patterns]
        if figure.per not in ("row", "model"):
            return patterns
        first = next(run for run in RUNS if run.model == wildcards.model)
        if figure.per == "row":
            first = ROWS[wildcards.model, wildcards.recipe][0]
        names = {"model": first.model, "recipe": first.recipe, "first_seed": first.seed}
        return [pattern.format(**names) for pattern in patterns]

    return files


def files_of_runs_for(figure):
    """A function to the files that a figure reads in the folders of runs."""
    folders = RUN_FOLDERS[figure.per]
    return lambda wildcards: [f"{run}/{name}" for name in figure.runs for run in folders(wildcards)]


def defines_figure(figure):
    """A function to what a figure follows from beside its inputs; the order of runs counts."""
    folders = RUN_FOLDERS[figure.per]
    return lambda wildcards: {
        "kind": figure.name,
        "runs": folders(wildcards) if figure.runs else [],
    }


for FIGURE in FIGURES.values():

    rule:
        name:
            FIGURE.name
        input:
            **inputs(files=files_for(FIGURE), of_runs=files_of_runs_for(FIGURE)),
        output:
            record=record_of(FIGURE.name, FIGURE.of),
            figure=report(
                RESULTS / FIGURE.file,
                caption="../templates/captions/figure.rst",
                category=FIGURE.category,
                labels=FIGURE.labels,
            ),
        log:
            log_of(FIGURE.name, FIGURE.of),
        conda:
            "../envs/report.yaml"
        resources:
            mem_mb=1000,
            runtime=5,
        params:
            defines=defines_figure(FIGURE),
            caption=FIGURE.about,
        # It is read when the job runs, so it knows nothing of the loop.
        shell:
            "python scripts/figure.py {params.defines[kind]} --files {input.files:q}"
            " --runs {params.defines[runs]:q} --figure {output.figure:q}"
            " --record {output.record:q} > {log:q} 2>&1"
