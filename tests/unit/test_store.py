"""A prepared data set is on disk whole or not at all."""

import os
import signal
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from archives import contents, write_archive
from project import ROOT

from cifarlab.datasets.store import (
    FILES,
    Dataset,
    Split,
    load_description,
    load_split,
    save_dataset,
)
from engine.errors import UserError
from engine.files import file_digest, new_files, read_json

NAMES = ["test_images.npy", "test_labels.npy", "train_images.npy", "train_labels.npy"]


def small_dataset(value=0):
    generator = np.random.default_rng(value)
    images = generator.integers(0, 256, (6, 32, 32, 3), dtype=np.uint8)
    labels = np.arange(6) % 2
    return Dataset(
        Split(images, labels), Split(images[:2], labels[:2]), ["a", "b"], ["c"], np.array([0, 0])
    )


def names(folder):
    names = sorted(path.name for path in folder.iterdir()) if folder.exists() else []
    return [name for name in names if name != ".lock"]


def test_what_is_saved_is_loaded_and_described(tmp_path):
    dataset = small_dataset()
    save_dataset(dataset, tmp_path, {"synthetic": True})
    assert names(tmp_path) == sorted(FILES)
    manifest = load_description(tmp_path / "manifest.json")
    assert manifest["counts"] == {"train": 6, "test": 2}
    assert manifest["sha256"] == {name: file_digest(tmp_path / name) for name in NAMES}
    pixels = dataset.train.images / 255
    assert manifest["channel_mean"] == pytest.approx(pixels.mean((0, 1, 2)).tolist())
    assert manifest["channel_std"] == pytest.approx(pixels.std((0, 1, 2)).tolist())
    split = load_split(tmp_path / "train.json")
    assert isinstance(split.images, np.memmap)
    assert np.array_equal(split.images, dataset.train.images)
    assert np.array_equal(split.labels, dataset.train.labels)


def identity(dataset, folder):
    save_dataset(dataset, folder, {})
    return load_description(folder / "manifest.json")["images_sha256"]


def test_images_in_another_order_have_the_same_identity(tmp_path):
    dataset = small_dataset()
    orders = np.random.default_rng(1).permuted(np.tile(np.arange(6), (10, 1)), axis=1)
    found = {identity(dataset, tmp_path / "first")}
    for number, order in enumerate(orders):
        train = Split(dataset.train.images[order], dataset.train.labels[order])
        found.add(identity(replace(dataset, train=train), tmp_path / str(number)))
    assert len(found) == 1
    assert len(found.pop()) == 64


def otherwise(dataset, change):
    """A data set of which one thing differs. change: of CHANGES."""
    images, labels = dataset.train.images.copy(), dataset.train.labels.copy()
    if change == "a value":
        images[3, 31, 31, 2] ^= 1
    elif change == "a class":
        labels[3] ^= 1
    elif change == "classes of two images":
        labels[[2, 3]] = labels[[3, 2]]
    elif change == "an image less":
        images, labels = images[:5], labels[:5]
    elif change == "an image twice":
        images, labels = images[[*range(6), 0]], labels[[*range(6), 0]]
    elif change == "one image in place of another":
        images[3], labels[3] = images[0], labels[0]
    elif change == "another shape":
        images = images.reshape(6, 64, 16, 3)
    train = Split(images, labels)
    if change == "a value of a test image":
        others = dataset.test.images.copy()
        others[1, 0, 0, 0] ^= 1
        return replace(dataset, test=Split(others, dataset.test.labels))
    if change == "the splits":
        return replace(dataset, train=dataset.test, test=dataset.train)
    if change == "an image in the other split":
        split = dataset.test
        test = Split(np.append(split.images, images[:1], 0), np.append(split.labels, labels[:1]))
        return replace(dataset, train=Split(images[1:], labels[1:]), test=test)
    return replace(dataset, train=train)


CHANGES = [
    "a value",
    "a value of a test image",
    "a class",
    "classes of two images",
    "an image less",
    "an image twice",
    "one image in place of another",
    "another shape",
    "the splits",
    "an image in the other split",
]


@pytest.mark.parametrize("change", CHANGES)
def test_other_images_have_another_identity(tmp_path, change):
    dataset = small_dataset()
    other = identity(otherwise(dataset, change), tmp_path / "b")
    assert other != identity(dataset, tmp_path / "a")


