"""The rows of the comparison: models, each trained with a recipe, and their runs."""

from dataclasses import dataclass, field

from cifarlab.comparison.containment import contains
from cifarlab.comparison.repeats import agree
from cifarlab.comparison.results import RunFolder
from cifarlab.comparison.trials import CUT_SHORT
from reporting.chapters import chapter_of, idea_of
from reporting.numbers import is_missing


@dataclass(frozen=True)
class Run:
    """One run. measured: its row of runs.csv; folder: its RunFolder."""

    model: str
    recipe: str
    seed: int
    measured: dict
    folder: RunFolder

    @property
    def training(self):
        """The record of its training."""
        return self.folder.training

    @property
    def name(self):
        return f"{self.model} · {self.recipe} · {self.seed}"

    @property
    def is_resumed(self):
        return len(self.training["parts"]) > 1


@dataclass(frozen=True)
class Row:
    """One model × recipe, with all its seeds.

    number: its place, from 0; measured: its row of comparison.csv; runs: its runs; cost: the
    model's cost; classes: accuracy in percent by label; class_images: test images by label;
    confusions, superclasses: its rows of confusions.csv and superclasses.csv.
    """

    number: int
    model: str
    recipe: str
    title: str
    measured: dict
    runs: list[Run]
    cost: dict
    classes: list[float]
    class_images: list[int]
    confusions: list[dict]
    superclasses: list[dict] = field(default_factory=list)

    @property
    def trained_recipe(self):
        """The name under which its recipe is trained: a sweep's is that of the point it chose."""
        return self.runs[0].folder.chosen_recipe or self.recipe

    @property
    def settings(self):
        """The model's settings."""
        return self.runs[0].training["model"]

    @property
    def chapter(self):
        return chapter_of(self.settings)

    @property
    def idea(self):
        return idea_of(self.settings)

    @property
    def origin(self):
        """Where its first weights come from, or None where it was trained from scratch."""
        return self.runs[0].training["initial_weights"]

    @property
    def hyperparameters(self):
        """(key, value) of the model's and the recipe's settings that are set."""
        training = self.runs[0].training
        pairs = [*training["model"].items(), *training["recipe"].items()]
        # How a size is counted changes nothing of a training.
        unset = (None, {})
        return [(k, value) for k, value in pairs if value not in unset and k != "size_convention"]

    @property
    def is_trial(self):
        """Whether it is a trial run, which is neither compared nor ranked."""
        return self.has("trial")

    @property
    def is_cut_short(self):
        """Whether its recipe ended it before the last epoch."""
        return self.measured["trial"] == CUT_SHORT

    @property
    def step_range(self):
        """The fewest and the most steps that a run of it took."""
        steps = [run.training["steps"] for run in self.runs]
        return min(steps), max(steps)

    @property
    def stops_early(self):
        """Whether its recipe has early stopping."""
        return self.runs[0].training["recipe"].get("early_stopping") is not None

    @property
    def is_validated(self):
        return bool(self.runs[0].training["recipe"].get("validation"))

    @property
    def times_of_same_work(self):
        """Seconds of trainings of as many steps in the same place, a list for each such work."""
        times = {}
        for run in self.runs:
            work = (run.training[name] for name in ("device_name", "threads", "steps"))
            if not run.is_resumed:
                times.setdefault((*work,), []).append(run.training["train_seconds"])
        return [*times.values()]

    def does_all_of(self, other):
        """Whether its model contains that of another Row, does more, and was measured where it was.

        False where that is not known.
        """
        structures = [row.cost["structure"] for row in (self, other)]
        is_counted = all(row.has("multiply_adds") for row in (self, other))
        if None in structures or not is_counted or not contains(*structures):
            return False
        places = [
            (row.cost["device_name"], row.cost["threads"], row.cost["structure"]["input_shape"])
            for row in (self, other)
        ]
        products = [row.measured["multiply_adds"] for row in (self, other)]
        return places[0] == places[1] and products[0] > products[1]

    @property
    def accuracy(self):
        return self.measured["test_accuracy_percent"]

    @property
    def interval(self):
        """95 % interval of the accuracy, (low, high) in percent."""
        names = ("test_accuracy_low_percent", "test_accuracy_high_percent")
        return tuple(self.measured[name] for name in names)

    @property
    def covers_seeds(self):
        """Whether the interval is over seeds too, and not over test images alone."""
        return self.measured["seeds"] > 1

    @property
    def has_interval(self):
        """Whether its accuracy lies in an interval, which has a width."""
        low, high = self.interval
        return low <= self.accuracy <= high and low < high

    def has(self, column):
        """Whether its cell of the comparison has a value."""
        return not is_missing(self.measured[column])

    @property
    def unmeasured(self):
        """Why costs of it could not be measured: reasons by column, or by "structure"."""
        memory = self.cost["memory"]
        measured = memory.get(self.trained_recipe) or memory[self.recipe]
        return {**self.cost["unmeasured"], **measured["unmeasured"]}

    def cell(self, column):
        """The anchor of its cell in the table of the comparison."""
        return f"cell-{self.number}-{column}"

    def class_cell(self, label):
        """The anchor of its cell in the table of classes."""
        return f"class-{label}-{self.number}"

    @property
    def anchor(self):
        return f"model-{self.number}"

    @property
    def structure_anchor(self):
        return f"structure-{self.number}"

    @property
    def key(self):
        return self.model, self.recipe


def is_faster(row, other):
    """Whether the throughput of a Row is higher than another's, by more than what agrees."""
    rates = [each.measured["throughput_images_per_second"] for each in (row, other)]
    return rates[0] > rates[1] and not agree(rates)
