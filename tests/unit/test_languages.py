"""Both languages are complete, and names that users chose stay as they are."""

import itertools
import re
import shlex
import string
import typing
from dataclasses import replace
from html import unescape

import pytest
from babel.messages.frontend import CommandLineInterface
from babel.messages.pofile import read_po
from project import ROOT
from test_comparison import COST
from test_report import (
    TEMPLATES,
    content_of,
    language,
    rendered,
    visible,
    write_results,
)

from cifarlab.comparison.claims import CLAIMS
from cifarlab.comparison.columns import COLUMNS
from cifarlab.comparison.published import QUANTITIES
from cifarlab.comparison.results import RunFolder
from cifarlab.models.families import FAMILIES
from cifarlab.training.parts import OneOf
from cifarlab.training.recipes import Recipe
from engine.errors import UserError
from reporting import claim_words
from reporting.columns import TITLES
from reporting.figures import FIGURES
from reporting.language import catalogue_path, describe_language, known_languages, load_language
from reporting.page_text import PageText
from reporting.render import figures_in, render
from reporting.sections import SECTIONS, models
from reporting.sections.published import VERDICTS
from reporting.setting_names import SETTINGS, SIZE_RULES, VALUES
from reporting.svg import MARK, MESSAGE, Messages, translated

OTHERS = known_languages(TEMPLATES / "locale")[1:]
PLACE = re.compile(r"%\((\w+)\)s")
# Words of programming languages and libraries, the same in every language.
TECHNICAL = {"fp32", "tf32", "bf16", "fp16", *FAMILIES}


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    """The messages of the report, extracted as `make translations` does it."""
    text = (ROOT / "Makefile").read_text().replace("\\\n", "")
    (line,) = re.findall(r"^\t\$\(BIN\)/(pybabel .*\bextract\b.*)$", text, flags=re.MULTILINE)
    words = shlex.split(line)
    path = tmp_path_factory.mktemp("messages") / "report.pot"
    words[words.index("-o") + 1] = str(path)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)
        CommandLineInterface().run(words)
    return read_po(path.open("rb"))


@pytest.fixture(scope="module", params=OTHERS)
def catalogue(request):
    with open(catalogue_path(TEMPLATES / "locale", request.param), "rb") as file:
        return read_po(file, locale=request.param)


def messages_of(catalogue):
    """Message to translation; the header is no message."""
    return {message.id: message.string for message in catalogue if message.id}


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """Results of which nearly all that the report can say is said."""
    folder = tmp_path_factory.mktemp("results") / "synthetic"
    accuracies = {("cnn_2", "r"): (39.5, 40.0), ("cnn_3", "r"): (47.0,), ("cnn_5", "r"): (47.1,)}
    origin = {"source": "IMAGENET1K_V1", "sha256": "0" * 64, "head": "replaced"}
    origin["taken_off"] = ["state_dict", "module."]
    return write_results(folder, True, accuracies, validation=0.1, initial_weights=origin)


# --- the catalogues


def test_a_catalogue_has_exactly_the_messages_of_the_report(template, catalogue):
    assert len(messages_of(template)) > 200
    assert set(messages_of(catalogue)) == set(messages_of(template))
    assert not catalogue.obsolete


def test_every_message_is_translated_and_none_is_a_guess(catalogue):
    assert [id for id, text in messages_of(catalogue).items() if not text.strip()] == []
    assert [message.id for message in catalogue if message.fuzzy and message.id] == []


def test_a_translation_has_the_places_of_its_message(catalogue):
    wrong = []
    for message, text in messages_of(catalogue).items():
        places = PLACE.findall(message)
        if sorted(places) != sorted(PLACE.findall(text)):
            wrong.append(text)
        elif places:
            # A single % would fail here.
            assert text % dict.fromkeys(places, "")
        else:
            # What has no places is not formatted, so that a % stands for itself.
            assert "%%" not in message + text
    assert wrong == []


