"""Sentences on what models cost: multiply-adds, time, parameters."""

import itertools

from cifarlab.comparison.containment import contains, largest_change
from reporting.messages import N_, Cell, Sentence, Term

# Beyond these a reader looks at the table.
MOST_PAIRS = 6
# What could not be measured, a column or the structure, in a list of such.
WORDS = {
    "multiply_adds": N_("multiply-adds"),
    "total_size_mb": N_("total size"),
    "structure": N_("layers"),
    "latency_median_ms": N_("latency"),
    "latency_p95_ms": N_("latency"),
    "throughput_images_per_second": N_("throughput"),
    "throughput_spread_percent": N_("throughput"),
    "test_batch_peak_mb": N_("memory of testing"),
    "train_step_peak_mb": N_("memory of training"),
    "train_step_seconds": N_("time of a training step"),
    "micro_batch": N_("micro-batch"),
}


def unmeasured_sentences(row):
    """What could not be measured of a Row, a Sentence for each reason."""
    words = {}
    for name, reason in row.unmeasured.items():
        words.setdefault(reason, {})[Term(WORDS[name])] = None
    message = N_("Not measured: %(names)s. Reason: %(reason)s.")
    return [Sentence(message, {"names": [*of], "reason": why}) for why, of in words.items()]


def cost_sentences(content):
    """Who of the most accurate needs least, who pays more for less, who took how long."""
    if len(content.compared) < 2:
        return []
    return [
        *uncounted(content),
        *of_the_best(content),
        *dominated(content)[:MOST_PAIRS],
        *of_times(content),
    ]


def cost(row):
    return Cell(row.cell("multiply_adds"), row.measured["multiply_adds"], None)


def counted(rows):
    """Those whose multiply-adds could be counted."""
    return [row for row in rows if row.has("multiply_adds")]


def uncounted(content):
    """Which rows the sentences on multiply-adds leave out."""
    titles = [row.title for row in content.compared if not row.has("multiply_adds")]
    message = N_("Not compared by multiply-adds, which could not be counted: %(titles)s.")
    return [Sentence(message, {"titles": titles})] if titles else []


def of_the_best(content):
    """What the most accurate need, and those that cannot be told from it."""
    cheapest = content.best_for_cost
    if cheapest is None:
        return []
    costliest = max(counted(content.as_good), key=lambda row: row.measured["multiply_adds"])
    values = {"a": cheapest.title, "m": cost(cheapest)}
    if content.is_best_ahead:
        message = N_("%(a)s, more accurate than all others, needs %(m)s multiply-adds an image.")
        if content.trials:
            message = N_(
                "%(a)s, more accurate than all others but trial runs, needs %(m)s multiply-adds an "
                "image."
            )
        return [Sentence(message, values)]
    if cost(costliest).value == cost(cheapest).value:
        return []
    message = N_(
        "Of the models that no other is measurably better than, %(a)s needs the fewest "
        "multiply-adds, %(m)s an image; %(b)s needs the most, %(n)s."
    )
    return [Sentence(message, {**values, "b": costliest.title, "n": cost(costliest)})]


def dominated(content):
    """Each row that one of another model beats for as much or less."""
    message = N_(
        "%(a)s needs at least as many multiply-adds as %(b)s (%(m)s against %(n)s) and is less "
        "accurate, by their paired test."
    )
    sentences = []
    for row in counted(content.compared):
        better = [
            other
            for other in counted(content.compared)
            if other.model != row.model
            and cost(other).value <= cost(row).value
            and content.beats(other, row)
        ]
        if better:
            best = max(better, key=lambda other: other.accuracy)
            values = {"a": row.title, "b": best.title, "m": cost(row), "n": cost(best)}
            sentences.append(Sentence(message, values))
    return sentences


def of_times(content):
    """Which training took the least and which the most time, where that can be compared."""
    fastest, slowest = (
        pick(content.compared, key=lambda row: row.measured["train_seconds"]) for pick in (min, max)
    )
    seconds = [round(row.measured["train_seconds"], 1) for row in (fastest, slowest)]
    if seconds[0] >= seconds[1] or not content.times_compare:
        return []
    message = N_(
        "The training of %(a)s took the least time, %(s)s s, and that of %(b)s the most, %(t)s s."
    )
    values = {
        name: Cell(row.cell("train_seconds"), row.measured["train_seconds"], 1)
        for name, row in {"s": fastest, "t": slowest}.items()
    }
    return [Sentence(message, {**values, "a": fastest.title, "b": slowest.title})]


SMALLER = N_(
    "%(b)s has fewer parameters than %(a)s, %(n)s against %(m)s, above all in the layer %(layer)s: "
    "%(now)s instead of %(was)s."
)
LARGER = N_(
    "%(b)s has more parameters than %(a)s, %(n)s against %(m)s, above all in the layer %(layer)s: "
    "%(now)s instead of %(was)s."
)
SMALLER_BY_A_LAYER = N_(
    "%(b)s has fewer parameters than %(a)s, %(n)s against %(m)s; of the latter, %(was)s are in the "
    "layer %(layer)s, which %(b)s does not have."
)
LARGER_BY_A_LAYER = N_(
    "%(b)s has more parameters than %(a)s, %(n)s against %(m)s; of these, %(now)s are in the layer "
    "%(layer)s, which %(a)s does not have."
)


def parameter_sentences(content):
    """Within a chapter, which layer makes a model larger or smaller than the one before it.

    Only where one of them contains the other: of two architectures that have nothing in common,
    layers of the same name are not the same layer.
    """
    sentences = []
    for _, rows in content.chapters:
        rows = list({row.model: row for row in rows}.values())
        for before, row in itertools.pairwise(rows):
            structures = before.cost["structure"], row.cost["structure"]
            if None in structures or not is_nested(*structures):
                continue
            layer, was, now = largest_change(*structures)
            if layer is not None:
                sentences.append(parameter_sentence(before, row, layer, was, now))
    return sentences[:MOST_PAIRS]


def is_nested(one, other):
    return contains(one, other) or contains(other, one)


def parameter_sentence(before, row, layer, was, now):
    """The Sentence on two Rows; was, now: the layer's parameters, None where there is no such."""
    counts = [e.measured["total_params"] for e in (before, row)]
    if counts[1] > counts[0]:
        message = LARGER if was is not None else LARGER_BY_A_LAYER
    else:
        message = SMALLER if now is not None else SMALLER_BY_A_LAYER
    values = {
        "a": before.model,
        "b": row.model,
        "m": Cell(before.cell("total_params"), counts[0], 0),
        "n": Cell(row.cell("total_params"), counts[1], 0),
        "layer": layer,
    }
    if was is not None:
        values["was"] = Cell(before.structure_anchor, was, 0)
    if now is not None:
        values["now"] = Cell(row.structure_anchor, now, 0)
    return Sentence(message, values)
