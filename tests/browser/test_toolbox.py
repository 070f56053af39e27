"""Models that a reader highlights or hides, in all charts and tables at once."""

from urllib.parse import urlsplit

import pytest
from scenes import MODELS, SCENES, Scene
from test_page import column, press, ranked


@pytest.fixture
def two_recipes(monkeypatch):
    """A scene of one model with two recipes, and another model with one of them."""
    from dataclasses import replace

    models = (MODELS[0], replace(MODELS[1], recipe="other"), MODELS[2])
    monkeypatch.setitem(SCENES, "two recipes", Scene(models, 1))
    return "two recipes"


def box(page, name, action):
    """The checkbox of a model or a recipe: show or highlight."""
    return page.get_by_role("checkbox", name=f"{action} {name}", exact=True)


def rows_shown(page, within):
    """Numbers of the rows of which something can be seen there."""
    marks = page.locator(f"{within} [data-row]")
    return set(
        marks.evaluate_all(
            "marks => marks.filter(it => it.checkVisibility() "
            "&& getComputedStyle(it).display !== 'none').map(it => +it.dataset.row)"
        )
    )


def legend(page, name):
    names = page.locator(f"#chart-{name} .u-legend [role=button]")
    return dict(
        names.evaluate_all(
            "names => names.map(it => [it.textContent, it.getAttribute('aria-pressed')])"
        )
    )


def fragment(page):
    return "#" + urlsplit(page.url).fragment


def test_a_hidden_model_is_in_no_chart_and_no_table_and_comes_back(open_report):
    page = open_report("7 models")
    places = (
        *("#table tbody", "figure[data-label=accuracy] svg", "figure[data-label=coverage] svg"),
        *("#runs tbody", "main > section"),
    )
    differences = page.get_by_role("region", name="Differences in accuracy")
    every_pair = page.get_by_role("region", name="Pairs of models")
    page.locator("#toolbox summary").click()
    page.locator("#all-runs > summary").click()
    for folded in ("#pairs ~ details", "details:has(> figure[data-label=coverage])"):
        page.locator(f"{folded} > summary").click()
    box(page, "vgg19", "show").uncheck()
    for place in places:
        assert rows_shown(page, place) == {0, 1, 2, 4, 5, 6}, place
    for name in ("losses", "tradeoffs"):
        assert legend(page, name)["vgg19"] == "false"
        assert legend(page, name)["cnn_2"] == "true"
    assert page.locator("#count").text_content().startswith("6 ")
    assert not page.locator("details.model", has_text="vgg19").is_visible()
    # Eight lines of eight cells less one of each; 21 pairs less six.
    assert differences.locator(":is(th, td):visible").count() == 7 * 7
    assert every_pair.locator("tbody tr:visible").count() == 15
    assert "vgg19" not in differences.inner_text() + every_pair.inner_text()
    assert page.locator('#first option[value="3"]').is_disabled()
    box(page, "vgg19", "show").check()
    for place in places:
        assert rows_shown(page, place) == {*range(7)}, place
    assert differences.locator(":is(th, td):visible").count() == 8 * 8
    assert page.locator('#first option[value="3"]').is_enabled()
    assert fragment(page) == "#"


def test_a_link_to_what_is_hidden_shows_it_again(open_report):
    page = open_report("7 models")
    # All that leads to a row, to a cell of it, or to a pair; and a class, as sentences have them.
    row = "5"
    targets = page.evaluate(
        """row => {
            const links = [...document.querySelectorAll('main a[href^="#"], #contents a')];
            const cell = document.querySelector(`#class-table tbody [data-row="${row}"]`);
            const ids = new Set([...links.map((a) => a.hash.slice(1)), cell.id]);
            return [...ids].filter((id) => {
                const { row: own, of = own } = document.getElementById(id)
                    .closest("[data-row], [data-of]")?.dataset ?? {};
                return of?.split(" ").includes(row);
            });
        }""",
        row,
    )
    assert {target.split("-")[0] for target in targets} >= {"model", "cell", "pair", "class"}
    other = str((int(row) + 1) % 7)
    for target in targets:
        page.evaluate("hide => { location.hash = `#view?hide=${hide}`; }", f"{row}.{other}")
        page.wait_for_function(f"() => !document.querySelector('#model-{row}').checkVisibility()")
        page.evaluate("id => { location.hash = '#' + id; }", target)
        page.wait_for_function("id => document.getElementById(id).checkVisibility()", arg=target)
        assert page.locator(f"#model-{row}").is_visible()
        pair = page.locator(f"#{target}").locator("xpath=ancestor::*[@data-of]")
        is_with_other = pair.count() == 1 and other in pair.get_attribute("data-of").split()
        assert page.locator(f"#model-{other}").is_visible() == is_with_other


def test_a_drawing_that_is_printed_lacks_the_hidden_model_in_its_legend_too(open_report):
    page = open_report("7 models", fragment="#view?hide=3")
    page.emulate_media(media="print")
    for label in ("losses", "tradeoffs", "accuracy"):
        texts = page.locator(f"figure[data-label={label}] svg text").all()
        shown = {text.text_content() for text in texts if text.is_visible()}
        assert "vgg19" not in shown
        assert {"cnn_2", "swin_b"} <= shown


def opacity(page, row):
    mark = page.locator(f'figure[data-label=accuracy] svg [data-row="{row}"]').first
    return float(mark.evaluate("it => getComputedStyle(it).opacity"))


