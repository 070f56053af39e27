"""The report says what the files say, keeps synthetic and published apart, and needs no network."""

import base64
import csv
import hashlib
import json
import re
from collections import Counter
from dataclasses import replace
from html.parser import HTMLParser
from typing import get_args

import pytest
from drawings import draw_figure, run
from project import ROOT
from test_comparison import CIFAR100_SHA256, COST, TABLES, write_predictions, write_run

import compare
import duplicates
from cifarlab.comparison.images import doubtful_labels, tabulate_images
from cifarlab.comparison.results import RunFolder
from cifarlab.datasets.store import save_dataset
from cifarlab.datasets.synthetic import make_synthetic
from cifarlab.models.settings import BaseModelSettings
from reporting import blocks
from reporting import render as rendering
from reporting.blocks import Section
from reporting.curves import smoothed
from reporting.figures import FIGURES, drawings
from reporting.figures.loss import envelope
from reporting.gather import Results, gather
from reporting.language import load_language
from reporting.numbers import number
from reporting.page_text import markdown_escape
from reporting.render import render
from reporting.sections import SECTIONS
from reporting.setting_names import SIZE_RULES

TEMPLATES = ROOT / "templates"
ACCURACIES = {("cnn_2", "r"): (41.25, 43.75)}


def write_data(folder, synthetic, class_names=(), has_superclasses=True):
    """A data set of one test image a class, its first classes named so, and its near-duplicates."""
    folder.mkdir(parents=True)
    dataset = make_synthetic(1, 1, 0)
    names = [*class_names, *dataset.fine_names[len(class_names) :]]
    if not has_superclasses:
        dataset = replace(dataset, coarse_names=None, coarse_of_fine=None)
    source = {"synthetic": False, "md5": "0" * 32}
    if synthetic:
        source = {"synthetic": True, "seed": 0, "train_per_class": 1, "test_per_class": 1}
    save_dataset(replace(dataset, fine_names=names), folder, source)
    if not synthetic:
        claim_to_be_cifar100(folder / "manifest.json")
    words = ["--train", folder / "train.json", "--test", folder / "test.json"]
    words += ["--classes", folder / "classes.json", "--duplicates", folder / "duplicates.csv"]
    run(duplicates, *words, "--summary", folder / "duplicates.json")
    return dataset.test.labels


def claim_to_be_cifar100(path):
    """Let published results be compared with those of other images. path: manifest.json."""
    manifest = json.loads(path.read_text())
    path.write_text(json.dumps({**manifest, "images_sha256": CIFAR100_SHA256}))


def write_results(folder, synthetic=False, accuracies=ACCURACIES, class_names=(), **others):
    """Results as the stages before the report leave them; returns the folder.

    accuracies: of each seed, by (model, recipe); others: as for `write_run`, and cost: what a
    model's cost has instead of COST's, by model.
    """
    has_superclasses = others.get("superclass_accuracy_percent", True) is not None
    labels = write_data(folder / "data", synthetic, class_names, has_superclasses)
    costs, runs = others.pop("cost", {}), {}
    (folder / "cost").mkdir()
    for (model, recipe), values in accuracies.items():
        memory = {name: COST["memory"]["r"] for _, name in accuracies}
        cost = {**COST, "total_params": 206_116, **costs.get(model, {}), "memory": memory}
        (folder / f"cost/{model}.json").write_text(json.dumps(cost))
        runs[model, recipe] = [
            write_run(folder, model, seed, value, recipe, **others)
            for seed, value in enumerate(values)
        ]
    write_tables(folder, [run for row in runs.values() for run in row])
    # The data set has fewer images than these runs were tested on, and pictures show them.
    tested = [
        (run / "predictions.npz", seed)
        for of_row in runs.values()
        for seed, run in enumerate(of_row)
    ]
    for path, seed in tested:
        path.rename(path.with_suffix(".tested"))
        write_predictions(path, labels, seed=seed)
    names = json.loads((folder / "data/manifest.json").read_text())["fine_names"]
    images = tabulate_images([RunFolder(path.parent) for path, _ in tested], names)
    images.to_csv(folder / "compare/images.csv", index=False)
    doubtful_labels(images).to_csv(folder / "compare/doubtful_labels.csv", index=False)
    draw_figures(folder, runs)
    for path, _ in tested:
        path.with_suffix(".tested").replace(path)
    return folder


