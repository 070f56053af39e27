"""What could not be measured is left out of everything that the report says, with its reason."""

import csv
import json
import re
from html import unescape

import pytest
from drawings import draw_figure
from hypothesis import example, given, settings
from hypothesis import strategies as st
from test_comparison import COST
from test_report import (
    TEMPLATES,
    Page,
    content_of,
    data_of,
    language,
    visible,
    write_results,
    write_tables,
)

from cifarlab.comparison.columns import COLUMNS
from cifarlab.cost.measurements import LATENCY, MEMORY, TESTING, THROUGHPUT, TRAINING
from reporting.figures import FIGURES
from reporting.figures.tradeoffs import COSTS
from reporting.render import render
from reporting.sections.cost_sentences import WORDS

# What fails together.
PRODUCTS, LAYERS = ("multiply_adds",), ("total_size_mb", "structure")
GROUPS = (PRODUCTS, LAYERS, LATENCY, THROUGHPUT, TESTING, TRAINING)
MODELS = ("cnn_2", "cnn_3")
# Of as many models as there are, so that a name has no recipe beside it.
ROWS = {("cnn_2", "r"): (41.0, 41.5), ("cnn_3", "r"): (41.25,)}


def cost_without(groups):
    """A cost in which these GROUPS could not be measured, each for a reason of its own."""
    failed = {name: f"<i> {group[0]} & 7 %" for group in groups for name in group}
    of_model = {name: failed[name] for name in failed if name not in MEMORY}
    of_recipe = {name: failed[name] for name in failed if name in MEMORY}
    return {
        **COST,
        **dict.fromkeys(of_model),
        "unmeasured": of_model,
        "memory": {
            "r": {**COST["memory"]["r"], **dict.fromkeys(of_recipe), "unmeasured": of_recipe}
        },
    }


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    return write_results(tmp_path_factory.mktemp("results") / "cifar100", accuracies=ROWS)


def with_costs(results, failed):
    """The content of these results, made again where the GROUPS of each model failed."""
    for model in MODELS:
        (results / f"cost/{model}.json").write_text(json.dumps(cost_without(failed[model])))
    runs = sorted(results.glob("runs/*/*/*"))
    write_tables(results, runs)
    draw_figure(results, FIGURES["tradeoffs"], runs)
    for run in runs:
        draw_figure(results, FIGURES["structure"], [run])
    return content_of(results)


SUBSETS = st.fixed_dictionaries(dict.fromkeys(MODELS, st.sets(st.sampled_from(GROUPS))))


@settings(max_examples=10)
@given(failed=SUBSETS, code=st.sampled_from(["en", "zh"]))
@example(failed=dict.fromkeys(MODELS, GROUPS), code="en")
@example(failed={"cnn_2": {PRODUCTS, LAYERS}, "cnn_3": {LATENCY}}, code="zh")
def test_whatever_could_not_be_measured_the_report_is_whole_and_says_why(results, failed, code):
    content = with_costs(results, failed)
    check_table(results, failed)
    html, markdown = render(content, TEMPLATES, language(code), [])
    for text in (visible(html), markdown):
        assert not re.search(r"\b(nan|NaN|None|null)\b", text)
    page, data = Page(html), data_of(html)
    assert set(page.targets) <= set(page.ids)
    for row in content.rows:
        check_row(html, row, failed[row.model])
        empty = {name for group in failed[row.model] for name in group}
        costs = data["rows"][row.number]["costs"]
        assert {name for name in COSTS if costs[name] is None} == empty & set(COSTS)
        assert not any(row.number in data["pareto"][name] for name in empty & set(COSTS))


def check_table(results, failed):
    """A cell is empty where it was not measured, and a number where it was, integers as such."""
    for line in csv.DictReader((results / "compare/comparison.csv").open()):
        empty = {name for group in failed[line["model"]] for name in group} - {"structure"}
        for name in {*(name for group in GROUPS for name in group)} - {"structure"}:
            assert (line[name] == "") == (name in empty), name
        assert line["multiply_adds"] in ("", "4700000")
        assert line["micro_batch"] in ("", "64")


def check_row(html, row, failed):
    """The page has a dash with its reason for each cell, and its sentence in the model's part."""
    part = re.split(f'<details class="model" id="{row.anchor}"', html)[1]
    part = re.split(r'<details class="model"|<h2', part)[0].replace("\u00a0", " ")
    assert ("&lt;i&gt;" in part) == bool(failed)
    # The lines that load its weights, and the table of its layers.
    assert part.count("<pre") == 1 + (LAYERS not in failed)
    for group in failed:
        reason = f"&lt;i&gt; {group[0]} &amp; 7 %"
        assert reason in part
        for name in set(group) & set(COLUMNS):
            cell = re.search(rf'<td[^>]*id="{row.cell(name)}"[^>]*>[^<]*', html)[0]
            assert cell.endswith(">–")
            assert f'title="{reason}"' in cell


def texts_of(content):
    """The report in English as it is read, on both pages."""
    html, markdown = render(content, TEMPLATES, language(), [])
    page = unescape(re.sub(r"<[^>]*>", "", visible(html)))
    return [text.replace("\u00a0", " ").replace("\\", "") for text in (page, markdown)]


def test_each_reason_is_said_once_with_all_that_it_left_empty(results):
    failed = {"cnn_2": {LAYERS, TRAINING}, "cnn_3": {LATENCY}}
    for text in texts_of(with_costs(results, failed)):
        for words in (
            "Not measured: total size, layers. Reason: <i> total_size_mb & 7 %.",
            "Not measured: time of a training step, memory of training, micro-batch. Reason: ",
            "Not measured: latency. Reason: <i> latency_median_ms & 7 %.",
            "Where a cost is a dash, it could not be measured; the model's own part says why.",
            "Not drawn against a cost that could not be measured: cnn_3.",
            "The layers could not be followed as the model ran; the drawing says why.",
        ):
            assert text.count(words) == 1, words
        # The published size of cnn_2 stays, without a verdict on it.
        assert re.search(r"–\W*published 40\.63\W*not measured", text.replace("<br>", " "))


def test_where_all_is_measured_nothing_is_said_of_reasons(results):
    for text in texts_of(with_costs(results, dict.fromkeys(MODELS, ()))):
        for words in ("Reason:", "Where a cost is a dash", "not be measured:", "not be followed"):
            assert words not in text


def test_a_chart_is_offered_over_what_was_measured_of_any_model(results):
    for failed, offered in (
        ({"cnn_2": {PRODUCTS, LATENCY}, "cnn_3": {LATENCY}}, {"multiply_adds"}),
        (dict.fromkeys(MODELS, (PRODUCTS,)), {"latency_median_ms"}),
    ):
        html, _ = render(with_costs(results, failed), TEMPLATES, language(), [])
        select = re.search(r'id="chart-tradeoffs".*?</select>', html, flags=re.DOTALL)[0]
        values = set(re.findall(r'value="(\w+)"', select))
        assert values == {"total_params", "train_seconds", *offered}
        chosen = re.findall(r'value="(\w+)" selected', select)
        assert chosen == ["multiply_adds" if "multiply_adds" in offered else "total_params"]


def test_every_value_that_may_be_empty_has_its_word():
    names = [name for group in GROUPS for name in group]
    assert sorted(names) == sorted(WORDS)
    assert set(names) - {"structure"} <= set(COLUMNS)