def test_a_highlighted_model_stands_out_in_drawings_charts_and_tables(open_report):
    page = open_report("7 models")
    chart = page.locator("#chart-losses canvas")
    plain = chart.evaluate("it => it.toDataURL()")
    page.locator("#toolbox summary").click()
    box(page, "cnn_5", "highlight").check()
    assert (opacity(page, 2), opacity(page, 0)) == (1, 0.15)
    page.wait_for_function(
        "plain => document.querySelector('#chart-losses canvas').toDataURL() !== plain", arg=plain
    )
    colours = page.locator("#table tbody tr").evaluate_all(
        "rows => rows.map(row => getComputedStyle(row.cells[0]).backgroundColor)"
    )
    names = [row["model"] for row in ranked(page)]
    assert colours.count(colours[names.index("cnn_5")]) == 1
    page.locator("#only").click()
    assert column(page, "model") == names
    assert rows_shown(page, "#table tbody") == {2}
    page.locator("#reset").click()
    assert (opacity(page, 0), rows_shown(page, "#table tbody")) == (1, {*range(7)})


def test_a_recipe_is_hidden_with_all_its_models(open_report, two_recipes):
    page = open_report(two_recipes)
    page.locator("#toolbox summary").click()
    box(page, "published_scratch", "show").uncheck()
    assert rows_shown(page, "#table tbody") == {1}
    assert not box(page, "cnn_2", "show").is_checked()
    box(page, "cnn_2", "show").check()
    recipe = box(page, "published_scratch", "show")
    assert recipe.evaluate("box => box.indeterminate")
    assert rows_shown(page, "#table tbody") == {0, 1}


def test_the_keyboard_alone_hides_and_highlights(open_report):
    page = open_report("7 models")
    page.locator("#toolbox summary").focus()
    press(page, "Enter", "Tab", "Tab")
    # The button of the highlighted is off as long as there are none.
    assert page.evaluate("document.activeElement.name") == "show"
    press(page, "Space", "Tab", "Tab", "Tab", "Space")
    assert fragment(page) == "#view?highlight=1&hide=0"
    press(page, "Escape")
    assert page.locator("#toolbox summary").evaluate("it => it === document.activeElement")


def test_a_touch_on_a_row_on_a_mark_or_in_a_legend_does_it_too(open_report):
    page = open_report("7 models", has_touch=True)
    page.locator('#table tbody tr[data-row="4"] td').nth(1).tap()
    assert fragment(page) == "#view?highlight=4"
    page.locator(
        'figure[data-label=accuracy] svg text[data-row="1"], '
        'figure[data-label=accuracy] svg [data-row="1"] text'
    ).first.tap()
    assert fragment(page) == "#view?highlight=1.4"
    page.locator("#chart-tradeoffs .u-legend th", has_text="vgg19").tap()
    assert fragment(page) == "#view?highlight=1.4&hide=3"
    assert legend(page, "losses")["vgg19"] == "false"


def test_the_address_keeps_rows_axes_zoom_and_pair(open_report):
    page = open_report("7 models")
    page.locator("#toolbox summary").click()
    box(page, "cnn_3", "highlight").check()
    box(page, "vit_b_32", "show").uncheck()
    page.locator("#chart-losses select").select_option("second")
    page.locator("#chart-losses .plot").press("+")
    page.wait_for_url("**losses.zoom=**")
    page.locator("#chart-tradeoffs select").select_option("train_seconds")
    page.locator("#first").select_option(label="swin_b")
    other = open_report("7 models", "zh", fragment(page))
    assert rows_shown(other, "#table tbody") == {0, 1, 2, 3, 4, 6}
    assert opacity(other, 1) == 1 != opacity(other, 0)
    for name, value in (("losses", "second"), ("tradeoffs", "train_seconds")):
        assert other.locator(f"#chart-{name} select").input_value() == value
    assert other.locator("#first").input_value() == "6"
    pictures = [p.locator("#chart-losses .u-over").evaluate(SCALES) for p in (page, other)]
    assert pictures[0] == pictures[1]
    # And a link within the page loses nothing of it.
    other.locator('#contents a[href="#analysis"]').click()
    other.wait_for_url("**&at=analysis")
    assert "hide=5" in other.url
    again = open_report("7 models", fragment=fragment(other))
    assert abs(again.locator("#analysis").evaluate("it => it.getBoundingClientRect().top")) < 40


# Its zoom, as the address has it.
SCALES = "() => new URLSearchParams(location.hash.slice(6)).get('losses.zoom')"


@pytest.mark.parametrize(
    "given",
    ["hide=99.x&highlight=-", "highlight=99", "pair=9.9", "losses.zoom=a~b~3~1&sort=x"],
)
def test_an_address_that_means_nothing_here_shows_the_usual_view(open_report, given):
    page = open_report("7 models", fragment=f"#view?{given}")
    assert column(page, "model") == [row["model"] for row in ranked(page)]
    assert rows_shown(page, "#table tbody") == {*range(7)}
    assert opacity(page, 0) == 1
    assert page.locator("#chosen").text_content() == ""
    assert page.locator("#class-table tbody td.bars").count() == 100


def test_without_javascript_all_is_shown_and_nothing_offers_a_choice(open_report):
    page = open_report("7 models", fragment="#view?hide=1", java_script_enabled=False)
    assert page.locator('#table tbody tr[data-row="1"]').is_visible()
    assert not page.locator("#toolbox").is_visible()
    # Numbers lead to columns that are folded away at first.
    for cell in page.locator('#table tr[data-row="1"] > *').all():
        assert cell.is_visible()
    assert page.locator("#contents").is_visible()
