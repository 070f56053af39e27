"""Sentences on studies: what each change gains or costs, and which gains most."""

from cifarlab.comparison.repeats import AGREEMENT_PERCENT
from cifarlab.comparison.studies import CHOSEN_EPOCH, NO_PAIR, ONE_SEED
from cifarlab.comparison.trials import CUT_SHORT
from reporting.messages import N_, Sentence
from reporting.numbers import is_missing, number, signed

# By why a change is not tested.
NOT_TESTED = {
    NO_PAIR: N_("%(what)s has no pair of runs with the same seed."),
    CUT_SHORT: N_(
        "%(what)s: %(x)s points in trial runs, which max_steps stopped and which show nothing."
    ),
    CHOSEN_EPOCH: N_(
        "%(what)s: %(x)s points with weights of an epoch that was chosen on the same images, which "
        "shows nothing; early_stopping.restore_best: false gives a test."
    ),
    ONE_SEED: N_("%(what)s: %(x)s points with one seed, which has no interval and shows nothing."),
}
# The training time, as a multiple of that of what a change is compared with, above which it is
# called longer; by as much less it is called shorter.
LONGER = 1 + AGREEMENT_PERCENT / 100


def sentence(line, n_tested):
    """The Sentence that follows from a line of studies.csv.

    n_tested: how many lines are tested, as the p-values are corrected for their number.
    """
    values = {"what": what(line), "change": line["change"], "model": line["model"]}
    is_left_out = line["kind"] == "without"
    if not is_missing(line["not_tested"]):
        if not is_missing(line["difference_points"]):
            values["x"] = signed(line["difference_points"], 2)
        return Sentence(NOT_TESTED[line["not_tested"]], values)
    values |= {"facts": facts(line), "seeds": int(line["seeds"]), "n": n_tested}
    if line["low_points"] <= 0 <= line["high_points"]:
        return Sentence(nothing_shown(line["kind"]), values)
    if line["answer"] == "open":
        return Sentence(N_("%(what)s: %(facts)s; of %(n)s tests this may be chance."), values)
    if is_left_out:
        return Sentence(N_("%(what)s: %(facts)s."), values)
    if line["answer"] == "better":
        return Sentence(N_("%(change)s gains on %(model)s: %(facts)s."), values)
    return Sentence(N_("%(change)s loses on %(model)s: %(facts)s."), values)


def nothing_shown(kind):
    """The message where the interval holds zero. kind: of the change."""
    if kind == "combined":
        return N_(
            "%(change)s together on %(model)s changed nothing that %(seeds)s seeds can show: "
            "%(facts)s."
        )
    if kind == "without":
        return N_(
            "Leaving %(change)s out of all together on %(model)s changed nothing that %(seeds)s "
            "seeds can show: %(facts)s."
        )
    return N_(
        "%(change)s alone on %(model)s changed nothing that %(seeds)s seeds can show: %(facts)s."
    )


def what(line):
    """What a line is of, a Sentence without an end."""
    values = {"change": line["change"], "model": line["model"]}
    if line["kind"] == "without":
        message = N_("All together on %(model)s without %(change)s (compared with all together)")
        return Sentence(message, values)
    return Sentence(N_("%(change)s on %(model)s"), values)


def facts(line):
    """What was measured of a line that is tested, a Sentence without an end."""
    points = {name: signed(line[f"{name}_points"], 2) for name in ("difference", "low", "high")}
    found = Sentence(N_("%(difference)s points, %(low)s to %(high)s"), points)
    for more in [*of_seeds(line), *of_time(line)]:
        found = Sentence(N_("%(facts)s, %(more)s"), {"facts": found, "more": more})
    return found


def of_seeds(line):
    """How many seeds are left where some failed: a Sentence, or none."""
    if not line["missing_seeds"]:
        return []
    seeds = {"k": int(line["seeds"]), "n": int(line["seeds"] + line["missing_seeds"])}
    return [Sentence(N_("with %(k)s of %(n)s seeds, as the others failed"), seeds)]


def of_time(line):
    """The training time beside that of what a line is compared with: a Sentence, or none."""
    ratio = line["seconds_ratio"]
    if is_missing(ratio):
        return []
    if 1 / LONGER <= ratio <= LONGER:
        return [Sentence(N_("in about the same training time"), {})]
    values = {"ratio": number(ratio, 2)}
    return [Sentence(N_("for %(ratio)s times the training time"), values)]


def is_longer(line):
    """Whether the training time is longer, or not known to be about the same."""
    return is_missing(line["seconds_ratio"]) or line["seconds_ratio"] > LONGER


def answer(content):
    """What a report of studies alone begins with: list of Sentence, none without a test."""
    # Two studies may have the same change.
    lines = {
        (line["model"], line["recipe"], line["compared_with"]): line
        for line in content.studies
        if line["kind"] != "without" and is_missing(line["not_tested"])
    }.values()
    if not lines:
        return []
    gains = [line for line in lines if line["answer"] == "better"]
    counts = N_(
        "Changes and combinations compared on the validation split: %(n)s; measurable gains: "
        "%(gains)s, measurable losses: %(losses)s."
    )
    values = {"n": len(lines), "gains": len(gains)}
    values["losses"] = sum(line["answer"] == "worse" for line in lines)
    return [*largest_gains(gains), Sentence(counts, values)]


def largest_gains(gains):
    """The two largest gains, as the second may be as large by chance; Sentences.

    Where both take longer, also the largest of those that do not.
    """
    if not gains:
        return [Sentence(N_("No change gained anything that its seeds can show."), {})]
    first, *others = sorted(gains, key=lambda line: -line["difference_points"])
    message = N_("The largest gain in validation accuracy: %(what)s, %(facts)s.")
    found = [Sentence(message, measured(first))]
    if others:
        found.append(Sentence(N_("The next: %(what)s, %(facts)s."), measured(others[0])))
    quick = [line for line in others if not is_longer(line)]
    if quick and all(is_longer(line) for line in (first, others[0])):
        message = N_("The largest that takes no longer: %(what)s, %(facts)s.")
        found.append(Sentence(message, measured(quick[0])))
    return found


def measured(line):
    return {"what": what(line), "facts": facts(line)}
