"""What the documents point to is there."""

import re

import pytest
from project import ROOT

PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("config/*.md")])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_relative_link_leads_somewhere(page):
    links = re.findall(r"\]\(([^)#]+)\)", page.read_text())
    missing = [link for link in links if "://" not in link and not (page.parent / link).exists()]
    assert missing == []


def test_the_readme_names_what_ci_runs():
    commands = re.findall(r"^make [a-z-]+", (ROOT / ".ci/run").read_text(), re.MULTILINE)
    assert commands
    readme = (ROOT / "README.md").read_text()
    assert [command for command in commands if command not in readme] == []