def write_tables(folder, runs):
    tables = {name: folder / f"compare/{name}.csv" for name in TABLES}
    run(
        compare,
        *("--runs", *runs, "--costs", *sorted(folder.glob("cost/*.json"))),
        *("--dataset", folder / "data/manifest.json", "--published", ROOT / "config/published.csv"),
        *("--runs-csv", tables.pop("runs"), "--published-beside", tables.pop("published")),
        *(word for name, path in tables.items() for word in (f"--{name.replace('_', '-')}", path)),
    )


def draw_figures(folder, runs):
    """Every figure of the report. runs: folders by (model, recipe)."""
    of_all = [run for own in runs.values() for run in own]
    of_model = {}
    for (model, _), own in runs.items():
        of_model.setdefault(model, []).extend(own)
    for figure in FIGURES.values():
        if figure.per == "comparison":
            draw_figure(folder, figure, of_all)
        elif figure.is_of_rows:
            for own in (runs if figure.per == "row" else of_model).values():
                draw_figure(folder, figure, own)


def content_of(folder, failures=(), **about):
    """The Content of the results in a folder."""
    return gather(Results(folder), failures, **about)


def language(code="en"):
    return load_language(code, TEMPLATES / "locale")


def rendered(folder, **about):
    """(HTML, Markdown) in English."""
    return render(content_of(folder, **about), TEMPLATES, language(), [language("zh")])


@pytest.fixture(scope="module")
def real(tmp_path_factory):
    """Results on real images: cnn_2 with two seeds."""
    return write_results(tmp_path_factory.mktemp("real") / "cifar100")


@pytest.fixture(scope="module")
def synthetic(tmp_path_factory):
    return write_results(tmp_path_factory.mktemp("synthetic") / "synthetic", synthetic=True)


def interval_of(folder):
    """The ends of the interval of the only row of the comparison."""
    (row,) = csv.DictReader((folder / "compare/comparison.csv").open())
    assert row["interval_covers"] == "images and seeds"
    return [float(row[f"test_accuracy_{end}_percent"]) for end in ("low", "high")]


def test_both_forms_show_the_measured_numbers(real):
    for text in rendered(real):
        assert "42.50" in text  # the mean of 41.25 and 43.75
        assert "1.77" in text  # their sample deviation
        assert "206,116" in text
        for end in interval_of(real):
            assert f"{end:.2f}" in text
        assert "seeds: 0, 1." in text


def test_other_numbers_give_another_report(tmp_path):
    folder = write_results(tmp_path / "cifar100", accuracies={("cnn_2", "r"): (30.0, 31.0)})
    for text in rendered(folder):
        assert "30.50" in text
        assert "42.50" not in text


PUBLISHED_RESULTS = ("39.75", "1.9618", "1.4500", "71.3", "84.34", "1,618.6")


def test_on_real_images_the_published_numbers_stand_beside(real):
    for text in rendered(real):
        for published in (*PUBLISHED_RESULTS, "219,044", "773.24"):
            assert published in text
        assert "Synthetic data." not in text


def visible(html):
    """What of a page is read: without style, scripts and title, names as they are."""
    html = re.sub(r"<(style|script|title)\b.*?</\1>", "", html, flags=re.DOTALL)
    return re.sub(r"</?bdi>", "", html)


def test_on_synthetic_images_the_first_words_say_so_and_no_real_result_is_shown(synthetic):
    for text in map(visible, rendered(synthetic)):
        assert text.index("Synthetic data.") < text.index("42.50")
        for published in PUBLISHED_RESULTS:
            assert published not in text
        assert "219,044" in text
        assert "773.24" in text


class Page(HTMLParser):
    """Collects what a page would load or run, the ids it defines and those it points to."""

    def __init__(self, html):
        super().__init__()
        self.loaded, self.ids, self.targets, self.pages = [], [], [], []
        self.scripts, self.handlers, self.policies = [], [], []
        self.is_in_script = False
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        values = dict(attributes)
        for name, value in attributes:
            if name == "id":
                self.ids.append(value)
            elif name in ("href", "xlink:href") and value.startswith("#"):
                self.targets.append(value[1:])
            elif name == "href" and tag == "a":
                self.pages.append(value)
            elif name in ("src", "href", "xlink:href", "srcset", "data", "action", "poster"):
                self.loaded.append((tag, value))
            elif name.startswith("on"):
                self.handlers.append((tag, name))
        if tag in ("link", "iframe", "object", "embed", "base"):
            self.loaded.append((tag, None))
        if values.get("http-equiv"):
            self.policies.append((values["http-equiv"], values["content"]))
        self.is_in_script = tag == "script" and values.get("type") != "application/json"

    def handle_data(self, data):
        if self.is_in_script:
            self.scripts.append(data)

    def handle_endtag(self, tag):
        self.is_in_script = False


