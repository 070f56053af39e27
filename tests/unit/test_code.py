"""The digest of code follows its meaning, and nothing else."""

import json
import os
import sys

import pytest
from project import ROOT

from engine import code
from engine.code import Code, code_digests
from engine.errors import UserError
from engine.records import Digests

CODE = '''"""What it is for."""

import math


class Empty:
    """Nothing yet."""


def area(radius, factor=None):
    """Of a circle."""
    return math.pi * radius**2 if factor is None else 0
'''


def digest_of(tmp_path, text):
    path = tmp_path / "file.py"
    path.write_text(text)
    (digest,) = code_digests([path]).values()
    return digest


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("What it is for.", "Something else."),
        ('    """Of a circle."""\n', ""),
        ("import math\n", "# why\nimport math  # what\n\n\n"),
        ("radius**2 if", "( radius ** 2 ) if"),
    ],
)
def test_comments_docstrings_and_formatting_are_not_meaning(tmp_path, before, after):
    assert before in CODE
    assert digest_of(tmp_path, CODE.replace(before, after)) == digest_of(tmp_path, CODE)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("**2", "**3"),
        ("factor=None", "factor=0"),
        ("factor is None", "factor is ..."),
        ("else 0", "else None"),
        ("else 0", "else 0.0"),
        ("else 0", "else False"),
        ("else 0", "else '0'"),
        ("math.pi", "math.tau"),
        ("def area", "async def area"),
        ("class Empty", "class Empty(int)"),
    ],
)
def test_whatever_changes_what_it_does_changes_the_digest(tmp_path, before, after):
    assert before in CODE
    assert digest_of(tmp_path, CODE.replace(before, after)) != digest_of(tmp_path, CODE)


SPEAKING = """import argparse, logging, warnings
log = logging.getLogger()
parser = argparse.ArgumentParser("name", description="What it does.")
parser.add_argument("--rate", default="1", help="the rate")
def step(loss, mode):
    print("loss", f"now {loss:.3f} of many")
    log.info("a step %s", mode)
    warnings.warn("slow")
    if loss.get("loss now"):
        raise ValueError(f"expected a number, found {loss}") from None
    return {"loss": loss, "mode": mode}
"""


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("What it does.", "Something else."),
        ('help="the rate"', 'help="per step"'),
        (', help="the rate"', ""),
        ('print("loss"', 'print("the loss"'),
        ("of many", "of some"),
        ("a step %s", "step: %s"),
        ('"slow"', '"this is slow"'),
        ("expected a number, found", "no number:"),
    ],
)
def test_a_text_for_people_is_not_meaning(tmp_path, before, after):
    assert before in SPEAKING
    assert digest_of(tmp_path, SPEAKING.replace(before, after)) == digest_of(tmp_path, SPEAKING)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("--rate", "--speed"),
        ('default="1"', 'default="2"'),
        ('get("loss now")', 'get("loss then")'),
        ('"loss": loss', '"losses": loss'),
        ("now {loss:.3f}", "now {next(loss)}"),
        ("raise ValueError", "raise TypeError"),
        ('log.info("a step %s", mode)', 'log.info("a step %s", mode.pop())'),
    ],
)
def test_what_a_text_computes_is_meaning(tmp_path, before, after):
    assert before in SPEAKING
    assert digest_of(tmp_path, SPEAKING.replace(before, after)) != digest_of(tmp_path, SPEAKING)


def test_imports_are_followed_wherever_they_stand():
    train = code_digests(
        [ROOT / "scripts/train.py", ROOT / "scripts/cifarlab/models/families/cnn.py"]
    )
    expected = {
        *(
            "train",
            "cifarlab",
            "cifarlab.training.loop",
            "cifarlab.training.steps",
        ),
        *(
            "cifarlab.training.recipes",
            "cifarlab.training.optimizers",
            "cifarlab.models",
            "cifarlab.models.families.cnn",
            "cifarlab.datasets.store",
        ),
    }
    assert expected <= set(train)
    assert not {
        "cifarlab.evaluation.metrics",
        "cifarlab.models.families.torchvision",
        "torch",
        # What carries jobs makes no number.
        "engine.progress",
        "engine",
    } & set(train)
    # torchvision's family imports the heads inside its function.
    family = code_digests([ROOT / "scripts/cifarlab/models/families/torchvision.py"])
    assert "cifarlab.models.heads" in family


@pytest.mark.parametrize(
    ("content", "words"), [(None, "found no file"), ("def broken(", "is not valid Python")]
)
def test_code_that_cannot_be_read_is_one_line(tmp_path, content, words):
    path = tmp_path / "model.py"
    if content is not None:
        path.write_text(content)
    with pytest.raises(UserError, match=words):
        code_digests([path])


@pytest.fixture
def file(tmp_path):
    """A Python file that was not written in the last seconds."""
    path = tmp_path / "file.py"
    path.write_text("VALUE = 1\n")
    return path


@pytest.fixture
def settled(monkeypatch):
    monkeypatch.setattr("engine.records.SETTLED_SECONDS", -3600)


def remembered(folder, paths):
    """The digests of Python files with the memory of the calls before, which is kept."""
    digests = Digests(folder / "memory.json")
    found = Code(digests.of_code).digests(paths)
    digests.save()
    return found


def test_code_that_is_not_written_is_read_once(tmp_path, file, settled, monkeypatch):
    train = ROOT / "scripts/train.py"
    first = remembered(tmp_path, [train, file])
    assert first == code_digests([train, file])
    reads = []
    monkeypatch.setattr(code, "_read", reads.append)
    assert remembered(tmp_path, [train, file]) == first
    assert reads == []


def test_an_edit_is_seen_though_size_and_time_stamp_are_the_same(tmp_path, file, settled):
    (before,) = remembered(tmp_path, [file]).values()
    status = file.stat()
    file.write_text("VALUE = 2\n")
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))
    (after,) = remembered(tmp_path, [file]).values()
    assert after != before
    assert {str(file): after} == code_digests([file])


def test_what_another_python_said_does_not_count(tmp_path, file, settled, monkeypatch):
    expected = remembered(tmp_path, [file])
    memory = tmp_path / "memory.json"
    known = json.loads(memory.read_text())
    known[f"code of {file}"][-1] = ["0" * 16, []]
    memory.write_text(json.dumps(known))
    assert remembered(tmp_path, [file]) != expected
    monkeypatch.setattr(sys, "version", "another")
    assert remembered(tmp_path, [file]) == expected


def test_a_module_that_comes_later_is_found_by_imports_that_are_remembered(
    tmp_path, settled, monkeypatch
):
    monkeypatch.setattr(code, "SCRIPTS", tmp_path)
    monkeypatch.setattr(code, "ENGINE", tmp_path / "engine")
    (tmp_path / "house").mkdir()
    (tmp_path / "house/__init__.py").touch()
    (tmp_path / "main.py").write_text("from house import part\n")
    assert [*remembered(tmp_path, [tmp_path / "main.py"])] == ["house", "main"]
    (tmp_path / "house/part.py").touch()
    assert [*remembered(tmp_path, [tmp_path / "main.py"])] == ["house", "house.part", "main"]
