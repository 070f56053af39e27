# In: the tables of the comparison, the files of runs, the layers of a model.
# Out: the figures of the report, each drawn by itself. A figure's module says what it is drawn of
# and what it reads; the rule of each follows from that.

# The folders of the runs that each is drawn of.
RUN_FOLDERS = {"comparison": of_all_runs(RUN), "row": runs_of_row, "model": runs_of_model}


def files_read_by(figure):
    """The files that a figure reads but those of runs, in its order; maybe by a function."""
    patterns = [str(RESULTS / pattern) for pattern in figure.files.values()]
    if figure.per != "row":
        return ancient(patterns)

    def files(wildcards):
        run = ROWS[wildcards.model, wildcards.recipe][0]
        names = {"model": run.model, "recipe": run.recipe, "first_seed": run.seed}
        return ancient([pattern.format(**names) for pattern in patterns])

    return files


def files_of_each_run(folders, names):
    """The files with these names in folders of runs, which may be a function of the wildcards."""
    if callable(folders):
        return lambda wildcards: files_of_each_run(folders(wildcards), names)
    return ancient([f"{folder}/{name}" for folder in folders for name in names])


for FIGURE in FIGURES.values():

    rule:
        name:
            FIGURE.name
        input:
            files=files_read_by(FIGURE),
            of_runs=files_of_each_run(RUN_FOLDERS[FIGURE.per], FIGURE.runs),
            stale=if_stale(FIGURE.name),
        output:
            record=RECORDS / f"{FIGURE.record}.json",
            figure=report(
                RESULTS / FIGURE.file,
                caption="../templates/captions/figure.rst",
                category=FIGURE.category,
                labels=FIGURE.labels,
            ),
        log:
            LOGS / f"{FIGURE.record}.log",
        conda:
            "../envs/report.yaml"
        resources:
            mem_mb=1000,
            runtime=5,
        params:
            kind=FIGURE.name,
            runs=RUN_FOLDERS[FIGURE.per] if FIGURE.runs else [],
            caption=FIGURE.about,
        # What stands here is read when the job runs: it knows nothing of the loop.
        shell:
            "python scripts/figure.py --record {output.record:q} --figure {output.figure:q} {params.kind}"
            " --files {input.files:q} --runs {params.runs:q} > {log:q} 2>&1"