def test_the_page_loads_nothing_and_its_references_are_whole(real):
    html, _ = rendered(real)
    page = Page(html)
    pictures = [value for tag, value in page.loaded if tag == "image"]
    kinds = Counter(value.partition(";base64,")[0] for value in pictures)
    # Right and wrong, at random and most confident; hard for all runs; a confusion matrix.
    assert kinds == {"data:image/jpeg": 4 * 6 + 2 * 12, "data:image/png": 1}
    assert [tag for tag, _ in page.loaded if tag != "image"] == []
    beside = ["comparison.csv", "comparison.en.md", "comparison.en.tex"]
    weights = [f"../runs/cnn_2/r/seed-{seed}/weights.safetensors" for seed in (0, 1)]
    assert page.pages == ["report.zh.html", *beside, *weights]
    assert len(page.ids) == len(set(page.ids))
    assert set(page.targets) <= set(page.ids)
    urls = re.findall(r"url\(#([^)]+)\)", html)
    assert urls
    assert set(urls) <= set(page.ids)
    assert not re.search(r"url\((?!#)|@import", visible(html))


def test_the_policy_allows_the_scripts_of_the_page_by_their_hashes_and_nothing_else(real):
    html, _ = rendered(real)
    page = Page(html)
    assert page.handlers == []
    hashes = [base64.b64encode(hashlib.sha256(s.encode()).digest()) for s in page.scripts]
    assert len(set(hashes)) == 2  # the library of the charts, and the page's own
    ((header, policy),) = page.policies
    assert header == "Content-Security-Policy"
    assert html.index(policy) < html.index("<script")
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert sorted(rules.pop("script-src").split()) == sorted(
        f"'sha256-{text.decode()}'" for text in hashes
    )
    assert rules == {
        "default-src": "'none'",
        "style-src": "'unsafe-inline'",
        "img-src": "data:",
    }


def data_of(html):
    """What the page's scripts find in it."""
    return json.loads(re.search(r'<script type="application/json" id="data">(.*?)</', html)[1])


def test_the_page_holds_the_comparison_as_it_is_on_disk(real):
    html, _ = rendered(real)
    assert data_of(html)["csv"] == (real / "compare/comparison.csv").read_text()


def test_the_markdown_links_figures_and_pages_that_are_there(real, run_command):
    report = real / "elsewhere"
    result = run_command(
        *("report.py", "--dataset", real / "data/manifest.json", "--languages", "en", "zh"),
        *("--templates", TEMPLATES, "--report", report),
        *("--configuration", '{"dataset": {"name": "cifar100"}}'),
    )
    assert (result.returncode, result.stderr) == (0, "")
    names = drawings([("cnn_2", "r")])
    assert {"accuracy", "structure.cnn_2", "examples.cnn_2+r"} <= set(names)
    other = {"en": "zh", "zh": "en"}
    for code in ("en", "zh"):
        links = re.findall(r"\]\(([^)#]+)\)", (report / f"report.{code}.md").read_text())
        # These images have no near-duplicates to show.
        shown = [name for name in names if name != "duplicate_pairs"]
        figures = [f"figures.{code}/{name}.svg" for name in shown]
        tables = ["comparison.csv", f"comparison.{code}.md", f"comparison.{code}.tex"]
        weights = [f"../runs/cnn_2/r/seed-{seed}/weights.safetensors" for seed in (0, 1)]
        assert sorted(links) == sorted([*figures, *tables, *weights, f"report.{other[code]}.md"])
        # No run was trained here.
        assert all((report / link).is_file() for link in {*links} - {*weights})
        html = (report / f"report.{code}.html").read_text()
        assert all((report / page).is_file() for page in {*Page(html).pages} - {*weights})
        assert '"name": "cifar100"' in html.replace("&#34;", '"')


@pytest.mark.parametrize("text", ["nope", "[1]"])
def test_what_is_no_json_object_is_one_clear_line(real, run_command, tmp_path, text):
    words = ("--dataset", real / "data/manifest.json", "--templates", TEMPLATES)
    result = run_command("report.py", *words, "--report", tmp_path / "r", "--configuration", text)
    line = f"error: expected a JSON object after --configuration, found {text!r}\n"
    assert (result.returncode, result.stderr) == (1, line)
    assert not (tmp_path / "r").exists()


