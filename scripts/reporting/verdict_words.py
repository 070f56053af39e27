"""What the report says of published numbers: the word of each verdict."""

from reporting.messages import N_

VERDICTS = {
    "exact": N_("exact"),
    "within": N_("within the interval"),
    "better": N_("better"),
    "worse": N_("worse"),
    "not_run": N_("not run here"),
    "not_measured": N_("not measured"),
    "not_repeated": N_("no verdict: one seed"),
    "not_steady": N_("no verdict: times differ"),
    "not_defined": N_("no verdict: not defined"),
    "trial": N_("no verdict: trial run"),
    "not_published": "–",
}
