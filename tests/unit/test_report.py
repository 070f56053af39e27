"""The report says what the files say, keeps synthetic and published apart, and needs no network."""

import json
import re
from html.parser import HTMLParser

import pytest
from project import ROOT
from test_comparison import COST, run_compare, write_run

from cifarlab.report.content import gather
from cifarlab.report.figures.loss import envelope
from cifarlab.report.plot import smoothed
from cifarlab.report.render import markdown_escape, number, render


@pytest.fixture
def results(tmp_path, run_command):
    """A function that writes results and returns the arguments of `gather`."""

    def write(synthetic, accuracies=(41.25, 43.75), name="mydata", recipe="r", epochs=5):
        folder = tmp_path / name
        source = (
            {"synthetic": True, "seed": 0, "train_per_class": 2, "test_per_class": 1}
            if synthetic
            else {"synthetic": False, "md5": "0" * 32}
        )
        manifest = {
            "source": source,
            "counts": {"train": 50_000, "test": 10_000},
            "fine_names": ["x"] * 100,
            "coarse_names": ["y"] * 20,
            "sha256": {"test_images.npy": "f" * 64},
        }
        (folder / "data").mkdir(parents=True)
        (folder / "cost").mkdir()
        (folder / "data/manifest.json").write_text(json.dumps(manifest))
        cost = {**COST, "total_params": 206_116, "total_size_mb": 40.5}
        cost["structure"] = {**COST["structure"], "kind": "A<b>"}
        cost["memory"] = {recipe: COST["memory"]["r"]}
        (folder / "cost/cnn_2.json").write_text(json.dumps(cost))
        runs = [
            write_run(folder, "cnn_2", seed, value, recipe, epochs)
            for seed, value in enumerate(accuracies)
        ]
        costs = [folder / "cost/cnn_2.json"]
        manifest = folder / "data/manifest.json"
        result, tables = run_compare(run_command, folder, runs, costs, manifest)
        assert result.returncode == 0, result.stderr
        figures = {
            "accuracy": ["--runs-csv", tables["runs"], "--comparison", tables["comparison"]],
            "losses": ["--runs", *runs],
            f"loss.cnn_2+{recipe}": ["--runs", *runs],
        }
        figures["accuracy"] += ["--published", tables["published"]]
        paths = {name: folder / f"figures/{name}.svg" for name in figures}
        for name, words in figures.items():
            kind = name.partition(".")[0]
            result = run_command("figure.py", "--figure", paths[name], kind, *words)
            assert (result.returncode, result.stderr) == (0, "")
        drawing = folder / "cost/cnn_2.svg"
        result = run_command("figure.py", "--figure", drawing, "structure", "--cost", *costs)
        assert (result.returncode, result.stderr) == (0, "")
        return (manifest, *tables.values(), runs, costs, [*paths.values()])

    return write


def rendered(arguments):
    return render(gather(*arguments), ROOT / "templates")


def test_both_forms_show_the_measured_numbers(results):
    for text in rendered(results(synthetic=False)):
        assert "42.50" in text  # the mean of 41.25 and 43.75
        assert "1.77" in text  # their sample deviation
        assert "206,116" in text
        assert "2 seeds" in text


def test_other_numbers_give_another_report(results):
    for text in rendered(results(synthetic=False, accuracies=(30.0, 31.0))):
        assert "30.50" in text
        assert "42.50" not in text


def test_on_real_images_the_published_numbers_stand_beside(results):
    for text in rendered(results(synthetic=False)):
        for published in ("39.75", "1.9618", "71.3", "219,044"):
            assert published in text
        assert "Synthetic data." not in text


def test_on_synthetic_images_the_first_words_say_so_and_no_real_result_is_shown(results):
    for text in rendered(results(synthetic=True)):
        visible = re.sub(r"<style>.*?</style>|<title>.*?</title>", "", text, flags=re.DOTALL)
        assert visible.index("Synthetic data.") < visible.index("42.50")
        for published in ("39.75", "1.9618", "71.3"):
            assert published not in visible
        assert "219,044" in visible


