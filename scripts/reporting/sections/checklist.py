"""The checklist of reproducibility: questions, each answered from data."""

from dataclasses import dataclass
from math import isnan

from cifarlab.comparison.repeats import AGREEMENT_PERCENT
from reporting.messages import N_, Sentence


@dataclass(frozen=True)
class Item:
    """question: a message; answer: a bool, None for unknown; evidence: a message with values."""

    question: str
    answer: bool | None
    evidence: str
    values: dict


def checklist(content):
    """The items for the runs of a Content."""
    return [*of_data(content), *of_origin(content), *of_certainty(content), *of_runs(content)]


def of_data(content):
    """What the runs read."""
    source, n = content.manifest["source"], len(content.runs)
    read = [run.training["dataset_sha256"] for run in content.runs]
    digests = {tuple(sorted(files.items())) for files in read}
    saw_test = sum(any(name.startswith("test_") for name in files) for files in read)
    validated = sum(bool(run.training["recipe"]["validation"]) for run in content.runs)
    return [
        Item(
            N_("Is it known which images these are?"),
            source.get("seed" if content.is_synthetic else "md5") is not None,
            N_("seed %(seed)s of the procedure that draws them")
            if content.is_synthetic
            else N_("MD5 of the archive: %(md5)s"),
            {"seed": str(source.get("seed")), "md5": source.get("md5") or "–"},
        ),
        Item(
            N_("Did all runs train on the same bytes?"),
            len(digests) == 1,
            N_("different digests of the training split: %(n)s"),
            {"n": len(digests)},
        ),
        Item(
            N_("Was nothing chosen on the test split?"),
            saw_test == 0,
            N_(
                "trainings that had a file of the test split: %(k)s of %(n)s; with a validation "
                "split: %(validated)s"
            ),
            {"k": saw_test, "n": n, "validated": validated},
        ),
    ]


def of_origin(content):
    """What the runs were made with."""
    n = len(content.runs)
    states = [run.training.get("source") for run in content.runs]
    commits = {state["commit"] for state in states if state}
    clean = sum(bool(state and not state["dirty"]) for state in states)
    others = {run.name for run, *_ in content.other_versions}
    return [
        Item(
            N_("Did every run come from a committed state of the source?"),
            (clean == n) if any(states) else None,
            N_("runs from a clean checkout: %(clean)s of %(n)s; different commits: %(commits)s"),
            {"clean": clean, "n": n, "commits": len(commits)},
        ),
        Item(
            N_("Were the locked versions of torch and torchvision used?"),
            not others if content.versions else None,
            N_("runs with others: %(others)s of %(n)s"),
            {"others": len(others), "n": n},
        ),
    ]


def of_certainty(content):
    """How sure the accuracies are."""
    seeds = min(row.measured["seeds"] for row in content.rows)
    compared = content.compared
    bounded = sum(row.has_interval and row.covers_seeds for row in compared)
    unknown = sum(
        row.measured["seeds"] > 1 and isnan(row.measured["test_accuracy_std"]) for row in compared
    )
    return [
        Item(
            N_("Does every model have more than one seed?"),
            seeds > 1,
            N_("fewest seeds of a model: %(seeds)s"),
            {"seeds": seeds},
        ),
        Item(
            N_("Does every accuracy that is compared carry its uncertainty?"),
            bounded == len(compared) and not unknown if compared else None,
            N_(
                "with a 95 %% interval over test images and seeds: %(k)s of %(n)s; over test "
                "images alone, of one seed: %(one)s; with several seeds and without their "
                "deviation: %(unknown)s"
            ),
            {
                "k": bounded,
                "n": len(compared),
                "one": len(content.of_one_seed),
                "unknown": unknown,
            },
        ),
    ]


def of_runs(content):
    """Whether runs can be repeated and compared, and are all there."""
    resumed = sum(run.is_resumed for run in content.runs)
    return [
        of_bits(content),
        Item(
            N_("Can the times be compared?"),
            content.times_compare,
            N_(
                "different devices or numbers of threads: %(places)s; different numbers of steps: "
                "%(steps)s; runs that were interrupted and resumed: %(k)s; models whose seeds took "
                "times that differ by more than %(percent)s %%: %(unsteady)s"
            ),
            {
                "places": len(content.timed_on),
                "steps": len(content.step_counts),
                "k": resumed,
                "percent": AGREEMENT_PERCENT,
                "unsteady": len(content.unsteady),
            },
        ),
        of_throughputs(content),
        Item(
            N_("Is every run that was asked for in the tables?"),
            not (content.failures or content.missing),
            N_("runs that failed: %(k)s; that are missing for other reasons: %(missing)s"),
            {"k": len(content.failures), "missing": len(content.missing)},
        ),
    ]


def of_bits(content):
    """Whether the runs can be repeated to the bit."""
    devices = [run.training["device"] for run in content.runs]
    cpu = devices.count("cpu")
    gpu = sum(
        run.training["device"] != "cpu" and run.training["recipe"]["deterministic"]
        for run in content.runs
    )
    n = len(devices)
    return Item(
        N_("Does every run give the same bits when it is repeated?"),
        cpu + gpu == n,
        N_(
            "on a CPU, where this holds without deterministic algorithms: %(cpu)s of %(n)s; "
            "on a GPU with deterministic algorithms: %(gpu)s"
        ),
        {"cpu": cpu, "gpu": gpu, "n": n},
    )


def of_throughputs(content):
    """Whether measured throughputs contradict themselves or each other."""
    models = {row.model for row in content.rows if row.has("throughput_images_per_second")}
    unsteady = content.unsteady_costs
    contrary = [
        Sentence(N_("%(a)s (contains %(b)s)"), {"a": larger, "b": smaller})
        for larger, smaller in content.faster_with_more_work
    ]
    return Item(
        N_("Can the throughputs be compared?"),
        not (unsteady or contrary) if models else None,
        N_(
            "models whose repeated measurements differ by more than %(percent)s %%: %(k)s of "
            "%(n)s; that are faster than a smaller one that they contain: %(contrary)s"
        ),
        {
            "percent": AGREEMENT_PERCENT,
            "k": len(unsteady),
            "n": len(models),
            "contrary": contrary or 0,
        },
    )
