"""Accuracy against each cost, a chart to choose the cost in."""

from reporting.blocks import Chart, Section
from reporting.figures.tradeoffs import COSTS
from reporting.messages import N_
from reporting.pictures import picture


def blocks(content, say):
    costs = [
        (name, say(title))
        for name, title in COSTS.items()
        if any(row.has(name) for row in content.ranked)
    ]
    chosen = "multiply_adds" if "multiply_adds" in dict(costs) else costs[0][0]
    chart = Chart("tradeoffs", say(N_("Test accuracy against")), costs, chosen)
    return [picture(content, say, "tradeoffs", chart=chart)]


SECTION = Section(
    "accuracy-and-cost",
    N_("Accuracy against cost"),
    blocks,
    is_shown=lambda content: bool(content.ranked),
)