def test_a_translation_ends_as_its_message_does(catalogue):
    ends = {".": "。", ":": "：", "?": "？"}
    for message, text in messages_of(catalogue).items():
        expected = ends.get(message[-1])
        assert expected is None or text[-1] == expected, (message, text)


def test_a_language_without_a_catalogue_is_refused_with_those_that_have_one():
    with pytest.raises(
        UserError,
        match=r"report\.languages: expected en, zh, found 'de'; .*/de/LC_MESSAGES/report\.po",
    ):
        load_language("de", TEMPLATES / "locale")


@pytest.mark.parametrize(
    ("code", "content", "words"),
    [("de", "msgid", "cannot read the translations"), ("nowhere", "", "such as de or pt_BR")],
)
def test_a_catalogue_that_is_none_is_a_fault_of_the_files(tmp_path, code, content, words):
    path = catalogue_path(tmp_path, code)
    path.parent.mkdir(parents=True)
    path.write_text(content)
    with pytest.raises(UserError, match=words):
        load_language(code, tmp_path)


def test_a_language_has_its_own_name_and_the_tag_that_html_knows(tmp_path):
    for code in ("zh", "pt_BR"):
        catalogue_path(tmp_path, code).parent.mkdir(parents=True)
        catalogue_path(tmp_path, code).touch()
    assert known_languages(tmp_path) == ["en", "pt_BR", "zh"]
    found = [describe_language(code, tmp_path) for code in known_languages(tmp_path)]
    assert [(language.name, language.tag, language.gap) for language in found] == [
        ("English", "en", " "),
        ("português (Brasil)", "pt-BR", " "),
        ("中文", "zh-Hans", ""),
    ]


def test_the_empty_text_stays_empty():
    # In a catalogue it is the key of the header.
    assert language("zh")("") == ""


# --- what is said


def test_every_message_of_a_figure_is_among_those_of_the_report(template, results):
    figures = content_of(results).figures
    assert {name.partition(".")[0] for name in figures} == {
        name for name, figure in FIGURES.items() if figure.is_of_rows
    }
    found = {unescape(match[2]) for svg in figures.values() for match in MESSAGE.finditer(svg)}
    assert {"step", "seed %(seed)s", "validation accuracy, %", "right, most confident"} <= found
    assert found - set(messages_of(template)) == set()


OF_CLAIMS = [
    getattr(claim_words, name)
    for name in ("CLAIMS", "TESTS", "VERDICTS", "OUTCOMES", "MISSING", "UNITS")
]


@pytest.mark.parametrize("words", [SETTINGS, VALUES, VERDICTS, SIZE_RULES, *OF_CLAIMS])
def test_every_word_for_a_key_is_among_the_messages(template, words):
    said = {text for text in words.values() if any(letter.isalpha() for letter in text)}
    assert said - set(messages_of(template)) == set()


def test_every_claim_has_its_words():
    assert [*claim_words.CLAIMS] == [*CLAIMS]
    assert {claim.test for claim in CLAIMS.values()} == set(claim_words.TESTS)
    assert {claim.unit for claim in CLAIMS.values()} == set(claim_words.UNITS)
    assert set(claim_words.DIGITS) == set(claim_words.UNITS)


def test_what_figures_and_sections_say_of_themselves_is_among_the_messages(template):
    said = {text for figure in FIGURES.values() for text in (figure.title, figure.description)}
    said |= {section.title for section in SECTIONS if section.title}
    assert said - set(messages_of(template)) == set()


def test_every_column_of_the_comparison_has_a_title_with_its_unit_and_a_sentence(template):
    assert set(TITLES) == set(COLUMNS)
    assert set(QUANTITIES) <= set(COLUMNS)
    messages = messages_of(template)
    for name, column in TITLES.items():
        assert column.title in messages
        assert column.help in messages
        assert column.help.endswith(".")
        unit = COLUMNS[name].unit
        assert unit in column.title if unit == "%" else column.title.endswith(unit and f", {unit}")


