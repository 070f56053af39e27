"""The table of edits, each with the exact set of jobs that it asks for."""

import collections
import re

from edits import (
    OWN_FILES,
    OWN_MODEL,
    another_seed,
    append,
    both,
    clone,
    clone_without_metadata,
    configure,
    delete,
    flip_a_byte,
    forget_metadata_and,
    move,
    reorder_keys,
    replace,
    rewrite_own_weights,
    save_own_weights,
    setting,
    swapped,
    touch_everything,
    touch_in_the_future,
    truncate,
    with_old_time,
    without_cnn_3,
    write_list,
)
from project import SMALL, copy_project

from reporting.figures import FIGURES


def drawn_from(*names, per):
    """The figures, in words, that read a file with one of these in its name."""
    found = []
    for figure in FIGURES.values():
        read = " ".join([*figure.files.values(), *figure.runs])
        if figure.per == per and any(name in read for name in names):
            found.append(figure.name)
    return " ".join(found)


NOTHING = set()
END = {"compare", "report", *drawn_from("compare/", per="comparison").split()}
RATE = ("recipes", "other", "optimizer", "learning_rate")
LEARNING_RATE = setting(*RATE, value=0.03)
UNUSED = "\n\nUNUSED = 1\n"
COMMENT = "\n\n# A comment of its own.\n"
CNN_CODE = replace("scripts/cifarlab/models/families/cnn.py", "padding=2", "padding=1 + 1")
LOCK = replace("requirements.lock", "torch==2.14.1", "torch==2.15.0")


def of(stages, names):
    """The jobs of these stages with these names."""
    return {f"{stage} {name}" for stage in stages.split() for name in names}


def row_of(run):
    """The model and the recipe of a run."""
    return run.rpartition("/")[0]


def runs(*names):
    """What a training of these runs asks for."""
    rows = {row_of(name) for name in names}
    # The pictures are those of a row's first run.
    first = {row_of(name) for name in names if name.endswith("/0")}
    of_first_run, of_runs = drawn_from("seed-{first_seed}", per="row"), ("metrics", "history")
    drawn = of(drawn_from(*of_runs, per="row"), rows) | of(of_first_run, first)
    drawn |= set(drawn_from(*of_runs, per="comparison").split())
    return of("train evaluate metrics", names) | drawn | END


def rehearsed(*names):
    """What these runs ask for with the rehearsals of their rows."""
    return of("rehearse", {row_of(name) for name in names}) | runs(*names)


def costs(*models):
    """What new costs of these models ask for."""
    return of("cost " + drawn_from("cost/", per="model"), models) | END


STAGES = (
    "data",
    "duplicates",
    "corrections",
    "weights",
    "rehearse",
    "train",
    "evaluate",
    "metrics",
    "robustness",
    "cost",
    "compare",
    *FIGURES,
    "report",
)


def described(jobs):
    """A set of jobs in words, the stages in their order: "2 train, 2 evaluate, report"."""
    counts = collections.Counter(job.partition(" ")[0] for job in jobs)
    words = [f"{counts[s]} {s}" if counts[s] > 1 else s for s in STAGES if counts[s]]
    return ", ".join(words) or "nothing"


class Scene:
    """A configuration in which everything can be edited: small runs, more of them if wanted.

    models: further models by name, each with its settings, trained with the recipe quick. Where
    there are such, no training takes more than one step.
    """

    def __init__(self, models=None):
        models = models or {}
        own = {
            "family": "file",
            "factory": "own/model.py:tiny",
            "input_size": 32,
            "weights": "own/weights.pth",
        }
        quick = SMALL["recipes"]["quick"] | ({"max_steps": 1} if models else {})
        optimizer = {"name": "adamw", "learning_rate": 0.01, "weight_decay": 0.02}
        self.configuration = {
            **SMALL,
            "models": {"own": own, **models},
            "recipes": {"quick": quick, "other": {**quick, "optimizer": optimizer}},
            "runs": [
                {"models": ["cnn_2"], "recipes": ["quick", "other"], "seeds": [0]},
                {"models": ["cnn_3", "own"], "recipes": ["quick"], "seeds": [0]},
            ],
        }
        if models:
            further = {"models": [*models], "recipes": ["quick"], "seeds": [0]}
            self.configuration["runs"].append(further)
        self.runs = ["cnn_2/quick/0", "cnn_2/other/0"]
        self.runs += [f"{model}/quick/0" for model in ("cnn_3", "own", *models)]
        self.rows = [row_of(run) for run in self.runs]
        self.models = list(dict.fromkeys(run.partition("/")[0] for run in self.runs))

    def of_family(self, prefix):
        """(runs, models) whose model's name begins so."""
        return [[n for n in names if n.startswith(prefix)] for names in (self.runs, self.models)]

    def make(self, folder):
        """A copy of the project with this configuration, everything computed."""
        project = copy_project(folder)
        (folder / "own").mkdir()
        for name, text in {"model.py": OWN_MODEL, **OWN_FILES}.items():
            (folder / "own" / name).write_text(text)
        save_own_weights(folder, 0.0)
        project.configure(self.configuration)
        result = project.snakemake()
        assert result.returncode == 0, result.stderr
        return project