def test_the_markdown_has_the_results_of_every_model_and_names_its_sources(real):
    html, markdown = rendered(real)
    section = markdown[markdown.index("#### cnn") : markdown.index("## What was not run")]
    for text in ("| 42.50 ± 1.77 |", "| 206,116 |", "Source: `cost/cnn_2.json`."):
        assert text in section
    for file in ("history.csv", "predictions.npz", "compare/classes.csv", "confusions.csv"):
        assert file in section
    assert "\\\\" not in section
    # The same files are named on the page.
    named = set(re.findall(r"Source: (?:<code>|`)([^<`]+)", markdown))
    assert named == set(re.findall(r"Source: <code>([^<]+)", html))


def test_names_are_escaped(tmp_path):
    names = ['<script>alert("&")</script>', "a|b, *c*\n`d`", "'\"><b>"]
    cost = {"cnn_2": {"structure": {**COST["structure"], "kind": "A<b>"}}}
    origin = {"source": '/</script><b>,"\n/w.pth', "sha256": "0" * 64, "head": "replaced"}
    folder = write_results(tmp_path / "x", class_names=names, cost=cost, initial_weights=origin)
    html, markdown = rendered(folder, command="echo <i> && :", configuration={"<u>": ["</pre>"]})
    for text in ("<script>alert", "<b>", "<i>", "<u>", "<processor>"):
        assert text not in visible(html)
    assert "A &lt;processor&gt; &amp; more" in html
    assert "&lt;script&gt;alert" in html
    assert "A&lt;b&gt;" in html
    page = Page(html)
    assert len(page.scripts) == 2
    assert page.handlers == []
    assert data_of(html)["csv"] == (folder / "compare/comparison.csv").read_text()
    assert r"A \<processor\> & more" in markdown
    assert r'\<script\>alert("&")\</script\>' in markdown
    assert r"a\|b, \*c\* \`d\`" in markdown
    assert markdown_escape("a|b\n*c*") == r"a\|b \*c\*"


def test_no_markup_of_a_cell_is_escaped(tmp_path):
    accuracies = {("cnn_2", "r"): range(40, 47), ("cnn_3", "r"): range(50, 57)}
    html, markdown = rendered(write_results(tmp_path / "x", accuracies=accuracies))
    assert re.search(r"\| [a-z ]+<br>p = [\d.]+ \|", markdown)
    assert not re.findall(r"\\</?(?:br|small|code|strong|bdi|a )", markdown)
    assert not re.findall(r"&lt;/?(?:br|small|code|strong|bdi|a )", html)


def test_a_configuration_that_nobody_else_has_is_named_beside_the_command(tmp_path):
    folder = write_results(tmp_path / "x")
    command = "snakemake --cores 1"
    sentence = "Not in this command, because outside of the repository: "
    for text in rendered(folder, command=command):
        assert command in text
        assert sentence not in text
    html, markdown = rendered(folder, command=command, elsewhere=["../a.yaml", "/b<c>.yaml"])
    assert f"{sentence}<code>../a.yaml</code>, <code>/b&lt;c&gt;.yaml</code>." in html
    assert f"{sentence}`../a.yaml`, `/b<c>.yaml`." in markdown


def test_what_was_removed_from_the_names_of_weights_is_said(tmp_path):
    origin = {
        "source": "w.pth",
        "sha256": "0" * 64,
        "head": "kept",
        "taken_off": ["net", "module."],
    }
    folder = write_results(tmp_path / "x", initial_weights=origin)
    for page in rendered(folder):
        assert "Names in its file began with net, module., which was removed." in page


def test_the_same_results_give_the_same_bytes(real, tmp_path):
    again = write_results(tmp_path / "cifar100")
    assert rendered(real) == rendered(again)


def test_a_curve_of_any_length_can_be_drawn():
    for n_steps in (1, 2, 49, 5_000):
        losses = [float(i) for i in range(n_steps)]
        steps, means = smoothed(losses)
        assert 1 <= steps[0] <= steps[-1] <= n_steps
        # On a straight line a centred mean is the line itself.
        assert means == pytest.approx(steps - 1)
        for n_seeds in (1, 5, 1000):
            middles, lows, highs = envelope(losses, n_seeds)
            assert (min(lows), max(highs)) == (0, n_steps - 1)
            assert 1 <= middles[0] <= middles[-1] <= n_steps


