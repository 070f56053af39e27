"""Downloads, against real servers on loopback."""

import gzip
import hashlib
import subprocess
import sys

import pytest
from loopback import (
    broken_off,
    declared_as_encoding,
    held_back,
    other_bytes,
    serving,
    stalled,
    status,
    web_page,
    whole,
    without_ranges,
)
from project import ROOT
from waiting import wait_until_in_line

from engine.download import Patience, fetch
from engine.errors import UserError

CONTENT = gzip.compress(bytes(range(256)) * 2_000 + b"end", compresslevel=0)
DIGEST = "md5:" + hashlib.md5(CONTENT).hexdigest()
QUICK = Patience(timeout_seconds=1, tries=3, first_pause_seconds=0.01)


def ranges(site):
    return [requested for _, requested in site.requests]


def names(folder):
    return sorted(path.name for path in folder.iterdir() if path.name != ".lock")


def test_a_file_is_fetched_verified_and_not_fetched_again(tmp_path):
    with serving(CONTENT) as site:
        path = fetch([site.url], DIGEST, tmp_path, QUICK)
        assert path.read_bytes() == CONTENT
        assert names(tmp_path) == ["archive.tar.gz"]
        assert fetch([site.url], DIGEST, tmp_path, QUICK) == path
    assert len(site.requests) == 1


def test_a_broken_connection_is_continued_where_it_broke(tmp_path):
    with serving(CONTENT, broken_off, whole) as site:
        path = fetch([site.url], DIGEST, tmp_path, QUICK)
    assert path.read_bytes() == CONTENT
    assert ranges(site) == [None, f"bytes={len(CONTENT) // 2}-"]


def test_a_stalled_connection_times_out_and_is_continued(tmp_path):
    with serving(CONTENT, stalled, whole) as site:
        path = fetch([site.url], DIGEST, tmp_path, QUICK)
    assert path.read_bytes() == CONTENT
    assert ranges(site)[1] == f"bytes={len(CONTENT) // 2}-"


def test_a_later_call_continues_what_an_earlier_one_left(tmp_path):
    with serving(CONTENT, broken_off, status(503)) as site, pytest.raises(UserError, match="503"):
        fetch([site.url], DIGEST, tmp_path, QUICK)
    assert names(tmp_path) == ["archive.tar.gz.part"]
    with serving(CONTENT) as site:
        path = fetch([site.url], DIGEST, tmp_path, QUICK)
    assert ranges(site) == [f"bytes={len(CONTENT) // 2}-"]
    assert path.read_bytes() == CONTENT
    assert names(tmp_path) == ["archive.tar.gz"]


def test_a_server_without_ranges_sends_the_whole_again(tmp_path):
    with serving(CONTENT, broken_off, without_ranges) as site:
        path = fetch([site.url], DIGEST, tmp_path, QUICK)
    assert path.read_bytes() == CONTENT


def test_a_partial_file_with_other_bytes_is_thrown_away_and_the_file_fetched_anew(tmp_path):
    (tmp_path / "archive.tar.gz.part").write_bytes(b"not the beginning of it")
    with serving(CONTENT) as site:
        path = fetch([site.url], DIGEST, tmp_path, QUICK)
    assert ranges(site) == ["bytes=23-", None]
    assert path.read_bytes() == CONTENT


def test_a_partial_file_longer_than_the_file_is_thrown_away(tmp_path):
    (tmp_path / "archive.tar.gz.part").write_bytes(bytes(len(CONTENT) + 5))
    with serving(CONTENT) as site:
        path = fetch([site.url], DIGEST, tmp_path, QUICK)
    assert path.read_bytes() == CONTENT


def test_a_busy_server_is_asked_again(tmp_path):
    with serving(CONTENT, status(503), status(429), whole) as site:
        assert fetch([site.url], DIGEST, tmp_path, QUICK).read_bytes() == CONTENT
    assert len(site.requests) == 3


def test_two_downloads_of_one_file_wait_for_each_other(tmp_path):
    program = (
        "import sys; from engine.download import Patience, fetch;"
        "fetch([sys.argv[1]], sys.argv[2], sys.argv[3], Patience(30, 1, 0.01))"
    )
    with serving(CONTENT, held_back) as site:
        words = [sys.executable, "-c", program, site.url, DIGEST, str(tmp_path)]
        both = [subprocess.Popen(words, cwd=ROOT / "scripts") for _ in range(2)]
        assert site.asked.wait(60)
        wait_until_in_line(*both)
        site.released.set()
        assert [process.wait(60) for process in both] == [0, 0]
    assert (tmp_path / "archive.tar.gz").read_bytes() == CONTENT
    assert len(site.requests) == 1


def test_a_damaged_file_of_an_earlier_download_is_fetched_anew(tmp_path):
    (tmp_path / "archive.tar.gz").write_bytes(b"junk")
    beginning = "sha256:" + hashlib.sha256(CONTENT).hexdigest()[:8]
    with serving(CONTENT) as site:
        path = fetch([site.url], beginning, tmp_path, QUICK)
    assert path.read_bytes() == CONTENT


def test_certificates_that_are_not_there_are_a_fault_of_one_source(tmp_path, monkeypatch):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "gone.pem"))
    part = tmp_path / "downloads/archive.tar.gz.part"
    part.parent.mkdir()
    part.write_bytes(CONTENT[:10])
    local = tmp_path / "mine.tar.gz"
    with pytest.raises(UserError, match=r"https://localhost/archive.*certificate.*gone\.pem"):
        fetch(["https://localhost/archive.tar.gz"], DIGEST, part.parent, QUICK)
    local.write_bytes(CONTENT)
    sources = ["https://localhost/archive.tar.gz", str(local)]
    assert fetch(sources, DIGEST, part.parent, QUICK) == local
    # What was fetched before it is kept.
    assert part.read_bytes() == CONTENT[:10]


