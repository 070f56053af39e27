"""A data set is one module: dropped into the folder it can be configured and prepared."""

import hashlib
import json
import shutil
import subprocess
import sys

import numpy as np
import pytest
import yaml
from project import ROOT

from cifarlab.configuration import read_configuration
from cifarlab.datasets.store import describe_source
from engine.errors import UserError
from engine.files import read_json

SHADES = '''
"""Shades of grey, bright or dark."""

import numpy as np

from cifarlab.datasets.store import Dataset, Split
from engine.settings import Count, Settings as BaseSettings


class Settings(BaseSettings):
    """Size of the data set."""

    images: Count = 4
    """Images of each split."""

    label: str = "dark"
    """Name of the first class."""


def make(settings):
    labels = np.arange(settings.images) % 2
    images = np.zeros((settings.images, 8, 8, 3), dtype=np.uint8)
    images[labels == 1] = 200
    split = Split(images, labels)
    return Dataset(split, split, [settings.label, "bright"])
'''

SHAPES = '''
"""Shapes, from a file of numpy's."""

import numpy as np

from cifarlab.datasets.store import Dataset, Split
from engine.settings import Settings as BaseSettings


class Settings(BaseSettings):
    """None."""


def read(path, settings):
    images = np.load(path)
    split = Split(images, np.arange(len(images)))
    return Dataset(split, split, [str(label) for label in range(len(images))])
'''


@pytest.fixture
def copy(tmp_path):
    """The folder of a copy of scripts/ to which modules were added, and nothing else edited."""
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "scripts", tmp_path / "scripts", ignore=ignored)
    for name, code in (("shades", SHADES), ("shapes", SHAPES)):
        (tmp_path / f"scripts/cifarlab/datasets/{name}.py").write_text(code.lstrip())
    return tmp_path


def prepare(copy, *words):
    """data.py of the copy; its result and the folder that it writes."""
    command = [sys.executable, copy / "scripts/data.py", "--manifest", copy / "data/manifest.json"]
    words = map(str, [*command, "--record", copy / "record.json", *words])
    return subprocess.run(words, capture_output=True, text=True, timeout=60), copy / "data"


def test_a_module_in_the_folder_is_a_data_set_that_can_be_prepared(copy):
    result, data = prepare(copy, "shades", "--images", 6, "--label", "5")
    assert (result.returncode, result.stderr) == (0, "")
    manifest = read_json(data / "manifest.json")
    assert manifest["source"] == {"synthetic": True, "dataset": "shades", "images": 6, "label": "5"}
    assert manifest["counts"] == {"train": 6, "test": 6}
    # It has no superclasses, and none are invented.
    assert read_json(data / "classes.json") == {
        "n_classes": 2,
        "image_shape": [8, 8, 3],
        "fine_names": ["5", "bright"],
    }
    record = read_json(copy / "record.json")
    assert record["settings"].items() >= {"kind": "shades", "images": 6, "label": "5"}.items()
    # An edit of another data set's code does not concern it.
    assert "cifarlab.datasets.shades" in record["code"]
    assert "cifarlab.datasets.synthetic" not in record["code"]


def test_a_data_set_of_an_archive_is_fetched_and_checked_before_its_module_reads_it(copy):
    np.save(copy / "shapes.npy", np.zeros((3, 4, 4, 3), dtype=np.uint8))
    md5 = hashlib.md5((copy / "shapes.npy").read_bytes()).hexdigest()
    words = ["shapes", "--source", copy / "shapes.npy", "--downloads", copy, "--md5"]
    result, data = prepare(copy, *words, "0" * 32)
    assert result.returncode == 1
    assert f"expected md5 {'0' * 32}, found {md5}" in result.stderr
    result, data = prepare(copy, *words, md5)
    assert (result.returncode, result.stderr) == (0, "")
    source = read_json(data / "manifest.json")["source"]
    assert source == {"synthetic": False, "dataset": "shapes", "md5": md5}


