"""File systems that cannot do everything: no locks, files that cannot be read, files of others."""

import errno
import fcntl
import logging
import sys

import pytest
from loopback import serving

from engine.checkpoints import take_over
from engine.download import fetch
from engine.errors import UserError
from engine.files import file_digest
from engine.locks import release_stale_locks
from engine.records import read_record
from reporting.template_files import template_files


@pytest.fixture
def without_locks(monkeypatch):
    def flock(*_):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", flock)


def test_without_locks_snakemakes_own_are_left_and_it_is_said(
    without_locks, tmp_path, monkeypatch, caplog
):
    monkeypatch.chdir(tmp_path)
    lock = tmp_path / ".snakemake/locks/0.input.lock"
    lock.parent.mkdir(parents=True)
    lock.touch()
    with caplog.at_level(logging.INFO):
        assert release_stale_locks(logging.getLogger()) is None
    assert lock.exists()
    assert "Locks of a killed invocation stay: No locks available" in caplog.text


def test_without_locks_a_training_and_a_download_go_on_with_a_warning(
    without_locks, tmp_path, capsys
):
    take_over(tmp_path / "checkpoints").close()
    (tmp_path / "known").write_bytes(b"content")
    digest = f"sha256:{file_digest(tmp_path / 'known')}"
    with serving(b"content") as site:
        assert fetch([site.url], digest, tmp_path / "downloads").read_bytes() == b"content"
    said = capsys.readouterr().err
    assert said.count("warning: ") == said.count("No locks available") == 2


@pytest.mark.skipif(sys.platform != "linux", reason="/proc is Linux's")
def test_a_record_that_cannot_be_read_is_one_line():
    with pytest.raises(UserError, match=r"may be read at /proc/self/mem, found: Input/output"):
        read_record("/proc/self/mem", ("outputs",))


def test_what_editors_leave_beside_templates_is_none_of_them(tmp_path):
    for name in (".report.css.swp", ".DS_Store", "report.css~", "#report.css#", ".nfs0001"):
        (tmp_path / name).touch()
    (tmp_path / "scripts").mkdir()
    for name in ("report.css", "scripts/page.js"):
        (tmp_path / name).touch()
    assert template_files(tmp_path) == [tmp_path / "report.css", tmp_path / "scripts/page.js"]
