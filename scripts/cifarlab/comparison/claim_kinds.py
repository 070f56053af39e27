"""Kinds of claims of the published text, each with the test that judges it."""

from collections.abc import Callable, Container
from dataclasses import dataclass
from functools import cached_property

import pandas as pd

from cifarlab.comparison.containment import largest_change, layers_of


@dataclass(frozen=True)
class Measured:
    """What claims are judged by.

    published: as `cifarlab.comparison.published.comparable_part` returns it; beside: as
    `published_beside` does; comparison: the table of the comparison; costs: dict from model to its
    cost; is_synthetic: whether the images are; difference: a function from two rows, each
    (model, recipe), to how much more accurate the second one is, as (points, low, high, seeds), or
    to None where they share no seed; trial_rows: as `trials` returns them.
    """

    published: pd.DataFrame
    beside: pd.DataFrame
    comparison: pd.DataFrame
    costs: dict
    is_synthetic: bool
    difference: Callable
    trial_rows: Container = ()

    @cached_property
    def rows(self):
        """The comparison by model and recipe."""
        return self.comparison.set_index(["model", "recipe"])

    def recipes(self, models):
        """Recipes under which all of these published models were trained."""
        of = self.beside.groupby("recipe", sort=False)["model"].agg(set)
        return [recipe for recipe, trained in of.items() if trained >= {*models}]

    def published_recipes(self, models):
        """Those of them under which their results may be set beside published ones."""
        if not self.is_of_published_images(models):
            return []
        same = self.beside[self.beside["same_training"].astype(bool)]
        of = same.groupby("recipe", sort=False)["model"].agg(set)
        return [recipe for recipe in self.recipes(models) if of.get(recipe, set()) >= {*models}]

    def is_of_published_images(self, models):
        return bool(self.published.loc[[*models], "test_accuracy_percent"].notna().all())


@dataclass(frozen=True)
class Claim:
    """A claim about published models.

    models: their names in the published table, in the order of a difference, which is the second
    minus the first; claimed: the number that the text gives, or None. A kind of claims has unit, of
    what is measured; test, the name of how it is judged; margin, of the test.
    """

    models: tuple
    claimed: float | None = None
    unit = ""
    test = ""
    margin = None

    def answers(self, measured):
        """What a Measured says of it: dicts with keys of CLAIM_COLUMNS, none if it says nothing."""
        raise NotImplementedError

    def answer(self, verdict, **values):
        about = {"training": "published", "models": self.models, "claimed": self.claimed}
        about |= {"unit": self.unit, "test": self.test, "margin": self.margin}
        return {**about, "verdict": verdict, **values}

    def unanswered(self, verdict, missing, models=None):
        """The answer that says what is missing, and of which models."""
        return self.answer(verdict, missing=missing, missing_of=models or self.models)


class OfParameters(Claim):
    """A claim that follows from the architectures alone."""

    unit = "parameters"

    def answers(self, measured):
        is_here = {}
        for line in measured.beside.to_dict("records"):
            row = measured.rows.loc[line["model"], line["recipe"]]
            # At another input size a model may be another one, unless it has as many parameters.
            is_same = any(row[name] == line[name] for name in ("input_size", "total_params"))
            is_here[line["model"]] = is_here.get(line["model"]) or is_same
        if missing := [model for model in self.models if not is_here.get(model)]:
            return [self.unanswered("not_run", "runs", missing)]
        answer = self.judge(*(measured.costs[model] for model in self.models))
        return [{**answer, "evidence": [f"cost/{model}.json" for model in self.models]}]

    def judge(self, first, second):
        """The answer from the two costs."""
        raise NotImplementedError

    def judged(self, is_so, measured):
        return self.answer("holds" if is_so else "fails", measured=measured)


class ParametersSaved(OfParameters):
    """The second model has so many parameters less, because its last layer is smaller."""

    test = "difference_and_layer"

    def judge(self, first, second):
        structures = [cost["structure"] for cost in (first, second)]
        if None in structures:
            return self.unanswered("not_measured", "measurement")
        saved = first["total_params"] - second["total_params"]
        layer, *_ = largest_change(*structures)
        last, *_ = layers_of(structures[1])[-1]
        return self.judged(saved == self.claimed and layer == last, saved)


class ParameterRatio(OfParameters):
    """The second model has so many times the parameters of the first, to two digits."""

    unit = "times"
    test = "ratio"

    def judge(self, first, second):
        ratio = second["total_params"] / first["total_params"]
        return self.judged(round(ratio, 2) == self.claimed, ratio)