def test_which_image_is_there_twice_makes_a_difference(tmp_path):
    dataset = small_dataset()
    first, second = ([0, 0, 1, 2, 3, 4], [0, 1, 1, 2, 3, 4])
    splits = [Split(dataset.train.images[n], dataset.train.labels[n]) for n in (first, second)]
    found = [
        identity(replace(dataset, train=train), tmp_path / str(number))
        for number, train in enumerate(splits)
    ]
    assert found[0] != found[1]


def test_the_same_data_gives_the_same_bytes(tmp_path):
    for folder in ("a", "b"):
        save_dataset(small_dataset(), tmp_path / folder, {})
    for name in names(tmp_path / "a"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


KILLED_WHILE_SAVING = """
import os, signal, sys
sys.path[:0] = sys.argv[2:]
from cifarlab.datasets.store import save_dataset
from test_store import small_dataset

class Deadly:
    images = small_dataset(1).test.images
    @property
    def labels(self):
        os.kill(os.getpid(), signal.SIGKILL)

dataset = small_dataset(1)
object.__setattr__(dataset, "test", Deadly())
save_dataset(dataset, sys.argv[1], {})
"""


@pytest.mark.parametrize("had_one", [False, True])
def test_a_kill_while_writing_leaves_no_half_written_data_set(tmp_path, had_one):
    folder = tmp_path / "data"
    if had_one:
        save_dataset(small_dataset(0), folder, {})
    before = {name: (folder / name).read_bytes() for name in names(folder)}
    paths = [ROOT / name for name in ("scripts", "tests/unit", "tests")]
    words = [sys.executable, "-c", KILLED_WHILE_SAVING, folder, *paths]
    killed = subprocess.run([str(word) for word in words], capture_output=True, timeout=60)
    assert killed.returncode == -signal.SIGKILL
    # What was there is there, whole; what was begun is hidden and goes with the next try.
    after = {n: (folder / n).read_bytes() for n in names(folder) if not n.startswith(".")}
    assert after == before
    save_dataset(small_dataset(2), folder, {})
    assert names(folder) == sorted(FILES)
    assert np.array_equal(load_split(folder / "test.json").images, small_dataset(2).test.images)


def test_a_set_that_cannot_be_completed_has_lost_its_seal(tmp_path):
    for name in ("first", "seal"):
        (tmp_path / name).write_text("old")
    # A folder in the place of the second file stops the set half-way.
    (tmp_path / "second/inside").mkdir(parents=True)
    paths = [tmp_path / name for name in ("first", "second", "seal")]

    def replace():
        with new_files(*paths) as partial_paths:
            for path in partial_paths:
                path.write_text("new")

    with pytest.raises(UserError, match="expected a place"):
        replace()
    assert names(tmp_path) == ["first", "second"]


# Of the images, 3 MB: more than there is room for.
FEW = ("--train-per-class", "10", "--test-per-class", "1")


def small_file_limit():
    import resource

    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))


def test_no_room_while_writing_the_data_set_is_one_line_and_leaves_nothing(tmp_path, run_command):
    manifest = tmp_path / "data/manifest.json"
    result = run_command(
        *("data.py", "--manifest", manifest, "synthetic", *FEW), preexec_fn=small_file_limit
    )
    assert result.returncode == 1
    assert result.stderr.startswith("error: no room left to write")
    assert len(result.stderr.splitlines()) == 1
    assert names(manifest.parent) == []


def can_mount():
    return subprocess.run(["unshare", "-rm", "true"], capture_output=True).returncode == 0


@pytest.mark.skipif(
    not sys.platform.startswith("linux") or not can_mount(),
    reason="a full file system needs a mount of one's own; a file size limit is tested everywhere",
)
def test_a_full_file_system_is_one_line_and_leaves_nothing(tmp_path):
    script = (
        'mount -t tmpfs -o size=1m tmpfs "$1" || exit 99\n'
        '"$2" "$3" --manifest "$1/data/manifest.json" synthetic ' + " ".join(FEW) + "; code=$?\n"
        'find "$1" -type f; exit $code'
    )
    words = ["unshare", "-rm", "sh", "-c", script, "sh", str(tmp_path), sys.executable]
    words.append(str(ROOT / "scripts/data.py"))
    result = subprocess.run(words, capture_output=True, text=True, timeout=120)
    assert (result.returncode, result.stdout) == (1, "")
    assert "No space left on device" in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_no_room_while_downloading_is_one_line_and_keeps_no_part(tmp_path, run_command):
    from loopback import serving

    with serving(os.urandom(2_000_000)) as site:
        result = run_command(
            *("data.py", "--manifest", tmp_path / "data/manifest.json", "cifar100"),
            *("--source", site.url, "--md5", "0" * 32, "--downloads", tmp_path / "downloads"),
            preexec_fn=small_file_limit,
        )
    assert result.returncode == 1
    last = result.stderr.splitlines()[-1]
    assert last.startswith("error: no source gave the file with md5:")
    assert f"{site.url}: no room left to write" in last
    assert "Traceback" not in result.stderr
    assert names(tmp_path / "downloads") == []


