"""The tutorials, done as written."""

import csv
import re

import pytest
from pages import BLOCK, follow
from project import ROOT

pytestmark = pytest.mark.long


@pytest.mark.parametrize(
    ("page", "model", "start"),
    [
        ("tutorial-torchvision-model.md", "mobilenet_v3_small", "Trained from scratch."),
        ("tutorial-own-model.md", "tiny", "Started from my_models/tiny.pth"),
    ],
)
def test_a_tutorial_works_as_written(tried, page, model, start):
    # The small run that is there has the data and the row of cnn_2 of both pages.
    text = (ROOT / "docs" / page).read_text()
    assert len(BLOCK.findall(text)) >= 2
    follow(tried, text)
    results = tried.folder / "results/synthetic"
    with (results / "compare/comparison.csv").open(newline="") as file:
        assert [row["model"] for row in csv.DictReader(file)] == ["cnn_2", model]
    report = (results / "report/report.en.html").read_text()
    section = report[report.index(f">{model}</h4>") :]
    assert start in re.sub(r"<[^>]+>", "", section[: section.index("</section>")])
