"""What the report states beside its tables: sentences that both kinds of page show."""

from dataclasses import dataclass

from reporting.language import N_
from reporting.numbers import number
from reporting.words import HEADS, SIZE_RULES


@dataclass(frozen=True)
class Cell:
    """A number of a table.

    anchor: of the cell; value: as it stands there; digits: after the point.
    """

    anchor: str
    value: float
    digits: int


@dataclass(frozen=True)
class Term:
    """A word of the report's own, which is translated where it stands in a sentence."""

    message: str


@dataclass(frozen=True)
class Sentence:
    """message: with %(name)s for each of `values`: Cells, Terms, texts, lists of names, numbers.

    A text is a name or a number as it is to be read; an int gets separators.
    """

    message: str
    values: dict


def lead(content):
    """How much was compared, and what came first."""
    count = Sentence(
        N_("Models: %(models)s, runs: %(runs)s."),
        {"models": len(content.models), "runs": len(content.runs)},
    )
    best, others = content.best, [entry.title for entry in content.first_rank[1:]]
    values = {"a": best.title, "x": number(best.accuracy, 2)}
    if others:
        message = N_(
            "%(a)s has the highest mean test accuracy, %(x)s %%, and shares the first rank with: "
            "%(others)s."
        )
        return [count, Sentence(message, {**values, "others": others})]
    if len(content.entries) == 1:
        return [count, Sentence(N_("%(a)s has a test accuracy of %(x)s %%."), values)]
    message = (
        N_("%(a)s has the highest test accuracy, %(x)s %%, beyond the intervals of all others.")
        if all(best.beats(entry) for entry in content.by_accuracy[1:])
        else N_(
            "%(a)s has the highest mean test accuracy, %(x)s %%; no other interval overlaps its "
            "own, but single runs do."
        )
    )
    return [count, Sentence(message, values)]


def failures(content):
    """One sentence on each run that failed, for the top of the page."""
    message = N_("%(model)s, recipe %(recipe)s, seed %(seed)s: see what was not run.")
    return [
        Sentence(message, {"model": f.model, "recipe": f.recipe, "seed": str(f.seed)})
        for f in content.failures
    ]


def notes_on_costs(content):
    """By which rules sizes were counted, and where the rest was measured."""
    notes = [Sentence(N_("Total sizes follow the published table's rule for each model."), {})]
    for rule, models in content.size_rules.items():
        values = {"models": models, "rule": Term(SIZE_RULES[rule])}
        notes.append(Sentence(N_("%(models)s: %(rule)s."), values))
    for (device, threads), models in content.measured_on.items():
        values = {"models": models, "device": device, "threads": str(threads)}
        if len(content.measured_on) == 1:
            del values["models"]
            message = N_(
                "Latency, throughput and memory were measured on %(device)s, threads of the CPU: "
                "%(threads)s."
            )
        else:
            message = N_(
                "Latency, throughput and memory of %(models)s were measured on %(device)s, threads "
                "of the CPU: %(threads)s."
            )
        notes.append(Sentence(message, values))
    return notes


def about_training(entry):
    """How one model was trained, in words."""
    values = {"recipe": entry.recipe, "seeds": [str(run.seed) for run in entry.runs]}
    sentences = [Sentence(N_("Recipe %(recipe)s, seeds: %(seeds)s."), values)]
    if origin := entry.origin:
        message = N_("Started from %(source)s (SHA-256 %(digest)s…), classifier layer: %(head)s.")
        values = {"source": origin["source"], "digest": origin["sha256"][:16]}
        values["head"] = Term(HEADS[origin["head"]])
        sentences.append(Sentence(message, values))
    else:
        sentences.append(Sentence(N_("Trained from scratch."), {}))
    if entry.is_cut_short:
        message = N_("Ended early, after %(n)s steps, as its recipe says.")
        sentences.append(Sentence(message, {"n": entry.runs[0].training["steps"]}))
    return sentences


def undrawn(content):
    """Which models a chart of accuracy against cost has no place for, or nothing."""
    if not content.free:
        return []
    message = N_(
        "Not drawn against a cost of zero, for which a logarithmic axis has no place: %(titles)s."
    )
    return [Sentence(message, {"titles": [entry.title for entry in content.free]})]


def not_run(content):
    """What is in no table, and why."""
    sentences = []
    for failure in content.failures:
        message = N_(
            "%(model)s, recipe %(recipe)s, seed %(seed)s failed: the loss became %(loss)s at step "
            "%(step)s with learning rate %(rate)s; it is in no table and in no figure."
        )
        facts = failure.facts
        values = {"model": failure.model, "recipe": failure.recipe, "seed": str(failure.seed)}
        values |= {"loss": facts["loss"], "step": facts["step"]}
        values["rate"] = str(facts["learning_rate"])
        sentences.append(Sentence(message, values))
    for model, recipe, seed in content.missing:
        message = N_(
            "%(model)s, recipe %(recipe)s, seed %(seed)s was asked for and has no results here."
        )
        values = {"model": model, "recipe": recipe, "seed": str(seed)}
        sentences.append(Sentence(message, values))
    for name in content.not_here:
        message = N_("%(model)s was published and is in no run of this configuration.")
        sentences.append(Sentence(message, {"model": name}))
    models, recipes = content.unused
    for name in models:
        if name not in content.not_here:
            message = N_("%(model)s is defined in the configuration and in none of its runs.")
            sentences.append(Sentence(message, {"model": name}))
    for name in recipes:
        message = N_("Recipe %(recipe)s is defined in the configuration and in none of its runs.")
        sentences.append(Sentence(message, {"recipe": name}))
    if not content.uses_gpu:
        message = N_("Nothing ran on a GPU: every training and every measurement is of a CPU.")
        sentences.append(Sentence(message, {}))
    if content.unvalidated:
        message = N_("No validation split was held out for: %(titles)s.")
        titles = [entry.title for entry in content.unvalidated]
        sentences.append(Sentence(message, {"titles": titles}))
    message = N_("Statistical tests between pairs of models were not made.")
    return [*sentences, Sentence(message, {})]