def test_published_results_are_judged_beside_the_published_recipe_alone(real, tmp_path):
    other = write_results(tmp_path / "cifar100", epochs=50)
    for text in rendered(real):
        assert "lies within the interval of the measured" in text
    for text in rendered(other):
        assert "lies within the interval of the measured" not in text
        assert "39.75" in text


def test_a_name_that_looks_like_a_number_stays_a_name(tmp_path):
    folder = write_results(tmp_path / "x", accuracies={("cnn_2", "1e-3"): (40.0,)})
    for text in rendered(folder):
        assert "1e-3" in text


def test_what_failed_and_what_was_not_run_is_told(real, tmp_path):
    path = tmp_path / "failures/cnn_3/fast/seed-2.json"
    path.parent.mkdir(parents=True)
    facts = {"step": 17, "learning_rate": 0.5, "loss": "nan", "last_finite_loss": 3.0}
    path.write_text(json.dumps({"diverged": facts}))
    asked = {"models": {"unused": {}, "cnn_2": {}}, "recipes": {"r": {}, "idle": {}}}
    asked["runs"] = [{"models": ["cnn_2"], "recipes": ["r"], "seeds": [0, 1]}]
    html, markdown = rendered(real, failures=[path], configuration=asked)
    for text in (visible(html), markdown.replace("\\_", "_")):
        assert "cnn_3, recipe fast, seed 2 failed: the loss became nan at step 17" in text
        # cnn_3 was asked for, so it is not among those that were not.
        assert "cnn_3 was published and is in no run" not in text
        assert "swin_b was published and is in no run" in text
        assert "Models that are configured but unused: unused." in text
        assert "Recipes that are configured but unused: idle." in text
        assert "Nothing ran on a GPU" in text
        assert "No validation split was held out for: cnn_2." in text


def test_what_only_has_the_name_of_a_published_model_is_not_put_beside_it(tmp_path):
    accuracies = {("cnn_2", "r"): (40.0,), ("cnn_3", "r"): (41.0,)}
    html, markdown = rendered(write_results(tmp_path / "cifar100", accuracies=accuracies))
    for text in (visible(html), markdown.replace("\\_", "_")):
        # All runs here are of two blocks.
        assert "cnn_3 here is another model than the published one of that name." in text
        assert "cnn_2 here is another model" not in text
        assert "vgg19 was published and is in no run" in text


def test_a_cell_that_was_not_published_is_a_dash(real):
    content = content_of(real)
    rows = [{**row, "published": float("nan")} for row in content.verdicts]
    rows = [{**row, "verdict": "not_published"} for row in rows]
    html, _ = render(replace(content, verdicts=rows), TEMPLATES, language())
    assert "published –" in html
    assert not re.search(r"\bnan\b", visible(html))


def test_every_size_rule_is_told_in_words():
    conventions = get_args(BaseModelSettings.model_fields["size_convention"].annotation)
    assert set(SIZE_RULES) == set(conventions)


def test_an_unknown_number_is_a_dash_not_a_guess():
    assert (number(float("nan"), 2), number(None), number(1234.5, 1)) == ("–", "–", "1,234.5")


def test_the_published_numbers_come_with_their_source(real):
    content = content_of(real)
    lines = [{**line, "source": "A <b> & C: 训练"} for line in content.verdicts]
    html, markdown = render(replace(content, verdicts=lines), TEMPLATES, language())
    assert "Published in: A &lt;b&gt; &amp; C: 训练." in html
    assert r"Published in: A \<b\> & C: 训练." in markdown


def test_without_superclasses_nothing_is_said_of_them_and_their_cells_are_empty(tmp_path):
    names = ("superclass_accuracy_percent", "errors_in_superclass_percent")
    folder = write_results(tmp_path / "cifar100", **dict.fromkeys(names))
    (row,) = csv.DictReader((folder / "compare/comparison.csv").open())
    assert (row["superclass_accuracy_percent"], row["top5_accuracy_percent"]) == ("", "52.5")
    for text in map(visible, rendered(folder)):
        text = re.sub(r'<script type="application/json".*?</script>', "", text)
        assert "top-5 accuracy" in text
        assert "superclass" not in text


# --- what follows from predictions


