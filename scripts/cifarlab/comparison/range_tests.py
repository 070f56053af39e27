"""Which recipes are learning-rate range tests, whose accuracies mean nothing."""

RANGE_TEST = "rate_range_test"


def is_range_test(recipe):
    """Whether a recipe is a range test. recipe: a dict, as a training's record has it."""
    schedule = recipe["schedule"]
    # A part with defaults alone is written as a word.
    return (schedule if isinstance(schedule, str) else schedule["name"]) == RANGE_TEST
