# In: the tables of the comparison, the loss histories of runs, the layers of a model.
# Out: the figures of the report, each drawn by itself.

# Without a language: the report puts its own words into them.
FIGURES = RESULTS / "figures"


rule accuracy:
    """Test accuracy of every model, with each run and the published value."""
    input:
        **inputs(
            runs=RESULTS / "compare/runs.csv",
            comparison=RESULTS / "compare/comparison.csv",
            published=RESULTS / "compare/published.csv",
        ),
    output:
        record=record_of("accuracy"),
        figure=report(
            FIGURES / "accuracy.svg",
            caption="../templates/captions/accuracy.rst",
            category="Figures",
            labels={"figure": "Test accuracy"},
        ),
    log:
        log_of("accuracy"),
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
        **inputs(
            comparison=RESULTS / "compare/comparison.csv",
        ),
    output:
        record=record_of("tradeoffs"),
        figure=report(
            FIGURES / "tradeoffs.svg",
            caption="../templates/captions/tradeoffs.rst",
            category="Figures",
            labels={"figure": "Accuracy against cost"},
        ),
    log:
        log_of("tradeoffs"),
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
        **inputs(
            histories=of_all_runs(RUN / "history.csv"),
            epochs=of_all_runs(RUN / "epochs.csv"),
        ),
    output:
        record=record_of("losses"),
        figure=report(
            FIGURES / "losses.svg",
            caption="../templates/captions/losses.rst",
            category="Figures",
            labels={"figure": "Training loss"},
        ),
    log:
        log_of("losses"),
    conda:
        "../envs/report.yaml"
    resources:
        mem_mb=1000,
        runtime=5,
    params:
        defines=as_data({"runs": of_all_runs(RUN)}),
    shell:
        "python scripts/figure.py --record {output.record:q} --figure {output.figure:q} losses"
        " --runs {params.defines[runs]:q} > {log:q} 2>&1"


rule loss:
    """Loss, learning rate and validation of one model with one recipe, each seed by itself."""
    input:
        **inputs(
            histories=histories_of_row,
        ),
    output:
        record=record_of("loss", ROW_NAME),
        figure=report(
            FIGURES / "loss.{model}+{recipe}.svg",
            caption="../templates/captions/loss.rst",
            category="Training",
            labels={"model": "{model}", "recipe": "{recipe}"},
        ),
    log:
        log_of("loss", ROW_NAME),
    conda:
        "../envs/report.yaml"
    resources:
        mem_mb=1000,
        runtime=5,
    params:
        defines=defines_row,
    shell:
        "python scripts/figure.py --record {output.record:q} --figure {output.figure:q} loss"
        " --runs {params.defines[runs]:q} > {log:q} 2>&1"


rule classes:
    """Test accuracy of one model with one recipe on every class."""
    input:
        **inputs(
            classes=DATA / "classes.json",
            metrics=metrics_of_row,
        ),
    output:
        record=record_of("classes", ROW_NAME),
        figure=report(
            FIGURES / "classes.{model}+{recipe}.svg",
            caption="../templates/captions/classes.rst",
            category="Classes",
            labels={"model": "{model}", "recipe": "{recipe}"},
        ),
    log:
        log_of("classes", ROW_NAME),
    conda:
        "../envs/report.yaml"
    resources:
        mem_mb=500,
        runtime=5,
    params:
        defines=defines_row,
    shell:
        "python scripts/figure.py --record {output.record:q} --figure {output.figure:q} classes"
        " --classes {input.classes:q} --runs {params.defines[runs]:q} > {log:q} 2>&1"


rule examples:
    """Test images with what the first run of one row took them for."""
    input:
        **inputs(
            dataset=DATA / "test.json",
            classes=DATA / "classes.json",
            predictions=predictions_of_row,
        ),
    output:
        record=record_of("examples", ROW_NAME),
        figure=report(
            FIGURES / "examples.{model}+{recipe}.svg",
            caption="../templates/captions/examples.rst",
            category="Examples",
            labels={"model": "{model}", "recipe": "{recipe}"},
        ),
    log:
        log_of("examples", ROW_NAME),
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
        **inputs(
            cost=RESULTS / "cost/{model}.json",
        ),
    output:
        record=record_of("structure", "{model}"),
        figure=report(
            RESULTS / "cost/{model}.svg",
            caption="../templates/captions/structure.rst",
            category="Structure",
            labels={"model": "{model}"},
        ),
    log:
        log_of("structure", "{model}"),
    conda:
        "../envs/report.yaml"
    resources:
        mem_mb=500,
        runtime=5,
    shell:
        "python scripts/figure.py --record {output.record:q} --figure {output.figure:q} structure"
        " --cost {input.cost:q} > {log:q} 2>&1"