def jobs_in(text):
    """The jobs that Snakemake's output names: "train cnn_2/quick/0", "compare", without `all`."""
    found = set()
    for block in re.split(r"\n(?=\[\w{3} \w{3} )", text):
        if head := re.search(r"^(?:local)?(?:rule|checkpoint) (\w+):", block, re.MULTILINE):
            values = re.search(r"^ +wildcards: (.*)$", block, re.MULTILINE)
            parts = [part.partition("=")[2] for part in values[1].split(", ")] if values else []
            found.add(f"{head[1]} {'/'.join(parts)}".strip())
    return found - {"all"}


def would_make(project, *arguments):
    result = project.snakemake("--dry-run", *arguments)
    assert result.returncode == 0, result.stderr
    return jobs_in(result.stdout + result.stderr)


def made_by(project, *arguments):
    """Run for real; the jobs that ran."""
    result = project.snakemake(*arguments)
    assert result.returncode == 0, result.stderr
    return jobs_in(result.stdout + result.stderr)


def table(scene):
    """What people edit, in words: (edit, jobs that it asks for), by name."""
    all_runs, all_costs = rehearsed(*scene.runs), costs(*scene.models)
    of_metrics = drawn_from("metrics", per="row")
    of_all_metrics = set(drawn_from("metrics", per="comparison").split())
    after_metrics = of("metrics", scene.runs) | of(of_metrics, scene.rows) | of_all_metrics | END
    cnn_runs, cnns = scene.of_family("cnn")
    own = {"weights own"} | costs("own") | rehearsed("own/quick/0")
    drawn = drawn_from("metrics", "predictions", per="row")
    all_evaluations = of("evaluate metrics", scene.runs) | of(drawn, scene.rows) | END
    all_evaluations |= set(drawn_from("metrics", per="comparison").split())
    return {
        "nothing": (lambda project: None, NOTHING),
        "touch every file": (touch_everything, NOTHING),
        "touch weights with a time in the future": (touch_in_the_future, NOTHING),
        "fresh clone, results copied in": (clone, NOTHING),
        "fresh clone, results copied in, without .snakemake": (clone_without_metadata, NOTHING),
        "move the folder": (move, NOTHING),
        "same bytes of the weights again": (rewrite_own_weights, NOTHING),
        "comment in train.py": (append("scripts/train.py", COMMENT), NOTHING),
        "comment in a model family": (
            append("scripts/cifarlab/models/families/cnn.py", COMMENT),
            NOTHING,
        ),
        "comment in the training loop": (
            append("scripts/cifarlab/training/loop.py", COMMENT),
            NOTHING,
        ),
        "comment in the user's model": (append("own/model.py", COMMENT), NOTHING),
        "docstring in the training loop": (
            replace("scripts/cifarlab/training/loop.py", "The training loop.", "How one trains."),
            NOTHING,
        ),
        "reformatting in the training loop": (
            replace(
                "scripts/cifarlab/training/loop.py", "self.epochs = []", "self.epochs   =  [ ]"
            ),
            NOTHING,
        ),
        "a reworded message in a training step": (
            replace("scripts/cifarlab/training/steps.py", "memory does not suffice", "no memory"),
            NOTHING,
        ),
        "a reworded progress bar": (
            replace("scripts/engine/progress.py", " left", " remaining"),
            NOTHING,
        ),
        "code of the live view": (append("scripts/engine/live.py", UNUSED), NOTHING),
        "code of the records' writer": (append("scripts/engine/records.py", UNUSED), NOTHING),
        "help of a command line": (
            replace("scripts/train.py", 'help="of the', 'help="the'),
            NOTHING,
        ),
        "order of keys and a comment in the configuration": (reorder_keys, NOTHING),
        "an unused model": (
            setting("models", "cnn_1", value={"family": "cnn", "blocks": 1}),
            NOTHING,
        ),
        "an unused recipe": (
            configure(lambda v: v["recipes"].update(unused=v["recipes"]["quick"])),
            NOTHING,
        ),
        "flips at test time": (
            setting("evaluation", value={"flips": True}),
            all_evaluations,
        ),
        "corrupted test images": (
            setting("evaluation", value={"corruptions": ["jpeg"]}),
            of("robustness", scene.runs) | END,
        ),
        "code of a corruption that is not asked for": (
            append("scripts/cifarlab/evaluation/corruptions/jpeg.py", UNUSED),
            NOTHING,
        ),
        "code of the search for duplicates": (
            append("scripts/cifarlab/datasets/duplicates.py", UNUSED),
            {"duplicates", "duplicate_pairs"} | after_metrics,
        ),
        "a list of corrected labels": (
            both(
                write_list("test_index,given_label,corrected_label\n"),
                setting("evaluation", value={"label_corrections": "wrong.csv"}),
            ),
            {"corrections"} | after_metrics,
        ),
        "a report template": (append("templates/report.md.j2", "\nEnd.\n"), {"report"}),
        "a caption": (append("templates/captions/figure.rst", "\nMore.\n"), {"report"}),
        "a translation": (
            replace("templates/locale/zh/LC_MESSAGES/report.po", "模型", "网络"),
            {"report"},
        ),
        "a language taken out": (setting("report", value={"languages": ["en"]}), {"report"}),
        "a script of the page": (append("templates/scripts/save.js", "// End.\n"), {"report"}),
        "a figure's code": (
            replace("scripts/reporting/figures/accuracy.py", "markersize=9", "markersize=8"),
            {"accuracy", "report"},
        ),
        "code of a figure of each model": (
            replace("scripts/reporting/figures/loss.py", "BINS = 120", "BINS = 9"),
            of("loss", scene.rows) | {"report"},
        ),
        "code of the drawing of structures": (
            replace("scripts/reporting/figures/structure.py", "MARGIN, PADDING", "PADDING, MARGIN"),
            of("structure", scene.models) | {"report"},
        ),
        "the published numbers": (
            replace("config/published.csv", "39.75", "39.76"),
            END,
        ),
        "a metric's code": (
            replace(
                "scripts/cifarlab/evaluation/metrics.py",
                "def superclass_accuracy",
                "UNUSED = 1\n\n\ndef superclass_accuracy",
            ),
            after_metrics,
        ),
        "learning rate of one recipe": (LEARNING_RATE, rehearsed("cnn_2/other/0")),
        "learning rate and weight decay swapped": (configure(swapped), rehearsed("cnn_2/other/0")),
        "one model's setting": (
            setting("models", "own", "normalize", value="imagenet"),
            own,
        ),
        "code of one model family": (CNN_CODE, costs(*cnns) | rehearsed(*cnn_runs)),
        "code of the user's model": (
            replace("own/model.py", "3 * SIZE**2", "SIZE**2 * 3"),
            own,
        ),
        "code of a helper of the user's model": (
            replace("own/layers.py", "nn.Flatten()", "nn.Flatten(1)"),
            own,
        ),
        "a file that the user's model reads": (replace("own/size.json", "32", "32 "), own),
        "code of the training loop": (
            append("scripts/cifarlab/training/loop.py", UNUSED),
            all_runs,
        ),
        "a helper imported by a helper of train.py": (
            append("scripts/cifarlab/training/steps.py", UNUSED),
            all_runs | all_costs,
        ),
        "code of an optimizer": (
            append("scripts/cifarlab/training/optimizers/adamw.py", UNUSED),
            rehearsed("cnn_2/other/0") | costs("cnn_2"),
        ),
        "code of an optimizer that no recipe names": (
            append("scripts/cifarlab/training/optimizers/sgd.py", UNUSED),
            NOTHING,
        ),
        # A step is the same at every learning rate.
        "code of a schedule": (
            append("scripts/cifarlab/training/schedules/constant.py", UNUSED),
            all_runs,
        ),
        "code of a loss": (
            append("scripts/cifarlab/training/losses/cross_entropy.py", UNUSED),
            all_runs | all_costs,
        ),
        "code of prediction": (
            append("scripts/cifarlab/evaluation/prediction.py", UNUSED),
            all_runs | all_costs,
        ),
        "code of the rehearsal": (
            append("scripts/cifarlab/training/rehearsal.py", UNUSED),
            of("rehearse", scene.rows),
        ),
        "one more seed": (configure(another_seed), runs("cnn_3/quick/1")),
        "a model removed": (configure(without_cnn_3), END | of_all_metrics | {"losses"}),
        "torch version in the lock": (LOCK, all_runs),
        "torch version in the lock, accepted": (
            both(LOCK, setting("library_versions", value="any")),
            {"report"},
        ),
        "metrics deleted": (
            delete("runs/cnn_3/quick/seed-0/metrics.json"),
            # Snakemake also runs what reads a file that was lost.
            {"metrics cnn_3/quick/0", "compare"} | of(of_metrics, ["cnn_3/quick"]) | of_all_metrics,
        ),
        "a figure deleted": (delete("figures/losses.svg"), {"losses", "report"}),
        "the report deleted": (delete("report/report.en.html"), {"report"}),
        "weights deleted": (
            delete("runs/cnn_3/quick/seed-0/weights.safetensors"),
            runs("cnn_3/quick/0"),
        ),
        "an array deleted": (delete("data/train_images.npy"), {"data"}),
        "an array edited, with its old time": (flip_a_byte("data/test_labels.npy"), {"data"}),
        "metrics truncated": (
            truncate("runs/cnn_3/quick/seed-0/metrics.json"),
            {"metrics cnn_3/quick/0"},
        ),
        "weights edited, with their old time": (
            flip_a_byte("runs/cnn_3/quick/seed-0/weights.safetensors"),
            runs("cnn_3/quick/0"),
        ),
        "a record damaged": (truncate("records/compare.json"), END),
        "metadata deleted, then the learning rate": (
            forget_metadata_and(LEARNING_RATE),
            rehearsed("cnn_2/other/0"),
        ),
        "code edited, with its old time": (
            with_old_time(CNN_CODE, "scripts/cifarlab/models/families/cnn.py"),
            costs(*cnns) | rehearsed(*cnn_runs),
        ),
        "configuration edited, with its old time": (
            with_old_time(LEARNING_RATE, "small.yaml"),
            rehearsed("cnn_2/other/0"),
        ),
        "two edits at once": (
            both(LEARNING_RATE, setting("models", "own", "normalize", value="imagenet")),
            own | rehearsed("cnn_2/other/0"),
        ),
        "an array deleted and a metric's code edited": (
            both(
                delete("data/train_labels.npy"),
                replace(
                    "scripts/cifarlab/evaluation/metrics.py",
                    "def superclass_accuracy",
                    "UNUSED = 1\n\n\ndef superclass_accuracy",
                ),
            ),
            {"data"} | after_metrics,
        ),
        "an edit undone": (
            both(LEARNING_RATE, setting(*RATE, value=0.01)),
            NOTHING,
        ),
    }


def late_table(scene):
    """The same for edits whose jobs are decided while they run."""
    drawn = drawn_from("metrics", "predictions", per="row")
    all_evaluations = of("evaluate metrics", scene.runs) | of(drawn, scene.rows) | END
    all_evaluations |= set(drawn_from("metrics", per="comparison").split())
    compared = {"duplicates", "duplicate_pairs"}
    return {
        "another test split": (
            setting("dataset", "synthetic", "test_per_class", value=2),
            {"data"} | compared | all_evaluations,
        ),
        "another training split": (
            setting("dataset", "synthetic", "train_per_class", value=3),
            {"data"} | compared | rehearsed(*scene.runs),
        ),
        "code of the data that gives the same bytes": (
            append("scripts/cifarlab/datasets/synthetic.py", UNUSED),
            {"data"},
        ),
        "weights file changed": (
            lambda project: save_own_weights(project.folder, 0.5),
            {"weights own"} | rehearsed("own/quick/0"),
        ),
        "a description of the data deleted": (delete("data/train.json"), {"data"}),
        "the manifest deleted": (delete("data/manifest.json"), {"data"}),
    }
