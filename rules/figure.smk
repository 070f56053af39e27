# In: the tables of the comparison, the loss histories of runs, the layers of a model.
# Out: the figures of the report, each drawn by itself.

# Without a language: the report puts its own words into them.
FIGURES = RESULTS / "figures"


rule accuracy:
    """Test accuracy of every model, with each run and the published value."""
    input:
        runs=ancient(RESULTS / "compare/runs.csv"),
        comparison=ancient(RESULTS / "compare/comparison.csv"),
        published=ancient(RESULTS / "compare/published.csv"),
        stale=if_stale("accuracy"),
    output:
        record=RECORDS / "accuracy.json",
        figure=report(
            FIGURES / "accuracy.svg",
            caption="../templates/captions/accuracy.rst",
            category="Figures",
            labels={"figure": "Test accuracy"},
        ),
    log:
        LOGS / "accuracy.log",
    conda:
        "../envs/report.yaml"
    resources:
        mem_mb=1000,
        runtime=5,
    shell:
        "python scripts/figure.py --record {output.record:q} --figure {output.figure:q} accuracy"
        " --runs-csv {input.runs:q} --comparison {input.comparison:q}"
        " --published {input.published:q} > {log:q} 2>&1"


rule tradeoffs:
    """Test accuracy of every model against what it costs."""
    input:
        comparison=ancient(RESULTS / "compare/comparison.csv"),
        stale=if_stale("tradeoffs"),
    output:
        record=RECORDS / "tradeoffs.json",
        figure=report(
            FIGURES / "tradeoffs.svg",
            caption="../templates/captions/tradeoffs.rst",
            category="Figures",
            labels={"figure": "Accuracy against cost"},
        ),
    log:
        LOGS / "tradeoffs.log",
    conda:
        "../envs/report.yaml"
    resources:
        mem_mb=1000,
        runtime=5,
    shell:
        "python scripts/figure.py --record {output.record:q} --figure {output.figure:q} tradeoffs"
        " --comparison {input.comparison:q} > {log:q} 2>&1"


rule losses:
    """Training loss of every model over the steps and over the seconds."""
    input:
        histories=ancient(of_all_runs(RUN / "history.csv")),
        epochs=ancient(of_all_runs(RUN / "epochs.csv")),
        stale=if_stale("losses"),
    output:
        record=RECORDS / "losses.json",
        figure=report(
            FIGURES / "losses.svg",
            caption="../templates/captions/losses.rst",
            category="Figures",
            labels={"figure": "Training loss"},
        ),
    log:
        LOGS / "losses.log",
    conda:
        "../envs/report.yaml"
    resources:
        mem_mb=1000,
        runtime=5,
    params:
        runs=of_all_runs(RUN),
    shell:
        "python scripts/figure.py --record {output.record:q} --figure {output.figure:q} losses"
        " --runs {params.runs:q} > {log:q} 2>&1"


rule loss:
    """Loss, learning rate and validation of one model with one recipe, each seed by itself."""
    input:
        histories=histories_of_row,
        stale=if_stale("loss"),
    output:
        record=RECORDS / "loss/{model}/{recipe}.json",
        figure=report(
            FIGURES / "loss.{model}+{recipe}.svg",
            caption="../templates/captions/loss.rst",
            category="Training",
            labels={"model": "{model}", "recipe": "{recipe}"},
        ),
    log:
        LOGS / "loss/{model}/{recipe}.log",
    conda:
        "../envs/report.yaml"
    resources:
        mem_mb=1000,
        runtime=5,
    params:
        runs=runs_of_row,
    shell:
        "python scripts/figure.py --record {output.record:q} --figure {output.figure:q} loss"
        " --runs {params.runs:q} > {log:q} 2>&1"


rule classes:
    """Test accuracy of one model with one recipe on every class."""
    input:
        classes=ancient(DATA / "classes.json"),
        metrics=metrics_of_row,
        stale=if_stale("classes"),
    output:
        record=RECORDS / "classes/{model}/{recipe}.json",
        figure=report(
            FIGURES / "classes.{model}+{recipe}.svg",
            caption="../templates/captions/classes.rst",
            category="Classes",
            labels={"model": "{model}", "recipe": "{recipe}"},
        ),
    log:
        LOGS / "classes/{model}/{recipe}.log",
    conda:
        "../envs/report.yaml"
    resources:
        mem_mb=500,
        runtime=5,
    params:
        runs=runs_of_row,
    shell:
        "python scripts/figure.py --record {output.record:q} --figure {output.figure:q} classes"
        " --classes {input.classes:q} --runs {params.runs:q} > {log:q} 2>&1"


rule examples:
    """Test images with what the first run of one row took them for."""
    input:
        dataset=ancient(DATA / "test.json"),
        classes=ancient(DATA / "classes.json"),
        predictions=predictions_of_row,
        stale=if_stale("examples"),
    output:
        record=RECORDS / "examples/{model}/{recipe}.json",
        figure=report(
            FIGURES / "examples.{model}+{recipe}.svg",
            caption="../templates/captions/examples.rst",
            category="Examples",
            labels={"model": "{model}", "recipe": "{recipe}"},
        ),
    log:
        LOGS / "examples/{model}/{recipe}.log",
    conda:
        "../envs/report.yaml"
    resources:
        mem_mb=1000,
        runtime=5,
    shell:
        "python scripts/figure.py --record {output.record:q} --figure {output.figure:q} examples"
        " --dataset {input.dataset:q} --classes {input.classes:q}"
        " --predictions {input.predictions:q} > {log:q} 2>&1"


rule structure:
    """The structure of one model."""
    input:
        cost=ancient(RESULTS / "cost/{model}.json"),
        stale=if_stale("structure"),
    output:
        record=RECORDS / "structure/{model}.json",
        figure=report(
            RESULTS / "cost/{model}.svg",
            caption="../templates/captions/structure.rst",
            category="Structure",
            labels={"model": "{model}"},
        ),
    log:
        LOGS / "structure/{model}.log",
    conda:
        "../envs/report.yaml"
    resources:
        mem_mb=500,
        runtime=5,
    shell:
        "python scripts/figure.py --record {output.record:q} --figure {output.figure:q} structure"
        " --cost {input.cost:q} > {log:q} 2>&1"
