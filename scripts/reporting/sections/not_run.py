"""What is in no table, and why."""

from reporting.blocks import Listing, Section
from reporting.messages import N_, Sentence


def not_run(content):
    """One Sentence on each thing that is in no table."""
    sentences = [*_runs_without_results(content), *_models_without_runs(content)]
    if recipes := content.unused[1]:
        message = N_("Recipes that are configured but unused: %(recipes)s.")
        sentences.append(Sentence(message, {"recipes": recipes}))
    if content.rows and not content.uses_gpu:
        message = N_("Nothing ran on a GPU: every training and every measurement is of a CPU.")
        sentences.append(Sentence(message, {}))
    if content.unvalidated:
        message = N_("No validation split was held out for: %(titles)s.")
        titles = [row.title for row in content.unvalidated]
        sentences.append(Sentence(message, {"titles": titles}))
    return sentences


def _runs_without_results(content):
    for failure in content.failures:
        message = N_(
            "%(model)s, recipe %(recipe)s, seed %(seed)s failed: the loss became %(loss)s at step "
            "%(step)s with learning rate %(rate)s; it is in no table and in no figure."
        )
        facts = failure.facts
        values = {"model": failure.model, "recipe": failure.recipe, "seed": str(failure.seed)}
        values |= {"loss": facts["loss"], "step": facts["step"]}
        yield Sentence(message, {**values, "rate": str(facts["learning_rate"])})
    for model, recipe, seed in content.missing:
        message = N_(
            "%(model)s, recipe %(recipe)s, seed %(seed)s was asked for and has no results here."
        )
        yield Sentence(message, {"model": model, "recipe": recipe, "seed": str(seed)})


def _models_without_runs(content):
    for name in content.not_here:
        message = N_("%(model)s was published and is in no run of this configuration.")
        if name in content.models:
            message = N_("%(model)s here is another model than the published one of that name.")
        yield Sentence(message, {"model": name})
    if models := [name for name in content.unused[0] if name not in content.not_here]:
        message = N_("Models that are configured but unused: %(models)s.")
        yield Sentence(message, {"models": models})


def blocks(content, say):
    return [Listing([say.value(sentence) for sentence in not_run(content)])]


SECTION = Section("not-run", N_("What was not run"), blocks, is_shown=lambda _content: True)