def test_a_finished_file_in_a_folder_that_may_not_be_written_to_is_used(tmp_path):
    downloads, local = tmp_path / "downloads", tmp_path / "mine.tar.gz"
    # As of another user: it cannot be opened for writing.
    (downloads / ".lock").mkdir(parents=True)
    (downloads / "archive.tar.gz").write_bytes(CONTENT)
    with serving(CONTENT) as site:
        assert fetch([site.url], DIGEST, downloads, QUICK) == downloads / "archive.tar.gz"
        (downloads / "archive.tar.gz").unlink()
        with pytest.raises(UserError, match=r"expected a place that may be written to at .*down"):
            fetch([site.url], DIGEST, downloads, QUICK)
        local.write_bytes(CONTENT)
        assert fetch([site.url, str(local)], DIGEST, downloads, QUICK) == local
    assert site.requests == []


@pytest.mark.parametrize("name", ["archive.tar.gz.part", "archive.tar.gz", ".lock"])
def test_what_cannot_be_written_is_a_fault_of_one_source(tmp_path, name):
    downloads, local = tmp_path / "downloads", tmp_path / "mine.tar.gz"
    # As what another user owns: it can be neither written nor replaced.
    (downloads / name / "kept").mkdir(parents=True)
    with serving(CONTENT) as site:
        with pytest.raises(UserError, match=r"no source gave .* expected a place that may be writ"):
            fetch([site.url], DIGEST, downloads, QUICK)
        local.write_bytes(CONTENT)
        assert fetch([site.url, str(local)], DIGEST, downloads, QUICK) == local


def test_a_missing_file_is_asked_for_once(tmp_path):
    with serving(CONTENT, status(404)) as site, pytest.raises(UserError, match="404"):
        fetch([site.url], DIGEST, tmp_path, QUICK)
    assert len(site.requests) == 1


def test_wrong_bytes_are_named_and_not_kept(tmp_path):
    with serving(CONTENT, other_bytes) as site, pytest.raises(UserError, match=DIGEST):
        fetch([site.url], DIGEST, tmp_path, QUICK)
    assert names(tmp_path) == []


def test_a_web_page_in_its_place_is_called_one(tmp_path):
    with serving(CONTENT, web_page) as site, pytest.raises(UserError, match="web page"):
        fetch([site.url], DIGEST, tmp_path, QUICK)
    assert names(tmp_path) == []


def test_gzip_declared_as_an_encoding_is_not_unpacked_on_the_way(tmp_path):
    with serving(CONTENT, declared_as_encoding) as site:
        path = fetch([site.url], DIGEST, tmp_path, QUICK)
    assert path.read_bytes() == CONTENT


def test_the_next_source_is_tried_and_a_local_one_used_in_place(tmp_path):
    local = tmp_path / "mine.tar.gz"
    local.write_bytes(CONTENT)
    with serving(CONTENT, status(404)) as site:
        assert fetch([site.url, str(local)], DIGEST, tmp_path / "downloads", QUICK) == local


@pytest.mark.parametrize("source", ["~/mine.tar.gz", "file://{}/mine.tar.gz", "{}/mine.tar.gz"])
def test_a_local_source_may_be_a_path_in_a_home_or_a_file_url(tmp_path, monkeypatch, source):
    folder = tmp_path / "with space"
    folder.mkdir()
    (folder / "mine.tar.gz").write_bytes(CONTENT)
    monkeypatch.setenv("HOME", str(folder))
    named = source.format(folder.as_uri().removeprefix("file://") if "://" in source else folder)
    assert fetch([named], DIGEST, tmp_path / "downloads", QUICK) == folder / "mine.tar.gz"


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("{}", "expected an archive, found a folder"),
        ("~nobody-here/a.tar.gz", "no such file"),
        ("{}/" + "a" * 300, "it cannot be read (File name too long)"),
        pytest.param(
            "/proc/self/mem",
            "it cannot be read (Input/output error)",
            marks=pytest.mark.skipif(sys.platform != "linux", reason="/proc is Linux's"),
        ),
    ],
)
def test_a_local_source_that_is_no_file_is_one_true_line(tmp_path, source, words):
    source = source.format(tmp_path)
    with pytest.raises(UserError) as error:
        fetch([source], DIGEST, tmp_path / "downloads", QUICK)
    assert f"{source}: {words}" in str(error.value)
    assert len(str(error.value).splitlines()) == 1


def test_an_address_that_cannot_be_asked_is_asked_once(tmp_path, capsys):
    with pytest.raises(UserError, match=r"ftp://host/a: .*adapter"):
        fetch(["ftp://host/a"], DIGEST, tmp_path, QUICK)
    assert "trying again" not in capsys.readouterr().err


def test_when_every_source_fails_each_reason_is_given(tmp_path):
    local = tmp_path / "mine.tar.gz"
    local.write_bytes(b"something else")
    with serving(CONTENT, status(404)) as site:
        sources = [str(tmp_path / "absent.tar.gz"), str(local), site.url]
        with pytest.raises(UserError) as error:
            fetch(sources, DIGEST, tmp_path / "downloads", QUICK)
        closed_url = site.url
    message = str(error.value)
    for words in ("no such file", "14 bytes", "404", *sources):
        assert words in message
    with pytest.raises(UserError, match="gave up after 3 tries"):
        fetch([closed_url], DIGEST, tmp_path / "downloads", QUICK)
