"""What GitHub reads: the checks and the issue forms."""

import re

import pytest
import yaml
from project import ROOT

GITHUB = ROOT / ".github"
FORMS = sorted(GITHUB.glob("ISSUE_TEMPLATE/*.yml"))
# It starts a Slurm of its own as root.
NOT_ON_GITHUB = {"test-slurm"}


def test_github_runs_the_targets_of_ci_but_those_that_need_their_own_machine():
    workflow = yaml.safe_load((GITHUB / "workflows/ci.yml").read_text())
    commands = [step.get("run", "") for job in workflow["jobs"].values() for step in job["steps"]]
    targets = [command.removeprefix("make ") for command in commands if command.startswith("make ")]
    local = re.findall(r"^make ([a-z-]+)", (ROOT / ".ci/run").read_text(), re.MULTILINE)
    assert set(local) >= NOT_ON_GITHUB
    assert targets == [target for target in local if target not in NOT_ON_GITHUB]


@pytest.mark.parametrize("path", FORMS, ids=lambda path: path.stem)
def test_an_issue_form_has_what_github_requires(path):
    form = yaml.safe_load(path.read_text())
    assert form["name"]
    assert form["description"]
    assert all(field["attributes"]["label"] for field in form["body"])
    names = [field["id"] for field in form["body"]]
    assert len(names) == len(set(names)) > 0
    assert {field["type"] for field in form["body"]} <= {"input", "textarea", "dropdown"}


def test_a_bug_report_asks_for_the_record_the_log_the_command_and_the_versions():
    form = yaml.safe_load((GITHUB / "ISSUE_TEMPLATE/bug.yml").read_text())
    asked_for = {field["id"] for field in form["body"]}
    assert {"record", "log", "command", "snakemake", "torch"} <= asked_for
