"""Learning-rate range tests: at which learning rates a model's loss falls."""

from reporting.blocks import Listing, Paragraph, Section
from reporting.curves import over_rates
from reporting.messages import N_, Sentence
from reporting.numbers import number
from reporting.pictures import picture

ABOUT = N_(
    "Trainings whose learning rate rises from step to step (Smith 2017). A learning rate to train "
    "with lies where the loss still falls, some way below that of the lowest loss."
)


def rows_of(content):
    """The RunFolders of the tests by (model, recipe)."""
    rows = {}
    for run in content.range_tests:
        rows.setdefault((run.model, run.recipe), []).append(run)
    return rows


def sentence(model, recipe, runs):
    """Where the smoothed loss of a test was lowest, a Sentence. runs: RunFolders of its seeds."""
    rates, losses = over_rates([run.history for run in runs])
    lowest = losses.argmin()
    message = N_(
        "%(model)s with %(recipe)s, %(low)s to %(high)s: lowest smoothed loss %(loss)s at a "
        "learning rate of %(rate)s."
    )
    if lowest == len(losses) - 1:
        message = N_(
            "%(model)s with %(recipe)s, %(low)s to %(high)s: the smoothed loss is lowest at the "
            "end, %(loss)s at %(rate)s, so that higher learning rates may be as good."
        )
    low, high, rate = (f"{value:.2g}" for value in (rates[0], rates[-1], rates[lowest]))
    values = {"model": model, "recipe": recipe, "low": low, "high": high, "rate": rate}
    return Sentence(message, {**values, "loss": number(losses[lowest], 3)})


def blocks(content, say):
    sentences = [sentence(*row, runs) for row, runs in rows_of(content).items()]
    return [
        Paragraph(say(ABOUT)),
        picture(content, say, "range_tests"),
        Listing([say.value(one) for one in sentences]),
    ]


SECTION = Section(
    "range-tests",
    N_("Learning-rate range tests"),
    blocks,
    is_shown=lambda content: bool(content.range_tests),
)