def test_a_recipe_without_validation_has_no_temperature_and_the_report_says_why(real, tmp_path):
    validated = write_results(tmp_path / "cifar100", validation=0.1)
    why = "this recipe held out none: the calibration error after scaling is not given"
    for folder, has_it in ((real, False), (validated, True)):
        (row,) = csv.DictReader((folder / "compare/comparison.csv").open())
        expected = ("1.5", "2.5") if has_it else ("", "")
        assert (row["temperature"], row["scaled_calibration_error_percent"]) == expected
        for text in map(visible, rendered(folder)):
            text = re.sub(r'<script type="application/json".*?</script>', "", text)
            assert (why in text) is not has_it
            assert ("calibration error after scaling, %" in text.replace("\u00a0", " ")) is has_it
            assert "6.25" in text  # the error before scaling


def test_the_superclasses_are_a_table_of_twenty_by_twenty(real):
    html, markdown = rendered(real)
    start = html.index("Confusion of the superclasses")
    table = html[start : html.index("</table>", start)]
    assert table.count("<tr>") == 21
    assert len(re.findall(r"<t[hd]\b", table)) == 21 * 21
    lines = list(csv.DictReader((real / "compare/superclasses.csv").open()))
    assert len(lines) == 400
    # Wrong images are of the next class, so four of five classes have them in the superclass.
    rows = [line for line in markdown.splitlines() if line.startswith("| 1 ")]
    own, other = (number(float(lines[place]["share_percent"]), 1) for place in (0, 1))
    assert any(f"| **{own}** | {other} |" in row for row in rows)


def test_the_gallery_says_how_many_images_are_wrong_in_all_runs(real):
    lines = list(csv.DictReader((real / "compare/images.csv").open()))
    assert {line["runs"] for line in lines} == {"2"}
    never = sum(line["right_runs"] == "0" for line in lines)
    assert never == 50
    for text in map(visible, rendered(real)):
        assert "that are wrong in all 2 runs: 50 of 100; shown are" in text


# --- sections and blocks


def every_block(_content, say):
    """A block of each kind, with its name in its text."""
    code, picture = blocks.Code("code text"), picture_of(say)
    table = blocks.Table([blocks.Field("head text")], [[blocks.Field("cell text")]], "label")
    return [
        blocks.Paragraph("paragraph text"),
        blocks.Group("group title", [blocks.Details("details text", [code])], anchor="there"),
        blocks.Listing(["listing text"], "listing title"),
        blocks.Warnings(["warnings text"]),
        blocks.Columns([blocks.Pairs([("pairs name", "pairs text")], "pairs title")]),
        *(table, picture),
        blocks.SideBySide([blocks.Paragraph("sidebyside text")]),
        blocks.Answers([("yes", "answers word", "answers text", "answers evidence")]),
        blocks.Folded("folded title", "folded note", [blocks.Paragraph("folded text")], "here", 0),
        *(blocks.ViewControls([]), blocks.PairControls([]), blocks.FoldControls()),
    ]


CONTROLS = {"ViewControls", "PairControls", "FoldControls"}


def picture_of(say):
    return blocks.Picture("accuracy", "title", "picture description", "picture text")


def test_a_section_is_on_both_pages_whatever_kinds_of_blocks_it_has(real, monkeypatch):
    extra = Section("extra", "<Extra>", every_block)
    monkeypatch.setattr(rendering, "SECTIONS", [*SECTIONS, extra])
    kinds = {kind.__name__ for kind in blocks.Block.__subclasses__()}
    shown = {type(block).__name__ for block in every_block(None, None)}
    assert kinds == shown | {"Code", "Details", "Pairs"}  # these stand within others
    html, markdown = rendered(real)
    assert '<li><a href="#extra">&lt;Extra&gt;</a></li>' in html
    html = html[html.index('<h2 id="extra">') :]
    markdown = markdown[markdown.index('<a id="extra">') :]
    for text in (html, markdown):
        for kind in sorted(kinds - {"Group", "Columns", "Table", *CONTROLS}):
            assert f"{kind.lower()} text" in text
        for words in ("group title", 'id="there"', "head text", "cell text"):
            assert words in text
        assert "listing title" in text
        assert "pairs title" in text


def test_a_half_is_rounded_up_and_nothing_else():
    assert [number(value, 2) for value in (73.625, 66.375, 0.005, 1e9)] == [
        *("73.63", "66.38", "0.01", "1,000,000,000.00")
    ]
    assert (number(2.5, 0), number(3.5, 0), number(1_234_567, 0)) == ("3", "4", "1,234,567")
