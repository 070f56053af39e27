"""What the documents point to is there."""

import re

import pytest
from project import ROOT

PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("config/*.md")])
MAKEFILE = (ROOT / "Makefile").read_text()
# In backticks, or at the start of a line. Prose such as "make sure" does not count.
MAKE = re.compile(r"(?:`|^[ \t]*(?:- run: )?)make ([a-z][a-z-]*)", re.MULTILINE)
PATH = re.compile(
    r"`((?:\.github|config|docs|envs|profiles|rules|scripts|templates|tests)/[\w./-]*)`"
)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_relative_link_leads_somewhere(page):
    links = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text())
    missing = [link for link in links if "://" not in link and not (page.parent / link).exists()]
    assert missing == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_path_of_the_project_that_a_page_names_exists(page):
    missing = [path for path in PATH.findall(page.read_text()) if not (ROOT / path).exists()]
    assert missing == []


@pytest.mark.parametrize(
    "page",
    [*PAGES, ROOT / ".ci/run", ROOT / ".github/workflows/ci.yml"],
    ids=lambda page: page.name,
)
def test_every_make_target_that_a_page_names_exists(page):
    targets = re.findall(r"^([a-z][a-z-]*):", MAKEFILE, re.MULTILINE)
    assert [target for target in MAKE.findall(page.read_text()) if target not in targets] == []


def test_the_readme_names_what_ci_runs():
    commands = re.findall(r"^make [a-z-]+", (ROOT / ".ci/run").read_text(), re.MULTILINE)
    assert commands
    readme = (ROOT / "README.md").read_text()
    assert [command for command in commands if command not in readme] == []
