"""The report shows every claim with its number, its test and its verdict, in every language."""

import re
from dataclasses import replace

import pytest
from test_report import TEMPLATES, content_of, language, visible, write_results

from cifarlab.comparison.claims import CLAIMS
from reporting import claim_words
from reporting.render import render

FILES = "runs/cnn_2/r/seed-*/predictions.npz; runs/cnn_3/r/seed-*/predictions.npz"


@pytest.fixture(scope="module")
def content(tmp_path_factory):
    return content_of(write_results(tmp_path_factory.mktemp("results") / "cifar100"))


def line(name="third_block_gains_accuracy", **others):
    """A line of claims.csv; others: what it has instead."""
    claim = CLAIMS[name]
    empty = dict.fromkeys(("measured", "low", "high", "seeds", "missing", "missing_of", "evidence"))
    about = {"claim": name, "training": "published", "recipe": "r", "claimed": claim.claimed}
    about |= {"models": "; ".join(claim.models), "unit": claim.unit, "test": claim.test}
    return {**empty, **about, "margin": claim.margin, "verdict": "holds", "source": "x", **others}


def section(content, lines, code="en"):
    """The section on claims as text, on the page and in Markdown."""
    html, markdown = render(replace(content, claims=lines), TEMPLATES, language(code), [])
    page = html.partition('<h2 id="claims">')[2].partition("<h2")[0]
    page = re.sub(r"<[^>]*>", " ", visible(page))
    text = markdown.partition('<a id="claims"></a>')[2].partition("\n## ")[2].partition("\n## ")[0]
    plain = text.replace("<br>", " ").replace("\\", "")
    return [re.sub(r"\s+", " ", each.replace("\u00a0", " ")) for each in (page, plain)]


def test_a_claim_stands_with_its_number_its_interval_its_test_and_its_evidence(content):
    measured = {"measured": 4.361, "low": 3.2, "high": 5.524, "seeds": 3.0, "evidence": FILES}
    for text in section(content, [line(**measured)]):
        for words in (
            "From 2 to 3 blocks the CNN gains 4.39 points of accuracy.",
            "Test: the 95 % interval of the difference lies above zero",
            "4.36 points",
            "95 % interval 3.20 to 5.52",
            "seeds: 3",
            "holds",
            "runs/cnn_2/r/seed-*/predictions.npz",
            "compare/claims.csv",
        ):
            assert words in text, words
        assert "With other recipes" not in text


def test_a_loss_of_accuracy_has_a_minus_sign_as_elsewhere(content):
    measured = {"measured": -0.4, "low": -1.2, "high": -0.1, "seeds": 3.0, "evidence": FILES}
    for text in section(content, [line(**measured)]):
        assert "−0.40 points" in text
        assert "95 % interval −1.20 to −0.10" in text


def test_what_is_missing_is_said_in_words(content):
    lines = [
        line("memory_of_swin_training", verdict="not_measured", missing="gpu", missing_of="swin_b"),
        line(verdict="not_run", missing="runs", missing_of="cnn_2; cnn_3"),
    ]
    for text in section(content, lines):
        assert "Missing: a measurement of swin_b on a GPU." in text
        assert "Missing: runs as they were published, of cnn_2, cnn_3." in text
        assert "the peak of a whole batch on a GPU is within 20 % of what is claimed" in text


def test_with_other_recipes_a_pair_is_told_without_the_claim(content):
    measured = {"measured": 1.9, "low": 1.1, "high": 2.7, "seeds": 2.0}
    other = {"training": "another", "recipe": "scratch_long", "claimed": None, "margin": None}
    about = {**measured, **other, "test": "interval", "verdict": "more_accurate"}
    for text in section(content, [line("five_blocks_gain_almost_nothing", **about)]):
        before, _, after = text.partition("With other recipes")
        assert "almost nothing" not in text
        assert "cnn_5 against cnn_3" in after
        assert "scratch_long" in after
        assert "more accurate" in after
        assert "points" not in before


def test_without_claims_there_is_no_section(content):
    html, markdown = render(replace(content, claims=[]), TEMPLATES, language(), [])
    assert 'id="claims"' not in html + markdown


@pytest.mark.parametrize("code", ["en", "zh"])
def test_every_verdict_and_everything_that_may_be_missing_can_be_shown(content, code):
    lines = [
        line(name, verdict=verdict, missing=missing, missing_of="a; b")
        for name in CLAIMS
        for verdict in claim_words.VERDICTS
        for missing in claim_words.MISSING
    ]
    lines += [line(training="another", verdict=verdict) for verdict in claim_words.OUTCOMES]
    for text in section(content, lines, code):
        for words in (claim_words.VERDICTS, claim_words.OUTCOMES):
            assert [m for m in words.values() if language(code)(m) not in text] == []
        assert not re.search(r"%\(|%%|\bnan\b|\bNone\b", text)