def test_its_settings_are_checked_as_those_of_others(copy):
    result, _ = prepare(copy, "shades", "--images", "many")
    assert result.returncode == 1
    assert "images: should be a valid integer (found 'many')" in result.stderr
    assert "Traceback" not in result.stderr


READ = """
import json, sys, yaml
from cifarlab.configuration import read_configuration
from engine.errors import UserError
values = yaml.safe_load(open(sys.argv[1]))
values["dataset"].update(json.loads(sys.argv[2]))
try:
    dataset = read_configuration(values).dataset
except UserError as error:
    sys.exit(str(error))
print(json.dumps([dataset.kind, dataset.is_synthetic, dataset.origin]))
"""


def test_it_can_be_configured_on_top_of_the_default_configuration(copy):
    def read(**dataset):
        words = [sys.executable, "-c", READ, ROOT / "config/config.yaml", json.dumps(dataset)]
        return subprocess.run(words, cwd=copy / "scripts", capture_output=True, text=True)

    md5 = yaml.safe_load((ROOT / "config/config.yaml").read_text())["dataset"]["md5"]
    made = read(name="synthetic-shades", source="shades", shades={"images": 2})
    assert json.loads(made.stdout) == ["shades", True, {"images": 2, "label": "dark"}]
    archive = read(name="shapes", kind="shapes")
    assert json.loads(archive.stdout) == ["shapes", False, {"md5": md5}]
    wrong = read(name="synthetic-shades", source="shades", shades={"image": 2})
    assert "dataset.shades.image: unknown key" in wrong.stderr


# --- the two data sets that are there


def read_dataset(**dataset):
    values = yaml.safe_load((ROOT / "config/config.yaml").read_text())
    values["dataset"].update(dataset)
    return read_configuration(values).dataset


def test_the_kind_is_found_from_the_source():
    assert read_dataset().kind == "cifar100"
    for source in ("synthetic", ["synthetic"]):
        assert read_dataset(name="synthetic", source=source).kind == "synthetic"
    # A key of config.yaml cannot be taken away: its URL stays, and is not used.
    assert read_dataset(name="synthetic", kind="synthetic").origin["seed"] == 0
    # The settings of another data set may stay too.
    assert set(read_dataset(synthetic={"seed": 3}).origin) == {"md5"}


@pytest.mark.parametrize(
    ("dataset", "words"),
    [
        ({"kind": "imagenet"}, ["dataset.kind", "'cifar100' or 'synthetic'", "'imagenet'"]),
        ({"kind": "cifar100", "source": "synthetic"}, ["dataset.kind", "synthetic", "'cifar100'"]),
        ({"kind": "synthetic"}, ["dataset.name", "'cifar100'"]),
        ({"source": "ftp://host/a.tar.gz"}, ["dataset.source", "https://", "ftp://host/a.tar.gz"]),
        ({"source": "file://a.tar.gz"}, ["dataset.source", "file:///", "file://a.tar.gz"]),
        ({"source": ["~/a.tar.gz", "https:///a"]}, ["dataset.source", "https:///a"]),
    ],
)
def test_a_data_set_that_cannot_be_had_is_named_by_its_key(dataset, words):
    with pytest.raises(UserError) as error:
        read_dataset(**dataset)
    for word in words:
        assert word in str(error.value)


@pytest.mark.parametrize("source", ["~/a.tar.gz", "file:///data/a.tar.gz", "data/a{b}.tar.gz"])
def test_paths_in_a_home_and_file_urls_are_sources(source):
    assert read_dataset(source=source).source == [source]


def test_a_manifest_says_which_data_set_it_describes():
    # As they were before there was a choice, so that their bytes stay.
    assert describe_source("cifar100", False, {"md5": "0"}) == {"synthetic": False, "md5": "0"}
    assert describe_source("synthetic", True, {"seed": 0}) == {"synthetic": True, "seed": 0}
    other = {"synthetic": False, "dataset": "cifar10"}
    assert describe_source("cifar10", False, {}) == other