def groups_of_settings():
    marks = [mark for field in Recipe.model_fields.values() for mark in field.metadata]
    parts = [mark.modules for mark in marks if isinstance(mark, OneOf)]
    modules = [module for named in (*parts, FAMILIES) for module in named.values()]
    return [Recipe, *(module.Settings for module in modules)]


@pytest.mark.parametrize(
    "group", groups_of_settings(), ids=lambda g: f"{g.__module__}.{g.__name__}"
)
def test_every_key_of_the_settings_has_a_name(group):
    assert set(group.model_fields) - set(SETTINGS) == set()


def literals(annotation):
    """All values of the Literals in an annotation."""
    if typing.get_origin(annotation) is typing.Literal:
        return {value for value in typing.get_args(annotation) if isinstance(value, str)}
    return set().union(*map(literals, typing.get_args(annotation)), set())


def test_every_value_that_a_setting_may_have_has_a_name_or_is_one():
    values = set()
    for group in groups_of_settings():
        values |= set().union(
            *(literals(field.annotation) for field in group.model_fields.values())
        )
    assert {"cosine", "adam", "auto", "fp32"} <= values
    assert values - set(VALUES) - set(SIZE_RULES) - TECHNICAL == set()


def test_settings_are_told_with_nested_ones_behind_the_name():
    say = PageText(language(), is_html=True)
    assert (
        say.setting_value({"name": "adam", "learning_rate": 0.001}) == "Adam (learning rate: 0.001)"
    )
    assert say.setting_value({"name": "sgd"}) == "SGD"
    json_text = "{&#34;depth&#34;: {&#34;&lt;b&gt;&#34;: &#34;&amp;&#34;}}"
    assert say.setting_value({"depth": {"<b>": "&"}}) == json_text
    assert (say.setting_value(True), say.setting_value(False)) == ("yes", "no")


DRAWN = (
    *(None, "another", "a, another", 7, 0.7, 0.70001, [7], True, {"name": "adam"}),
    *({"x": {"y": 7}, "z": "yes"}, {"x": {"y": 7, "z": "yes"}}, {"x": {"y": 7}, "z": True}),
    *({"name": "adam", "x": {"y": 7}, "z": 7}, {"name": "adam", "x": {"y": 7, "z": 7}}),
)


@pytest.mark.parametrize("code", ["en", *OTHERS])
@pytest.mark.parametrize("is_html", [True, False])
def test_settings_that_differ_in_any_key_are_shown_differently(results, code, is_html):
    say = PageText(language(code), is_html)
    row = content_of(results).rows[0]

    def shown(key, value):
        # Of a folder that was not read yet.
        run = replace(row.runs[0], folder=RunFolder(row.runs[0].folder.path))
        run.training["model"].pop(key, None)
        run.training["recipe"][key] = value
        return str(models.hyperparameters(say, replace(row, runs=[run])))

    keys = {"unknown", *itertools.chain(*(group.model_fields for group in groups_of_settings()))}
    # How a size is counted is in the table of the comparison.
    for key in keys - {"size_convention"}:
        assert len({shown(key, value) for value in DRAWN}) == len(DRAWN)
    for words in (SETTINGS, VALUES):
        assert len({say(message) for message in words.values()}) == len(words)


# --- the pages


@pytest.mark.parametrize("code", OTHERS)
def test_no_message_stands_in_english_on_a_page_in_another_language(template, results, code):
    html, markdown = render(content_of(results), TEMPLATES, language(code))
    # Columns of files are named as they are there.
    text = re.sub(r"<[^>]*>", "\n", re.sub(r"<code>.*?</code>", "", visible(html)))
    english = messages_of(template).keys() & {line.strip() for line in text.split("\n")}
    assert [message for message in english if language(code)(message) != message] == []
    for page in (unescape(text), markdown):
        for message in messages_of(template):
            for part in PLACE.split(message.replace("%%", "%"))[::2]:
                part = part.strip()
                words = re.findall(rf"[{string.ascii_letters}]{{2,}}", part)
                assert len(words) < 3 or part not in page, part


