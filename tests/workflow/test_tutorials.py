"""The tutorials, done as written."""

import csv
import re
import subprocess
import sys

import pytest
from project import ROOT

pytestmark = pytest.mark.long

BLOCK = re.compile(r"^```(\w+)(?: (\S+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize(
    ("page", "model", "start"),
    [
        ("tutorial-torchvision-model.md", "mobilenet_v3_small", "Trained from scratch."),
        ("tutorial-own-model.md", "tiny", "Started from my_models/tiny.pth"),
    ],
)
def test_a_tutorial_works_as_written(project, page, model, start):
    (project.folder / ".venv").symlink_to(sys.prefix)
    done = []
    for language, name, content in BLOCK.findall((ROOT / "docs" / page).read_text()):
        if name:
            path = project.folder / name
            path.parent.mkdir(exist_ok=True)
            path.write_text(content)
        else:
            assert language == "sh"
            result = subprocess.run(
                ["bash", "-e", "-c", content],
                cwd=project.folder,
                capture_output=True,
                text=True,
                timeout=300,
            )
            assert result.returncode == 0, result.stderr
        done.append(name or content)
    assert len(done) >= 2
    results = project.folder / "results/synthetic"
    with (results / "compare/comparison.csv").open(newline="") as file:
        assert [row["model"] for row in csv.DictReader(file)] == ["cnn_2", model]
    report = (results / "report/report.en.html").read_text()
    section = report[report.index(f">{model}</h4>") :]
    assert start in re.sub(r"<[^>]+>", "", section[: section.index("</section>")])
