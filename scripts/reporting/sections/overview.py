"""What the page begins with: the answer, and the accuracies beside what they cost."""

from reporting.blocks import Section, SideBySide
from reporting.messages import N_, Sentence
from reporting.pictures import picture
from reporting.sections.answer import answer, caveats, trial_runs
from reporting.sections.study_sentences import answer as answer_of_studies


def head(content, say):
    """What stands above the sections, a dict: title, alerts, answer, caveats, scope."""
    return {
        "title": title(content, say),
        "alerts": alerts(content, say),
        "answer": say.sentences((answer if content.rows else answer_of_studies)(content)),
        "caveats": say.sentences(caveats(content)),
        "scope": scope(content, say),
    }


def title(content, say):
    """The title of the report."""
    if content.is_synthetic:
        return say(N_("Image classifiers on synthetic images"))
    if content.studies and not content.rows:
        message = N_("What changes to a recipe gain, on %(dataset)s")
        return say(message, dataset=content.dataset_title)
    return say(N_("Image classifiers on %(dataset)s"), dataset=content.dataset_title)


def alerts(content, say):
    """(what is wrong, sentence), for the top of the page."""
    found = []
    if content.is_synthetic:
        message = N_(
            "The images were drawn by a procedure, not photographed. These accuracies show that "
            "the workflow works; they say nothing about photographs and are not comparable to "
            "published numbers."
        )
        found.append((say(N_("Synthetic data.")), say(message)))
    if content.rows and not content.ranked:
        found.append((say(N_("Trial runs.")), say.sentences(trial_runs(content))))
    message = N_("%(model)s, recipe %(recipe)s, seed %(seed)s: see what was not run.")
    for failure in content.failures:
        values = {"model": failure.model, "recipe": failure.recipe, "seed": str(failure.seed)}
        found.append((say(N_("A run failed.")), say(message, **values)))
    return found


def scope(content, say):
    """How much was compared, on what, as text of the page."""
    if content.rows:
        message = N_("Models: %(models)s, runs: %(runs)s.")
        values = {"models": len(content.models), "runs": len(content.runs)}
    elif not content.studies:
        message, values = N_("Nothing was compared."), {}
    else:
        message = N_("Nothing was compared on the test split; studies: %(studies)s.")
        values = {"studies": len({line["study"] for line in content.studies})}
    sentences = [Sentence(message, values)]
    if content.untested:
        message = N_("Runs of studies and sweeps: %(n)s.")
        sentences.append(Sentence(message, {"n": len(content.untested)}))
    counts, n_classes = content.manifest["counts"], len(content.manifest["fine_names"])
    images = N_("Images: %(train)s to train on, %(test)s to test on, of %(n)s classes.")
    time = N_("Training took %(time)s in all, on %(device)s.")
    return say.sentences(
        [
            *sentences,
            say(images, train=counts["train"], test=counts["test"], n=n_classes),
            say(time, time=say.duration(content.train_seconds), device=content.devices),
        ]
    )


def blocks(content, say):
    names = ("accuracy", "compute") if content.ranked else ("accuracy",)
    return [SideBySide([picture(content, say, name) for name in names])]


SECTION = Section("", "", blocks)
