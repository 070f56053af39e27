# Train and compare image classifiers on CIFAR-100.
#
#   snakemake --cores 8 --resources gpu=1              everything
#   snakemake --cores 8 report                         the report, and what it needs
#   snakemake --cores 2 --configfile config/demo.yaml  a small offline run


include: "rules/start.smk"


configfile: "config/config.yaml"


include: "rules/engine.smk"
include: "rules/common.smk"
include: "rules/devices.smk"
include: "rules/definitions.smk"
include: "rules/watch.smk"
include: "rules/data.smk"
include: "rules/duplicates.smk"
include: "rules/corrections.smk"
include: "rules/weights.smk"
include: "rules/rehearse.smk"
include: "rules/train.smk"
include: "rules/failures.smk"
include: "rules/choose.smk"
include: "rules/augment.smk"
include: "rules/evaluate.smk"
include: "rules/cost.smk"
include: "rules/robustness.smk"
include: "rules/compare.smk"
include: "rules/studies.smk"
include: "rules/figure.smk"
include: "rules/report.smk"


rule all:
    """The report; a deleted file that it comes from is created again by its job."""
    default_target: True
    input:
        STUDIES,
        rules.report.output.record,
        rules.report.output.html,
        rules.report.output.markdown,
