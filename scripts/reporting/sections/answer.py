"""The answer that the page begins with: which model, how sure, at what cost."""

from reporting.columns import TRIALS
from reporting.messages import N_, Cell, Sentence, Term
from reporting.numbers import number

# Of those that are not measurably better; further ones are counted.
MOST_OTHERS = 2


def answer(content):
    """Which model to use, and what else could be: list of Sentence, none where none is ranked."""
    if not content.ranked:
        return []
    chosen = content.best_for_cost or content.as_good[0]
    return [*use(content, chosen), *others(content, chosen)]


def caveats(content):
    """What the answer leaves open: list of Sentence, none where there is no answer."""
    return [*of_one_seed(content), *trial_runs(content)] if content.ranked else []


def use(content, row):
    """The Sentence on the chosen Row, with its numbers, and that it is ahead of all others."""
    facts = {"a": row.title, "facts": [accuracy(row), *costs(row)]}
    if len(content.ranked) == 1:
        return [Sentence(N_("%(a)s: %(facts)s."), facts)]
    found = [Sentence(N_("Use %(a)s: %(facts)s."), facts)]
    if content.is_best_ahead:
        message = N_("All others are measurably less accurate.")
        if content.trials:
            message = N_("All others but trial runs are measurably less accurate.")
        found.append(Sentence(message, {}))
    return found


def accuracy(row):
    low, high = row.interval
    values = {
        "x": Cell(row.cell("test_accuracy_percent"), row.accuracy, 1),
        "low": Cell(row.cell("test_accuracy_low_percent"), low, 1),
        "high": Cell(row.cell("test_accuracy_high_percent"), high, 1),
    }
    return Sentence(N_("%(x)s %% (%(low)s to %(high)s)"), values)


# What it costs: a column of the comparison, and how it is said.
COSTS = {
    "multiply_adds": N_("%(x)s multiply-adds"),
    "latency_median_ms": N_("%(x)s ms an image"),
    "weights_mb": N_("%(x)s MB"),
    "train_seconds": N_("%(x)s s of training"),
}


def costs(row):
    """What is known of the costs of a Row, Sentences."""
    return [
        Sentence(message, {"x": Cell(row.cell(name), row.measured[name], digits)})
        for name, message in COSTS.items()
        if row.has(name)
        for digits in [None if name == "multiply_adds" else digits_of(row.measured[name])]
    ]


def digits_of(value):
    """So many after the point that two are counted: 0.24, 2.4, 24."""
    return 0 if value >= 10 else 1 if value >= 1 else 2


def others(content, chosen):
    """The rows that are not measurably better than the chosen one, nor worse than the best."""
    tied = [row for row in content.as_good if row is not chosen]
    found = [tied_with(row, chosen) for row in tied[:MOST_OTHERS]]
    if left := tied[MOST_OTHERS:]:
        message = N_("Not measurably better either: %(titles)s.")
        if len(left) > 3:
            message = N_("%(n)s more are not measurably better either.")
        found.append(Sentence(message, {"titles": [row.title for row in left], "n": len(left)}))
    return found


def tied_with(row, chosen):
    """That a Row is not measurably better than the chosen one, and how much more it computes."""
    values = {"b": row.title}
    is_counted = row.has("multiply_adds") and chosen.measured["multiply_adds"]
    # With another recipe a model computes the same.
    if row.model == chosen.model or not is_counted:
        return Sentence(N_("%(b)s is not measurably better."), values)
    ratio = row.measured["multiply_adds"] / chosen.measured["multiply_adds"]
    if ratio < 1.05:
        return Sentence(N_("%(b)s is not measurably better and needs as much compute."), values)
    message = N_("%(b)s is not measurably better and needs %(r)s times the compute.")
    return Sentence(message, {**values, "r": number(ratio, 0 if ratio >= 10 else 1)})


def of_one_seed(content):
    """What one seed leaves open: a Sentence, or none."""
    titles = [row.title for row in content.of_one_seed]
    if len(titles) == len(content.ranked):
        message = N_("All have one seed: this is of these trained models; other seeds may differ.")
        return [Sentence(message, {})]
    message = N_("With one seed, and so of one trained model each: %(titles)s.")
    return [Sentence(message, {"titles": titles})] if titles else []


def trial_runs(content):
    """Which rows are trial runs, and why: a Sentence for each reason."""
    found = []
    message = N_("Trial runs, whose accuracies mean nothing: %(titles)s (%(why)s).")
    if not content.ranked:
        found = [Sentence(N_("The accuracies mean nothing, and no model is ranked."), {})]
        message = N_("%(titles)s: %(why)s.")
    titles = {}
    for row in content.trials:
        titles.setdefault(row.measured["trial"], []).append(row.title)
    return found + [
        Sentence(message, {"titles": of_reason, "why": Term(TRIALS[reason])})
        for reason, of_reason in titles.items()
    ]
