"""Configuration files are looked at before Snakemake reads them."""

import pytest
from project import ROOT

from engine.configfiles import check_configfile
from engine.errors import UserError


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a: 1\nb: 2\na: 3\n", ", line 3: the key 'a' was given in line 1 already; keep one"),
        ("m:\n  a: {x: 1, x: 2}\n", ", line 2: the key 'x' was given in line 2 already"),
        ("m:\n- a: 1\n- {b: 1,\n   b: 1}\n", ", line 4: the key 'b' was given in line 3 already"),
        ("a: 1\n'a': 2\n", ", line 2: the key 'a' was given in line 1 already"),
        ('{"a": 1,\n"a": 2}', ", line 2: the key 'a' was given in line 1 already"),
        ("", ": expected keys with values (`key: value`), found nothing"),
        ("# a remark\n", ": expected keys with values (`key: value`), found nothing"),
        ("- a\n- b\n", ": expected keys with values (`key: value`), found a list"),
        ("threads\n", ": expected keys with values (`key: value`), found a lone value"),
        ("a:\n\tb: 1\n", ", line 2: this is not valid YAML (found character"),
        ("a: [1\nb: 2\n", ", line 2: this is not valid YAML ("),
        ("a: 1\n---\na: 2\n", ", line 2: this is not valid YAML ("),
        (b"a: \xff\n", ": this is not UTF-8 text ("),
        ("a: \x07\n", ": this is not valid YAML (unacceptable character #x0007"),
    ],
)
def test_a_file_that_says_nothing_or_says_it_twice_is_one_line_with_its_place(tmp_path, text, line):
    path = tmp_path / "mine.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(UserError) as error:
        check_configfile(path)
    assert f"{path}{line}" in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "text",
    [
        "a: {x: 1}\nb: {x: 2}\n",
        # A key that is no text is another key, and no concern of this look.
        "1: a\n'1': b\n",
        "a: &shared {x: 1}\nb: *shared\nc: {<<: *shared, x: 2}\n",
        "a: &itself [*itself]\n",
        '{\n\t"a": 1\n}',
    ],
)
def test_what_is_given_once_passes(tmp_path, text):
    (tmp_path / "mine.yaml").write_text(text)
    check_configfile(tmp_path / "mine.yaml")


@pytest.mark.parametrize("path", sorted(ROOT.glob("config/*.yaml")), ids=lambda path: path.name)
def test_the_projects_own_files_pass(path):
    check_configfile(path)