def test_attributes_are_translated_too(template, results):
    html, _ = render(content_of(results), TEMPLATES, language("zh"))
    attributes = re.findall(r'\b(?:aria-label|title|data-auto|data-light)="([^"]*)"', html)
    assert len(attributes) > 40
    english = {m for m in messages_of(template) if len(m.split()) > 1}
    assert [text for text in attributes if unescape(text) in english] == []


def test_both_languages_have_the_same_numbers(results):
    pages = [render(content_of(results), TEMPLATES, language(code)) for code in ("en", "zh")]
    for english, chinese in zip(*pages, strict=True):
        cells = [
            re.findall(r"<td[^>]*>([\d.,]+)", page) or re.findall(r"\| *([\d.,]+) *(?=\|)", page)
            for page in (english, chinese)
        ]
        assert len(cells[0]) > 100
        assert cells[0] == cells[1]


def test_the_page_says_which_language_it_is_in(results):
    content = content_of(results)
    html, _ = render(content, TEMPLATES, language("zh"), [language("en")])
    assert '<html lang="zh-Hans">' in html
    assert 'href="report.en.html" lang="en"' in html


# --- the messages of figures


def svg_of(*texts):
    return "<svg>" + "".join(f'<text x="1">{text}</text>' for text in texts) + "</svg>"


def texts_of(svg):
    return re.findall(r"<text[^>]*>([^<]*)</text>", svg)


def shouting(message):
    """A language that has every message in capitals, its places as they are."""
    parts = re.split(r"(%\(\w+\)s)", message)
    return "".join(part if part.startswith("%(") else part.upper() for part in parts)


def test_a_name_that_is_like_a_message_stays_as_it_is():
    say = Messages()
    svg = say.keep(svg_of(say("step"), "step"))
    assert texts_of(translated(svg, shouting)) == ["STEP", "step"]


def test_values_are_put_in_after_the_translation():
    say = Messages()
    svg = say.keep(svg_of(say("seed %(seed)s", seed="step"), say("%(n)s parts, 5 %%", n="1,000")))
    assert texts_of(svg) == ["seed step", "1,000 parts, 5 %"]
    assert texts_of(translated(svg, shouting)) == ["SEED step", "1,000 PARTS, 5 %"]


def test_a_value_or_a_translation_cannot_become_an_element():
    say = Messages()
    text = say("of %(name)s", name="<b>&")
    svg = say.keep(svg_of(text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")))
    assert texts_of(translated(svg, shouting)) == ["OF &lt;b&gt;&amp;"]
    assert texts_of(translated(svg, lambda message: '<i x="1">%(name)s')) == [
        '&lt;i x="1"&gt;&lt;b&gt;&amp;'
    ]


def test_a_translated_figure_has_no_trace_of_its_messages():
    say = Messages()
    svg = translated(say.keep(svg_of(say("step"))), shouting)
    assert svg == '<svg><text x="1">STEP</text></svg>'


def test_a_message_that_was_cut_off_is_drawn_without_its_mark():
    say = Messages()
    assert texts_of(say.keep(svg_of(say("training loss")[:-6]))) == ["training"]


def test_a_mark_never_reaches_a_page_and_makes_no_name_a_message(tmp_path):
    names = [f"{MARK}step{MARK}", f"a{MARK}b"]
    layer = {**COST["structure"], "name": f"{MARK}input{MARK}"}
    cost = {"cnn_2": {"structure": {**COST["structure"], "children": [layer]}}}
    folder = write_results(tmp_path / "x", class_names=names, cost=cost)
    for svgs in (content_of(folder).figures, figures_in(content_of(folder), language("zh"))):
        assert all(MARK not in svg for svg in svgs.values())
        assert "\ufffdstep\ufffd" in svgs["classes.cnn_2+r"]
        assert "\ufffdinput\ufffd" in svgs["structure.cnn_2"]
    html, _ = rendered(folder)
    assert "data-message" not in "".join(re.findall(r"<svg.*?</svg>", html, flags=re.DOTALL))
