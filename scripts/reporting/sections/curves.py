"""The training curves of all rows, and charts that have no other place."""

from reporting.blocks import Chart, Details, Section
from reporting.messages import N_
from reporting.pictures import further, picture

# These have their places; further ones come here.
PLACED = ("accuracy", "compute", "duplicate_pairs", "losses", "published", "tradeoffs")


def blocks(content, say):
    over = [("step", say(N_("step"))), ("second", say(N_("seconds in training")))]
    losses = Chart("losses", say(N_("Training loss over")), over, "step")
    more = [picture(content, say, name) for name in further(PLACED, "comparison")]
    return [
        picture(content, say, "losses", chart=losses),
        *([Details(say(N_("More charts")), more, id="more-charts")] if more else []),
    ]


SECTION = Section("curves", N_("Training curves"), blocks)
