"""What the report says of the published text's claims: each claim, its test, its verdict."""

from reporting.messages import N_

# By the names of cifarlab.comparison.claims.
CLAIMS = {
    "third_block_saves_parameters": N_(
        "From 2 to 3 blocks the CNN saves 51,008 parameters, because the linear layer shrinks."
    ),
    "third_block_gains_accuracy": N_("From 2 to 3 blocks the CNN gains 4.39 points of accuracy."),
    "five_blocks_multiply_parameters": N_(
        "From 3 to 5 blocks the CNN gets 6.64 times the parameters."
    ),
    "five_blocks_gain_almost_nothing": N_(
        "From 3 to 5 blocks the CNN gains almost nothing in accuracy."
    ),
    "resnet101_more_accurate_than_vgg19": N_(
        "A deeper classic network pays: ResNet101 is more accurate than VGG19."
    ),
    "resnet101_fewer_parameters_than_vgg19": N_("ResNet101 has fewer parameters than VGG19."),
    "vit_about_as_accurate_as_swin": N_("ViT_b_32 and Swin_b are about equally accurate."),
    "vit_about_as_accurate_as_resnet101": N_("ViT_b_32 and ResNet101 are about equally accurate."),
    "swin_about_as_accurate_as_resnet101": N_("Swin_b and ResNet101 are about equally accurate."),
    "memory_of_swin_training": N_("Training Swin_b takes about 15 GB of GPU memory."),
    "memory_of_swin_testing": N_("Testing Swin_b takes about 30 GB of GPU memory."),
}
TESTS = {
    "difference_and_layer": N_(
        "Test: the difference is exactly this one, and no layer shrinks more than the last one."
    ),
    "ratio": N_("Test: the ratio, to two digits."),
    "fewer": N_("Test: the difference is below zero."),
    "interval_above_zero": N_(
        "Test: the 95 % interval of the difference lies above zero, and has the claimed number in "
        "it where there is one."
    ),
    "interval_within_margin": N_(
        "Test: the 95 %% interval of the difference lies within ±%(margin)s points."
    ),
    "peak_within_margin": N_(
        "Test: the peak of a whole batch on a GPU is within %(margin)s %% of what is claimed."
    ),
}
VERDICTS = {
    "holds": N_("holds"),
    "holds_in_direction": N_("holds in direction, not in amount"),
    "open": N_("left open"),
    "fails": N_("does not hold"),
    "not_run": N_("not run here"),
    "not_measured": N_("not measured"),
}
# Of trainings that are not the published ones.
OUTCOMES = {
    "more_accurate": N_("more accurate"),
    "less_accurate": N_("less accurate"),
    "open": N_("no measurable difference"),
    "not_run": N_("not run here"),
}
MISSING = {
    "runs": N_("Missing: runs as they were published, of %(models)s."),
    "more_than_trials": N_("Missing: runs of %(models)s that are more than trial runs."),
    "shared_seeds": N_("Missing: a seed that %(models)s have in common."),
    "seeds": N_("Missing: a second seed. The interval is of other test images alone."),
    "gpu": N_("Missing: a measurement of %(models)s on a GPU."),
    "measurement": N_("Missing: what could not be measured of %(models)s."),
    "whole_batch": N_("Missing: memory for a whole batch of %(models)s at once."),
}
UNITS = {
    "parameters": N_("%(x)s parameters"),
    "times": N_("%(x)s times"),
    "points": N_("%(x)s points"),
    "GB": N_("%(x)s GB"),
}
# Digits after the point.
DIGITS = {"parameters": 0, "times": 2, "points": 2, "GB": 1}