class FewerParameters(OfParameters):
    """The second model has fewer parameters than the first."""

    test = "fewer"

    def judge(self, first, second):
        more = second["total_params"] - first["total_params"]
        return self.judged(more < 0, more)


class OfAccuracy(Claim):
    """A claim about two accuracies, judged by the interval of their paired difference.

    Of trainings that are not the published ones it is only told which of the two is more accurate.
    """

    unit = "points"

    def answers(self, measured):
        if measured.is_synthetic:
            return []
        recipes = [
            recipe
            for recipe in measured.recipes(self.models)
            if not any((model, recipe) in measured.trial_rows for model in self.models)
        ]
        published = measured.published_recipes(self.models)
        rows = [self.of_recipe(measured, recipe, recipe in published) for recipe in recipes]
        if {*published} & {*recipes} or not measured.is_of_published_images(self.models):
            return rows
        if published:
            return [self.unanswered("not_run", "more_than_trials"), *rows]
        missing = [m for m in self.models if not measured.published_recipes([m])]
        return [self.unanswered("not_run", "runs", missing), *rows]

    def of_recipe(self, measured, recipe, is_published):
        found = measured.difference(*((model, recipe) for model in self.models))
        if found is None:
            answer = self.unanswered("not_run", "shared_seeds")
        else:
            points, low, high, seeds = found
            judge = self.verdict if is_published else more_accurate
            answer = self.answer(judge(low, high), measured=points, low=low, high=high, seeds=seeds)
            if seeds == 1:
                answer |= {"missing": "seeds", "missing_of": self.models}
            files = [f"runs/{model}/{recipe}/seed-*/predictions.npz" for model in self.models]
            answer["evidence"] = files
        if not is_published:
            other = {"training": "another", "claimed": None, "test": "interval", "margin": None}
            answer |= other
        return {**answer, "recipe": recipe}

    def verdict(self, low, high):
        """The verdict from the ends of the interval, in points."""
        raise NotImplementedError


def more_accurate(low, high):
    """Which of two is more accurate, by the interval of the second one minus the first one."""
    return "more_accurate" if low > 0 else "less_accurate" if high < 0 else "open"


class MoreAccurate(OfAccuracy):
    """The second model is more accurate, by so many points where the text gives a number."""

    test = "interval_above_zero"

    def verdict(self, low, high):
        if low <= 0:
            return "fails" if high < 0 else "open"
        is_as_claimed = self.claimed is None or low <= self.claimed <= high
        return "holds" if is_as_claimed else "holds_in_direction"


class AboutAsAccurate(OfAccuracy):
    """The two models are equally accurate, to a margin in points."""

    test = "interval_within_margin"
    # The text calls 0.81 points about equal, and near 44 % its test split leaves about one open.
    margin = 1.0

    def verdict(self, low, high):
        if -self.margin < low and high < self.margin:
            return "holds"
        return "fails" if low > self.margin or high < -self.margin else "open"


@dataclass(frozen=True)
class PeakMemory(Claim):
    """A model takes about so many GB of a GPU's memory. column: of comparison.csv."""

    column: str = ""
    unit = "GB"
    test = "peak_within_margin"
    # In percent of what is claimed as "about".
    margin = 20.0

    def answers(self, measured):
        (model,) = self.models
        if not measured.is_of_published_images(self.models):
            return []
        recipes = measured.published_recipes(self.models)
        if not recipes:
            return [self.unanswered("not_run", "runs")]
        row = measured.rows.loc[model, recipes[0]]
        if missing := self.missing(row, measured.costs[model]):
            return [self.unanswered("not_measured", missing) | {"recipe": recipes[0]}]
        gigabytes = row[self.column] / 1000
        is_so = abs(gigabytes / self.claimed - 1) <= self.margin / 100
        found = {"measured": gigabytes, "recipe": recipes[0], "evidence": [f"cost/{model}.json"]}
        return [self.answer("holds" if is_so else "fails", **found)]

    def missing(self, row, cost):
        """What is missing of a measurement on a GPU with the whole batch at once, or nothing."""
        if cost["device"] != "cuda":
            return "gpu"
        if pd.isna(row[self.column]):
            return "measurement"
        return "" if row["micro_batch"] == row["batch_size"] else "whole_batch"
