"""Reading the archive: a complete one is read, every other one ends in one line."""

import os
import tarfile

import numpy as np
import pytest
from archives import contents, write_archive

from cifarlab.datasets import cifar100
from engine.errors import UserError


def read_archive(path):
    return cifar100.read(path, cifar100.Settings())


def test_a_complete_archive_gives_images_labels_and_names(tmp_path):
    members = contents()
    # One pixel per colour plane, so that a wrong axis order shows.
    members["train"][b"data"][7, [0, 1024 + 32 + 5, 2048 + 64 + 9]] = (10, 20, 30)
    write_archive(tmp_path / "a.tar.gz", members)
    dataset = read_archive(tmp_path / "a.tar.gz")
    assert dataset.train.images.shape == (50_000, 32, 32, 3)
    assert dataset.train.images[7, 0, 0].tolist() == [10, 0, 0]
    assert dataset.train.images[7, 1, 5].tolist() == [0, 20, 0]
    assert dataset.train.images[7, 2, 9].tolist() == [0, 0, 30]
    assert dataset.test.labels.tolist() == [i % 100 for i in range(10_000)]
    assert dataset.coarse_of_fine.tolist() == [i // 5 for i in range(100)]
    assert dataset.fine_names[99] == "fine 99"
    assert dataset.coarse_names[19] == "coarse 19"


def outside_path():
    return tarfile.TarInfo("cifar-100-python/../../outside")


def absolute_path():
    return tarfile.TarInfo("/etc/outside")


def symbolic_link():
    member = tarfile.TarInfo("cifar-100-python/train")
    member.type, member.linkname = tarfile.SYMTYPE, "/etc/passwd"
    return member


def hard_link():
    member = tarfile.TarInfo("cifar-100-python/test")
    member.type, member.linkname = tarfile.LNKTYPE, "cifar-100-python/meta"
    return member


@pytest.mark.parametrize(
    ("member", "words"),
    [
        (outside_path(), "lies outside"),
        (absolute_path(), "lies outside"),
        (symbolic_link(), "is a link"),
        (hard_link(), "is a link"),
    ],
)
def test_a_tar_member_that_reaches_outside_is_refused(tmp_path, member, words):
    write_archive(tmp_path / "a.tar.gz", {"meta": {}}, extra=[member])
    with pytest.raises(UserError, match=words):
        read_archive(tmp_path / "a.tar.gz")
    assert [path.name for path in tmp_path.iterdir()] == ["a.tar.gz"]


class Calls:
    """Pickles to a call of a function, as an attack would."""

    def __init__(self, function, *arguments):
        self.function, self.arguments = function, arguments

    def __reduce__(self):
        return self.function, self.arguments


@pytest.mark.parametrize("function", [os.mkdir, eval, np.fromfile])
def test_a_pickle_that_calls_a_function_is_refused_and_not_called(tmp_path, function):
    target = tmp_path / "called"
    argument = f"__import__('os').mkdir({str(target)!r})" if function is eval else str(target)
    write_archive(
        tmp_path / "a.tar.gz", {"train": Calls(function, argument), "test": {}, "meta": {}}
    )
    with pytest.raises(UserError, match="only numpy arrays and plain containers"):
        read_archive(tmp_path / "a.tar.gz")
    assert not target.exists()


def with_change(change):
    members = contents()
    change(members)
    return members


def drop_data(members):
    del members["test"][b"data"]


def float_images(members):
    members["test"][b"data"] = np.zeros((10_000, 3072), dtype=np.float32)


def too_few_images(members):
    members["train"][b"data"] = members["train"][b"data"][:49_999]


def wide_images(members):
    members["test"][b"data"] = np.zeros((10_000, 3073), dtype=np.uint8)


def one_label_less(members):
    members["train"][b"fine_labels"].pop()


def label_too_large(members):
    members["train"][b"fine_labels"][3] = 100


def label_negative(members):
    members["test"][b"coarse_labels"][3] = -1


def unbalanced(members):
    members["test"][b"fine_labels"][0] = 1


def two_superclasses(members):
    # Swapped within the split, so that the superclasses stay balanced.
    coarse = members["test"][b"coarse_labels"]
    coarse[0], coarse[5] = coarse[5], coarse[0]


def text_labels(members):
    members["train"][b"fine_labels"] = ["cat"] * 50_000


def ragged_labels(members):
    members["train"][b"fine_labels"] = [[1, 2], 3]


def few_names(members):
    members["meta"][b"fine_label_names"].pop()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (drop_data, "expected a key 'data'"),
        (float_images, "uint8"),
        (too_few_images, "expected images of shape"),
        (wide_images, "expected images of shape"),
        (one_label_less, "expected 50,000 whole numbers"),
        (text_labels, "whole numbers"),
        (ragged_labels, "whole numbers"),
        (label_too_large, "from 0 to 99, found 0 to 100"),
        (label_negative, "from 0 to 19, found -1 to 19"),
        (unbalanced, "expected 100 images for each"),
        (two_superclasses, "more than one superclass"),
        (few_names, "expected 100 names"),
    ],
)
def test_wrong_contents_are_named(tmp_path, change, words):
    write_archive(tmp_path / "a.tar.gz", with_change(change))
    with pytest.raises(UserError, match=words):
        read_archive(tmp_path / "a.tar.gz")


@pytest.mark.parametrize("kept_bytes", [0, 100, 30_000])
def test_a_truncated_archive_is_named(tmp_path, kept_bytes):
    path = tmp_path / "a.tar.gz"
    write_archive(path, contents())
    path.write_bytes(path.read_bytes()[:kept_bytes])
    with pytest.raises(UserError, match="not a complete gzipped tar"):
        read_archive(path)


@pytest.mark.parametrize("raw", [b"", b"garbage", b"\x80\x02]q\x00.", b"\x80\x02}q\x00(K"])
def test_a_damaged_pickle_is_named(tmp_path, raw):
    write_archive(tmp_path / "a.tar.gz", {"test": {}, "meta": {}}, raw={"train": raw})
    with pytest.raises(UserError, match="cifar-100-python/train"):
        read_archive(tmp_path / "a.tar.gz")


def test_a_missing_member_is_named(tmp_path):
    write_archive(tmp_path / "a.tar.gz", {"train": {}, "meta": {}})
    with pytest.raises(UserError, match="it has no cifar-100-python/test"):
        read_archive(tmp_path / "a.tar.gz")
