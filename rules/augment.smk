# In: the training split, the augmentations of a recipe.
# Out: pixels of some images before and after them, which a figure of the report shows.

from cifarlab.comparison.range_tests import is_range_test
from reporting.trainings import augmented

TRAINED_RECIPES = {
    name: PLAN.recipes[name].model_dump() for name in dict.fromkeys(run.recipe for run in TRAININGS)
}
# By the first recipe of those that have the same augmentations: these, and the names of all.
AUGMENTED = augmented(TRAINED_RECIPES)
# Folders of the runs that are learning-rate range tests.
RANGE_TESTS = [
    str(RUN).format(**run._asdict())
    for run in TRAININGS
    if is_range_test(TRAINED_RECIPES[run.recipe])
]


rule augment:
    """Training images, and what the augmentations of a recipe make of them."""
    input:
        **inputs(
            dataset=DATA / "train.json",
        ),
    output:
        sheet=RESULTS / "augmented/{recipe}.npz",
        record=record_of("augment", "{recipe}"),
    log:
        log_of("augment", "{recipe}"),
    wildcard_constraints:
        recipe=any_of(AUGMENTED),
    conda:
        "../envs/torch.yaml"
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        defines=lambda wildcards: {
            "augmentations": canonical_json(AUGMENTED[wildcards.recipe].augmentations)
        },
    shell:
        "python scripts/augment.py --dataset {input.dataset:q}"
        " --augmentations {params.defines[augmentations]:q} --sheet {output.sheet:q}"
        " --record {output.record:q} > {log:q} 2>&1"
