"""What the page begins with: what came first, and the test accuracies."""

from reporting.blocks import Facts, Section
from reporting.messages import N_, Sentence
from reporting.numbers import number
from reporting.pictures import picture


def title(content, say):
    """The title of the report."""
    if content.is_synthetic:
        return say(N_("Image classifiers on synthetic images"))
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
    message = N_("%(model)s, recipe %(recipe)s, seed %(seed)s: see what was not run.")
    for failure in content.failures:
        values = {"model": failure.model, "recipe": failure.recipe, "seed": str(failure.seed)}
        found.append((say(N_("A run failed.")), say(message, **values)))
    return found


def lead(content):
    """How much was compared, and what came first: list of Sentence."""
    count = Sentence(
        N_("Models: %(models)s, runs: %(runs)s."),
        {"models": len(content.models), "runs": len(content.runs)},
    )
    if not content.rows:
        message = N_("Nothing was compared on the test split; studies: %(studies)s.")
        return [Sentence(message, {"studies": len({line["study"] for line in content.studies})})]
    best, others = content.best, [row.title for row in content.as_good[1:]]
    values = {"a": best.title, "x": number(best.accuracy, 2)}
    if others:
        message = N_(
            "%(a)s has the highest mean test accuracy, %(x)s %%, and cannot be told from: "
            "%(others)s."
        )
        return [count, Sentence(message, {**values, "others": others}), *of_one_seed(content)]
    if len(content.rows) == 1:
        return [count, Sentence(N_("%(a)s has a test accuracy of %(x)s %%."), values)]
    message = N_(
        "%(a)s has the highest test accuracy, %(x)s %%: more than every other, by paired tests."
    )
    return [count, Sentence(message, values), *of_one_seed(content)]


def of_one_seed(content):
    """What one seed leaves open: a Sentence, or none."""
    titles = [row.title for row in content.of_one_seed]
    if len(titles) == len(content.rows):
        message = N_("All have one seed: this is of these trained models; other seeds may differ.")
        return [Sentence(message, {})]
    message = N_("With one seed, and so of one trained model each: %(titles)s.")
    return [Sentence(message, {"titles": titles})] if titles else []


def blocks(content, say):
    best = content.best
    numbers = {"x": best.accuracy, "low": best.interval[0], "high": best.interval[1]}
    numbers = {name: number(value, 2) for name, value in numbers.items()}
    counts, n_classes = content.manifest["counts"], len(content.manifest["fine_names"])
    facts = [
        (
            say(N_("Best by accuracy")),
            say.strong(best.title),
            say(N_("%(x)s %%, 95 %% interval %(low)s to %(high)s"), **numbers),
        ),
        *for_its_cost(content, say),
        (
            say(N_("Images")),
            f"{counts['train']:,} + {counts['test']:,}",
            say(N_("training + test, classes: %(n)s"), n=n_classes),
        ),
        (
            say(N_("Time in training")),
            say.duration(content.train_seconds),
            say(N_("all runs together, on %(device)s"), device=content.devices),
        ),
    ]
    return [Facts(facts), picture(content, say, "accuracy")]


def for_its_cost(content, say):
    """The fact on the best by accuracy for its cost; none where no costs could be counted."""
    cheap = content.best_for_cost
    if cheap is None:
        return []
    message = N_(
        "fewest multiply-adds of those that cannot be told from the best: %(m)s million an image"
    )
    if not all(row.has("multiply_adds") for row in content.as_good):
        message = N_(
            "fewest multiply-adds, where they could be counted, of those that cannot be told from "
            "the best: %(m)s million an image"
        )
    note = say(message, m=number(cheap.measured["multiply_adds"] / 1e6, 1))
    return [(say(N_("Best by accuracy for its cost")), say.strong(cheap.title), note)]


SECTION = Section("", "", blocks)