class References(HTMLParser):
    """Collects what a page would load, the ids it defines and those it points to."""

    def __init__(self):
        super().__init__()
        self.loaded, self.ids, self.targets = [], [], []

    def handle_starttag(self, tag, attributes):
        for name, value in attributes:
            if name == "id":
                self.ids.append(value)
            elif name in ("href", "xlink:href") and value.startswith("#"):
                self.targets.append(value[1:])
            elif name in ("src", "href", "xlink:href", "srcset", "data"):
                self.loaded.append((tag, value))
        if tag in ("script", "link", "iframe", "object"):
            self.loaded.append((tag, None))


def test_the_page_loads_nothing_and_its_references_are_whole(results):
    html, _ = rendered(results(synthetic=False))
    page = References()
    page.feed(html)
    assert page.loaded == []
    assert len(page.ids) == len(set(page.ids))
    assert set(page.targets) <= set(page.ids)
    urls = re.findall(r"url\(#([^)]+)\)", html)
    assert urls
    assert set(urls) <= set(page.ids)
    assert not re.search(r"url\((?!#)|@import", html)


def test_the_markdown_links_figures_that_are_there(results, tmp_path, run_command):
    manifest, runs_csv, comparison, published, runs, costs, figures = results(synthetic=False)
    out = figures[0].parent.parent
    result = run_command(
        *("report.py", "--dataset", manifest, "--comparison", comparison, "--runs", *runs),
        *("--runs-csv", runs_csv, "--costs", *costs, "--published", published),
        *("--figures", *figures, "--templates", ROOT / "templates"),
        *("--html", out / "r.html", "--markdown", out / "r.md"),
    )
    assert (result.returncode, result.stderr) == (0, "")
    links = re.findall(r"\]\((figures/[^)]+)\)", (out / "r.md").read_text())
    assert sorted(links) == sorted(f"figures/{path.name}" for path in (out / "figures").iterdir())
    assert len(links) == 4


def test_names_are_escaped(results):
    html, markdown = rendered(results(synthetic=False))
    assert "A &lt;processor&gt; &amp; more" in html
    assert "<processor>" not in html
    assert r"A \<processor\> & more" in markdown
    assert markdown_escape("a|b\n*c*") == r"a\|b \*c\*"


def test_the_same_results_give_the_same_bytes(results):
    arguments = results(synthetic=False)
    assert rendered(arguments) == rendered(arguments)


def test_a_curve_of_any_length_can_be_drawn():
    for n_steps in (1, 2, 49, 5_000):
        losses = [float(i) for i in range(n_steps)]
        steps, means = smoothed(losses)
        assert 1 <= steps[0] <= steps[-1] <= n_steps
        # On a straight line a centred mean is the line itself.
        assert means == pytest.approx(steps - 1)
        middles, lows, highs = envelope(losses)
        assert (min(lows), max(highs)) == (0, n_steps - 1)
        assert 1 <= middles[0] <= middles[-1] <= n_steps


def test_published_results_stand_beside_the_published_recipe_alone(results):
    for text in rendered(results(synthetic=False)):
        assert "published, with another recipe" not in text
    arguments = results(synthetic=False, name="other", epochs=50)
    for text in rendered(arguments):
        assert "published, with another recipe" in text


def test_a_name_that_looks_like_a_number_stays_a_name(results):
    for text in rendered(results(synthetic=False, recipe="1e-3")):
        assert "1e-3" in text


def test_every_size_rule_is_told_in_words():
    from typing import get_args

    from cifarlab.model_settings import BaseModelSettings
    from cifarlab.report.content import SIZE_RULES

    conventions = get_args(BaseModelSettings.model_fields["size_convention"].annotation)
    assert set(SIZE_RULES) == set(conventions)


def test_an_unknown_number_is_a_dash_not_a_guess():
    assert (number(float("nan"), 2), number(None), number(1234.5, 1)) == ("–", "–", "1,234.5")
