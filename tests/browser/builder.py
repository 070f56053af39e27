"""Scenes as folders of results, with tables, figures and reports by the project's own commands."""

import functools
import hashlib
import json
import shutil
from dataclasses import replace

import numpy as np
from drawings import draw_figure, run
from made import made_once
from project import ROOT
from run_files import write_cost, write_data, write_json, write_predictions, write_run
from scenes import (
    BASELINE,
    LANGUAGES,
    N_CLASSES,
    SCENES,
    SYLLABLES,
    TEST_PER_CLASS,
    VERSIONS,
    configuration,
)

import compare
import duplicates
import report
import studies
from cifarlab.comparison.published import read_published
from cifarlab.datasets.store import save_dataset
from cifarlab.datasets.synthetic import make_synthetic
from engine.files import read_json
from reporting.figures import FIGURES


class Builder:
    """Writes scenes below a folder, which several processes may share; each is made once."""

    def __init__(self, folder):
        self.folder = folder

    @functools.cached_property
    def dataset(self):
        """The data folder of a data set with few training images."""
        return made_once(self.folder / "dataset", write_dataset)

    @functools.cached_property
    def test_labels(self):
        return np.load(self.dataset / "test_labels.npy")

    @functools.cache  # noqa: B019, the builder lives as long as the tests
    def build(self, name):
        """The folder of the results of SCENES[name], with reports in all languages."""
        folder = self.folder / digest(name)
        return made_once(folder, lambda folder: self.write(folder / "cifar100", name)) / "cifar100"

    def write(self, results, name):
        scene = SCENES[name]
        write_data(self.dataset, results / "data", scene.class_names)
        for model in scene.models:
            write_cost(results / f"cost/{model.name}.json", model, scene.device)
            for seed, folder in enumerate(runs_of(results, [model], scene)):
                predicted = write_run(folder, model, seed, scene, self.test_labels)
                write_predictions(folder / "predictions.npz", predicted, self.test_labels)
        studied = write_studied(results, scene, self.test_labels)
        failures = []
        for model, recipe, seed, facts in scene.failures:
            failures.append(results / f"failures/{model}/{recipe}/seed-{seed}.json")
            write_json(failures[-1], {"diverged": facts})
        write_tables(results, runs_of(results, scene.models, scene), scene)
        self.write_duplicates(results)
        self.draw(results, scene)
        arguments = ["--dataset", results / "data/manifest.json", "--languages", *LANGUAGES]
        arguments += ["--command", scene.command, "--versions", json.dumps(VERSIONS)]
        arguments += ["--configuration", json.dumps(configuration(scene))]
        arguments += ["--templates", ROOT / "templates"]
        arguments += ["--failures", *failures] if failures else []
        if studied:
            arguments += ["--studies", results / "compare/studies.csv", "--trained", *studied]
        run(report, *arguments)

    def write_duplicates(self, results):
        """The near-duplicates of the data set, which are found once."""

        def find(folder):
            folder.mkdir()
            parts = ("train", "test", "classes")
            words = [f"--{part}={self.dataset / part}.json" for part in parts]
            words += ["--duplicates", folder / "duplicates.csv"]
            run(duplicates, *words, "--summary", folder / "duplicates.json")

        found = made_once(self.folder / "found", find)
        shutil.copytree(found, results / "data", dirs_exist_ok=True)

    def draw(self, results, scene):
        """All figures of a scene; those of models of one shape are drawn once."""
        (results / "figures").mkdir()
        for figure in FIGURES.values():
            drawn_of = {"comparison": scene.models, "studies": scene.studied}.get(figure.per)
            if drawn_of:
                draw_figure(results, figure, runs_of(results, drawn_of, scene))
            for model in scene.models if figure.per in ("row", "model") else ():
                runs = runs_of(results, [model], scene)
                key = digest(repr(self.key(figure.name, model, scene)))

                def draw_once(folder, figure=figure, runs=runs):
                    folder.mkdir()
                    shutil.copy(draw_figure(results, figure, runs), folder / "figure.svg")

                drawn = made_once(self.folder / f"figure-{key}", draw_once) / "figure.svg"
                place = {"model": model.name, "recipe": model.recipe}
                shutil.copy(drawn, results / figure.file.format(**place))

    @staticmethod
    def key(kind, model, scene):
        """What a figure depends on: equal for figures that are drawn once."""
        key = kind, model.shape or model.name, scene.class_names
        return key if kind in ("structure", "examples") else (*key, scene.seeds)


def write_dataset(folder):
    """A data set with few training images."""
    folder.mkdir(parents=True)
    few = make_synthetic(1, 2, 0)
    repeated = np.arange(TEST_PER_CLASS * N_CLASSES) % len(few.test.labels)
    test = replace(few.test, images=few.test.images[repeated], labels=few.test.labels[repeated])
    names = [f"{a}{b}".strip("_") for a in SYLLABLES for b in SYLLABLES]
    dataset = replace(few, test=test, fine_names=names)
    save_dataset(dataset, folder, {"synthetic": False, "md5": "0" * 32})
    # So that published results are compared with those of the scenes.
    published = read_published(ROOT / "config/published.csv")
    claimed = {"images_sha256": published["images_sha256"].iloc[0]}
    write_json(folder / "manifest.json", {**read_json(folder / "manifest.json"), **claimed})


def digest(text):
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def runs_of(results, models, scene):
    """The folders of the runs of these models of a scene, seed by seed."""
    return [
        results / f"runs/{model.name}/{model.recipe}/seed-{seed}"
        for model in models
        for seed in range(scene.seeds)
    ]


def write_studied(results, scene, labels):
    """Write the runs and the table of a study, and return the folders of the runs."""
    runs = runs_of(results, scene.studied, scene)
    for place, folder in enumerate(runs):
        write_run(folder, scene.studied[place // scene.seeds], place % scene.seeds, scene, labels)
    if runs:
        (results / "compare").mkdir(exist_ok=True)
        study = {"name": "augmentations", "models": [scene.studied[0].name]}
        study |= {"baseline": BASELINE, "seeds": [*range(scene.seeds)]}
        names = {"kind": "change", "compared_with": BASELINE, "settings": {"augmentations": []}}
        study["changes"] = [
            {**names, "label": model.recipe, "recipe": model.recipe}
            for model in scene.studied
            if model.recipe != BASELINE
        ]
        words = ["--studies", json.dumps([study]), "--runs", *runs]
        run(studies, *words, "--table", results / "compare/studies.csv")
    return runs


def write_tables(results, runs, scene):
    """The tables of the stage compare."""
    (results / "compare").mkdir(exist_ok=True)
    run(compare, *words_of_tables(results, runs, scene))


def words_of_tables(results, runs, scene):
    """The arguments of scripts/compare.py for these runs."""
    folder = results / "compare"
    costs = [results / f"cost/{model.name}.json" for model in scene.models]
    words = ["--runs", *runs, "--costs", *costs, "--dataset", results / "data/manifest.json"]
    words += ["--published", ROOT / "config/published.csv", "--runs-csv", folder / "runs.csv"]
    words += ["--published-beside", folder / "published.csv"]
    names = ("comparison", "pairwise", "verdicts", "claims", "classes", "confusions")
    for name in (*names, "superclasses", "images", "doubtful_labels", "robustness"):
        words += [f"--{name.replace('_', '-')}", folder / f"{name}.csv"]
    return words
