"""How a command ends: with its outputs, or with one line and a status that is not 0."""

import argparse
import gc
import os
import subprocess
import sys
from pathlib import Path

import pytest
from project import ROOT

from engine.command import elsewhere, run_command, snakemake_command
from engine.errors import Interrupted, UserError
from engine.garbage import AS_USUAL, look_seldom


@pytest.fixture
def status_of(tmp_path, monkeypatch):
    """Run a `main` as a command with the argument --output; the status that it ends with."""
    monkeypatch.chdir(tmp_path)

    def run(main, *arguments):
        (tmp_path / "program.py").touch()
        monkeypatch.setattr(sys, "argv", ["program.py", "--output", "out", *arguments])
        parser = argparse.ArgumentParser()
        parser.add_argument("--output", type=Path)
        try:
            run_command(parser, main, outputs=["output"])
        except SystemExit as end:
            return end.code
        return 0

    return run


def raising(error):
    def main(_arguments):
        raise error

    return main


@pytest.mark.parametrize("record", [(), ("--record", "record.json")])
@pytest.mark.parametrize(
    ("main", "status", "line"),
    [
        (lambda a: a.output.touch(), 0, ""),
        (lambda a: None, 1, "error: expected to have written out, found nothing there"),
        (lambda a: sys.exit(0), 1, "error: sys.exit(0) ended the program before its outputs were"),
        (lambda a: sys.exit(75), 1, "error: sys.exit(75) ended the program"),
        (lambda a: argparse.ArgumentParser().parse_args(["-x"]), 1, "error: sys.exit(2) ended"),
        (raising(UserError("name another")), 1, "error: name another"),
        (raising(Interrupted("at step 3")), 75, "interrupted: at step 3"),
        (raising(KeyboardInterrupt), 130, ""),
    ],
)
def test_status_0_is_that_of_a_command_whose_outputs_are_there(
    status_of, capsys, tmp_path, record, main, status, line
):
    assert status_of(main, *record) == status
    last = capsys.readouterr().err.splitlines()[-1:]
    assert last[0].startswith(line) if line else last == [], last
    assert (tmp_path / "record.json").exists() == (status == 0 and bool(record))


def test_the_place_of_a_sys_exit_is_that_in_the_users_code(status_of, capsys):
    status_of(lambda a: argparse.ArgumentParser().parse_args(["-x"]))
    assert f"{Path(__file__).name}, line" in capsys.readouterr().err.splitlines()[-1]


def test_the_line_comes_after_what_was_printed(tmp_path):
    program = tmp_path / "program.py"
    program.write_text(
        "import argparse\n"
        "from engine.command import run_command\n"
        "from engine.errors import UserError\n"
        "def main(arguments):\n"
        "    print('printed before')\n"
        "    raise UserError('the line')\n"
        "run_command(argparse.ArgumentParser(), main)\n"
    )
    result = subprocess.run(
        [sys.executable, program],
        env={**os.environ, "PYTHONPATH": str(ROOT / "scripts"), "PYTHONUNBUFFERED": ""},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert (result.returncode, result.stdout) == (1, "printed before\nerror: the line\n")


def test_overrides_are_written_as_they_are_read():
    overrides = {"threads": 2, "dataset": {"name": "it's", "synthetic": {"seed": "3"}}, "md5": None}
    assert snakemake_command(2, ["config/config.yaml", "mine.yaml"], overrides) == (
        "snakemake --cores 2 --configfile mine.yaml --config threads=2 "
        """'dataset={"name": "it'"'"'s", "synthetic": {"seed": "3"}}' md5="""
    )


def test_a_file_that_nobody_else_has_is_not_in_the_command():
    files = ["config/config.yaml", "../data/source.yaml", "config/demo.yaml", "/home/me/own.yaml"]
    assert snakemake_command(1, files, {}) == "snakemake --cores 1 --configfile config/demo.yaml"
    assert elsewhere(files) == ["../data/source.yaml", "/home/me/own.yaml"]


COMMANDS = sorted(path.stem for path in (ROOT / "scripts").glob("*.py"))


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_looks_for_garbage_seldom_while_it_imports_and_as_usual_while_it_works(name):
    code = (
        f"import gc; usual = gc.get_threshold(); import {name}\n"
        "print(gc.get_stats()[1]['collections'])\n"
        "from engine.garbage import look_as_usual; look_as_usual()\n"
        "print(gc.get_threshold() == usual)"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "scripts")}
    words = [sys.executable, "-c", code]
    result = subprocess.run(words, env=environment, capture_output=True, text=True, check=True)
    times, is_usual = result.stdout.split()
    # As often as Python does: more than 60 times with torch.
    assert int(times) < 10
    assert is_usual == "True"


def test_looking_for_garbage_is_as_usual_when_a_command_begins(status_of):
    def main(arguments):
        arguments.output.write_text(str(gc.get_threshold()))

    look_seldom()
    try:
        assert status_of(main) == 0
        assert gc.get_threshold() == AS_USUAL
        assert Path("out").read_text() == str(AS_USUAL)
    finally:
        gc.unfreeze()