def test_a_place_that_cannot_be_written_to_is_one_line(tmp_path, run_command):
    # A file where a folder should be stops root too, whom permissions do not.
    (tmp_path / "file").touch()
    result = run_command(
        *("data.py", "--manifest", tmp_path / "file/manifest.json"),
        *("synthetic", "--train-per-class", 1, "--test-per-class", 1),
    )
    assert result.returncode == 1
    assert result.stderr.startswith("error: ")
    assert len(result.stderr.splitlines()) == 1


def test_an_array_that_does_not_fit_its_description_is_named(tmp_path):
    save_dataset(small_dataset(), tmp_path, {})
    np.save(tmp_path / "test_labels.npy", np.zeros(5, dtype=np.int64))
    with pytest.raises(UserError, match=r"has 5 entries, .*test.json counts 2"):
        load_split(tmp_path / "test.json")


def test_a_missing_manifest_is_one_line(tmp_path, run_command):
    result = run_command(
        *("metrics.py", "--dataset", tmp_path / "manifest.json"),
        *("--predictions", tmp_path / "p.npz", "--metrics", tmp_path / "m.json"),
    )
    assert result.returncode == 1
    assert result.stderr.startswith("error: ")
    assert len(result.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("superclasses", "expected"), [((["c"], np.array([0, 0])), 100), ((), None)]
)
def test_a_data_set_without_superclasses_has_no_accuracy_of_them(
    tmp_path, run_command, superclasses, expected
):
    split = small_dataset().test
    save_dataset(Dataset(split, split, ["a", "b"], *superclasses), tmp_path, {})
    np.savez(tmp_path / "p.npz", logits=np.float32([[1, 0], [1, 0]]), labels=split.labels)
    result = run_command(
        *("metrics.py", "--dataset", tmp_path / "classes.json"),
        *("--predictions", tmp_path / "p.npz", "--metrics", tmp_path / "m.json"),
    )
    assert (result.returncode, result.stderr) == (0, "")
    metrics = read_json(tmp_path / "m.json")
    assert metrics["superclass_accuracy_percent"] == expected
    assert metrics["test_accuracy_percent"] == 50


@pytest.mark.parametrize("content", [b"", b"junk", b"PK\x03\x04junk"])
def test_damaged_predictions_are_one_line(tmp_path, run_command, content):
    save_dataset(small_dataset(), tmp_path, {})
    (tmp_path / "p.npz").write_bytes(content)
    result = run_command(
        *("metrics.py", "--dataset", tmp_path / "manifest.json"),
        *("--predictions", tmp_path / "p.npz", "--metrics", tmp_path / "m.json"),
    )
    assert result.returncode == 1
    assert result.stderr.startswith("error: cannot read predictions")
    assert len(result.stderr.splitlines()) == 1


def test_an_empty_array_is_named(tmp_path):
    save_dataset(small_dataset(), tmp_path, {})
    (tmp_path / "test_labels.npy").write_bytes(b"")
    with pytest.raises(UserError, match="cannot read"):
        load_split(tmp_path / "test.json")


def test_the_command_reads_an_archive_and_the_next_run_after_a_fault_starts_clean(
    tmp_path, run_command
):
    archive = tmp_path / "a.tar.gz"
    manifest = tmp_path / "data/manifest.json"

    def prepare(md5):
        return run_command(
            *("data.py", "--manifest", manifest, "cifar100", "--source", archive),
            *("--md5", md5, "--downloads", tmp_path / "downloads"),
        )

    broken = contents()
    broken["test"][b"fine_labels"][0] = 99
    result = prepare(write_archive(archive, broken))
    assert result.returncode == 1
    assert len(result.stderr.splitlines()) == 1
    assert names(manifest.parent) == []
    result = prepare(write_archive(archive, contents()))
    assert (result.returncode, result.stderr) == (0, "")
    assert load_description(manifest)["counts"] == {"train": 50_000, "test": 10_000}
