"""Changes beside their baseline, paired by seed; the choice of a sweep's best point."""

import csv
import json
import math
import re
from collections import Counter
from html import unescape

import pytest
from babel.messages.pofile import read_po
from drawings import draw_figure
from test_comparison import write_run
from test_report import TEMPLATES, language, rendered, write_data, write_results, write_tables

from cifarlab.comparison.choice import choose
from cifarlab.comparison.range_tests import is_range_test
from cifarlab.comparison.results import RunFolder, read_table
from cifarlab.comparison.studies import STUDY_COLUMNS, tabulate_studies
from engine.errors import UserError
from engine.files import write_csv
from reporting.figures import FIGURES
from reporting.gather import Results, gather
from reporting.language import catalogue_path
from reporting.render import render
from reporting.svg import MESSAGE

FOCAL_SET = {"loss": {"name": "focal", "gamma": 2.0}}
LONG_SET = {"epochs": 20, "optimizer.learning_rate": 1e-4}


def change(label, recipe, settings, kind="change", compared_with="plain"):
    names = {"label": label, "kind": kind, "recipe": recipe, "compared_with": compared_with}
    return {**names, "settings": settings}


CHANGES = [change("focal", "s-focal", FOCAL_SET), change("long", "s-long", LONG_SET)]
STUDY = {"name": "s", "models": ["m"], "seeds": [0, 1, 2], "baseline": "plain", "changes": CHANGES}


def validated(folder, recipe, accuracies, **others):
    """Runs of a recipe with these validation accuracies after the last epoch, by seed."""
    runs = []
    for seed, accuracy in accuracies.items():
        path = write_run(folder, "m", seed, 40.0, recipe, validation=0.1, **others)
        lines = read_table(path / "epochs.csv", ["epoch"]).to_dict("records")
        # An earlier epoch that was better is not that of the weights.
        lines[0]["validation_accuracy_percent"] = 99.0
        lines[-1]["validation_accuracy_percent"] = accuracy
        write_csv(path / "epochs.csv", lines)
        runs.append(RunFolder(path))
    return runs


def row_of(runs, label="focal"):
    table = tabulate_studies([STUDY], runs)
    assert list(table) == STUDY_COLUMNS
    return table.set_index("change").loc[label]


def test_a_change_is_compared_seed_by_seed_with_students_interval(tmp_path):
    runs = validated(tmp_path, "plain", {0: 40.0, 1: 50.0, 2: 60.0}, train_seconds=50.0)
    runs += validated(tmp_path, "s-focal", {0: 41.0, 1: 52.0, 2: 63.0}, train_seconds=75.0)
    row = row_of(runs)
    # Differences 1, 2, 3: mean 2, deviation 1, and t is 4.303.
    assert row["difference_points"] == pytest.approx(2)
    half = 4.3027 / 3**0.5
    assert (row["low_points"], row["high_points"]) == pytest.approx((2 - half, 2 + half), abs=1e-3)
    assert json.loads(row["seed_differences_points"]) == {"0": 1.0, "1": 2.0, "2": 3.0}
    assert (row["train_seconds"], row["seconds_ratio"]) == (75.0, 1.5)
    assert (row["seeds"], row["steps"], row["held_out_percent"]) == (3, 10, 10.0)


def test_two_seeds_that_gain_the_same_number_of_a_few_images_show_nothing(tmp_path):
    runs = validated(tmp_path, "plain", {0: 40.0, 1: 50.0}, validation_images=100)
    runs += validated(tmp_path, "s-focal", {0: 42.0, 1: 52.0}, validation_images=100)
    row = row_of(runs)
    assert row["difference_points"] == 2.0
    assert row["low_points"] < 0 < row["high_points"]


def test_a_seed_that_one_of_both_lacks_makes_no_pair(tmp_path):
    runs = validated(tmp_path, "plain", {0: 40.0, 2: 60.0}, train_seconds=50.0)
    runs += validated(tmp_path, "s-focal", {1: 90.0, 2: 61.0})
    row = row_of(runs)
    assert (row["seeds"], row["difference_points"]) == (1, 1.0)
    assert (row["compared_accuracy_percent"], row["compared_train_seconds"]) == (60.0, 50.0)
    # One difference has no interval.
    assert [row[name] == row[name] for name in ("low_points", "high_points")] == [False, False]
    lacking = row_of(runs, "long")
    assert (lacking["seeds"], lacking["difference_points"] == lacking["seconds_ratio"]) == (
        0,
        False,
    )


def test_the_command_writes_plain_numbers(tmp_path, run_command):
    runs = validated(tmp_path, "plain", {0: 40.0, 1: 50.0})
    runs += validated(tmp_path, "s-focal", {0: 41.0, 1: 50.5})
    words = ["--studies", json.dumps([STUDY]), "--runs", *(run.path for run in runs)]
    result = run_command("studies.py", *words, "--table", tmp_path / "studies.csv")
    assert (result.returncode, result.stderr) == (0, "")
    with (tmp_path / "studies.csv").open(newline="") as file:
        focal, long = csv.DictReader(file)
    assert (focal["difference_points"], focal["seeds"]) == ("0.75", "2")
    assert (long["difference_points"], long["seeds"]) == ("", "0")


def test_the_best_is_chosen_by_the_mean_of_the_last_epoch_and_the_first_of_equal_ones(tmp_path):
    runs = validated(tmp_path, "a", {0: 40.0, 1: 50.0})
    runs += validated(tmp_path, "b", {0: 55.0, 1: 37.0})
    runs += validated(tmp_path, "c", {0: 46.0, 1: 46.0})
    name, points = choose(runs)
    assert name == "b"
    assert [point["validation_accuracy_percent"] for point in points] == [45.0, 46.0, 46.0]
    assert points[1]["seeds"] == {"0": 55.0, "1": 37.0}


def test_where_the_best_epoch_gave_the_weights_its_accuracy_counts(tmp_path):
    runs = validated(tmp_path, "a", {0: 40.0}, weights_epoch=1)
    runs += validated(tmp_path, "b", {0: 50.0})
    name, points = choose(runs)
    assert name == "a"
    assert [point["validation_accuracy_percent"] for point in points] == [99.0, 50.0]


def test_recipes_with_different_seeds_are_not_chosen_from(tmp_path):
    runs = validated(tmp_path, "a", {0: 40.0, 1: 50.0}) + validated(tmp_path, "b", {0: 55.0})
    with pytest.raises(UserError, match=r"the same seeds .* a: \[0, 1\]; b: \[0\]"):
        choose(runs)


def test_a_run_without_a_validation_split_is_one_line(tmp_path):
    run = RunFolder(write_run(tmp_path, "m", 0, 40.0, "plain"))
    with pytest.raises(UserError, match=r"expected a validation accuracy in .* set the recipe's"):
        choose([run])


# --- the report


TOGETHER = [
    change("focal + long", "s-combined", {**FOCAL_SET, **LONG_SET}, "combined"),
    change("focal", "s-long", LONG_SET, "without", "s-combined"),
]


def reported(
    folder, accuracies, changes=(*CHANGES, *TOGETHER), studies=("s",), of_recipes=None, **others
):
    """(HTML, Markdown) in English, and the lines of the table, of results with studies alone.

    studies: their names, alike but for these; others: as for `validated`, of all recipes;
    of_recipes: those of single ones.
    """
    of_recipes = of_recipes or {}
    runs = [
        run
        for name, own in accuracies.items()
        for run in validated(folder, name, own, **others, **of_recipes.get(name, {}))
    ]
    study = {**STUDY, "seeds": [0, 1, 2, 3, 4, 5], "changes": changes}
    (folder / "compare").mkdir()
    table = tabulate_studies([{**study, "name": name} for name in studies], runs)
    table.to_csv(folder / "compare/studies.csv", index=False)
    write_data(folder / "data", synthetic=False)
    write_tables(folder, [])
    for name in ("changes", "change_curves"):
        draw_figure(folder, FIGURES[name], [run.path for run in runs])
    if tests := [run.path for run in runs if is_range_test(run.training["recipe"])]:
        draw_figure(folder, FIGURES["range_tests"], tests)
    trained = tuple(run.path for run in runs)
    content = gather(Results(folder, folder / "compare/studies.csv", trained=trained))
    return render(content, TEMPLATES, language()), content


def seeds(*values):
    return dict(enumerate(values))


PLAIN = seeds(40.0, 41.0, 42.0, 40.0, 41.0, 42.0)
FOCAL = seeds(40.4, 40.6, 42.3, 39.9, 41.5, 41.7)
LONG = seeds(43.0, 43.9, 45.1, 43.2, 44.0, 44.9)
COMBINED = seeds(43.0, 44.1, 45.0, 43.0, 44.2, 44.9)


def test_sentences_say_what_the_interval_holds_and_the_table_has_the_seconds(tmp_path):
    accuracies = {"plain": PLAIN, "s-focal": FOCAL, "s-long": LONG, "s-combined": COMBINED}
    pages, _ = reported(tmp_path / "cifar100", accuracies)
    for page in pages:
        assert (
            "focal alone on m changed nothing that 6 seeds can show: +0.07 points, −0.34 to +0.47"
            in page
        )
        assert (
            "long gains on m: +3.02 points, +2.89 to +3.14, in about the same training time."
            in page
        )
        assert "focal + long gains on m: +3.03 points" in page
        assert "Leaving focal out of all together on m changed nothing" in page
        assert "Nothing was compared on the test split; studies: 1." in page
        assert "Runs of studies and sweeps: 24." in page
        assert "Training took 24 min" in page
        assert "Source: " in page
    # The table: accuracy, gain, interval, seconds and their ratio, steps, held-out share, seeds.
    lines = [text for text in pages[1].splitlines() if text.startswith("| s | m | ")]
    first, second = [text for text in lines if text.startswith("| s | m | long |")]
    assert first.startswith("| s | m | long | 44.0")
    assert second.endswith("| 6 | `epochs: 20`, `optimizer.learning_rate: 0.0001` |")
    together = '| 6 | `loss: {"name": "focal", "gamma": 2.0}`, `epochs: 20`, `optimizer'
    assert [together in text for text in lines if "all together" in text] == [False, True]
    assert next(text for text in reversed(lines) if "without focal" in text).endswith("| 6 | – |")
    assert "<code>loss: {&#34;name&#34;: &#34;focal&#34;, &#34;gamma&#34;: 2.0}</code>" in pages[0]
    assert "<h1>What changes to a recipe gain, on cifar100</h1>" in pages[0]
    assert "–: times are compared only where" not in "".join(pages)


def test_a_report_of_studies_alone_begins_with_the_largest_gains_and_counts_the_others(tmp_path):
    worse = seeds(30.0, 31.0, 32.2, 30.1, 31.0, 32.0)
    accuracies = {"plain": PLAIN, "s-focal": FOCAL, "s-long": LONG, "s-combined": COMBINED}
    changes = (*CHANGES, change("worse", "s-worse", FOCAL_SET), *TOGETHER)
    # Two studies with the same changes count them once.
    pages, _ = reported(
        tmp_path / "cifar100", {**accuracies, "s-worse": worse}, changes, ("one", "other")
    )
    # The one left out of all together, which differs from that measurably or not, is no change.
    text = (
        "The largest gain in validation accuracy: focal + long on m, +3.03 points, +2.92 to +3.14, "
        "in about the same training time. The next: long on m, +3.02 points, +2.89 to +3.14, in "
        "about the same training time. Changes and combinations compared on "
        "the validation split: 4; measurable gains: 2, measurable losses: 1."
    )
    assert f"**{text}**" in pages[1]
    assert f'<p class="lead">{text}</p>' in pages[0].replace("\u00a0", " ")


QUICK = seeds(*(a + 1 for a in PLAIN.values()))
SLOWLY = ", for 3.00 times the training time. "


@pytest.mark.parametrize(
    ("slow", "time"),
    # Unknown is not equal.
    [({"train_seconds": 150.0}, SLOWLY), ({"parts": [{}, {}]}, ". ")],
    ids=["longer", "unknown"],
)
def test_gains_that_took_longer_are_followed_by_the_largest_that_did_not(tmp_path, slow, time):
    accuracies = {"plain": PLAIN, "s-focal": QUICK, "s-long": LONG, "s-combined": COMBINED}
    runs = {"plain": {"train_seconds": 50.0}, "s-focal": {"train_seconds": 55.0}}
    runs |= {"s-long": slow, "s-combined": slow}
    changes = (*CHANGES, TOGETHER[0])
    pages, _ = reported(tmp_path / "some/cifar100", accuracies, changes, of_recipes=runs)
    first = f"focal + long on m, +3.03 points, +2.92 to +3.14{time}"
    second = f"The next: long on m, +3.02 points, +2.89 to +3.14{time}"
    quick = "The largest that takes no longer: focal on m, +1.00 points, "
    assert f"gain in validation accuracy: {first}{second}{quick}" in pages[1]
    runs["s-focal"] = {"train_seconds": 55.1}
    pages, _ = reported(tmp_path / "none/cifar100", accuracies, changes, of_recipes=runs)
    assert f"{first}{second}Changes and" in pages[1]


def test_a_change_that_takes_less_time_says_so(tmp_path):
    accuracies = {"plain": PLAIN, "s-focal": QUICK}
    runs = {"plain": {"train_seconds": 50.0}, "s-focal": {"train_seconds": 45.0}}
    (_, page), _ = reported(tmp_path / "cifar100", accuracies, CHANGES, of_recipes=runs)
    assert re.search(r"focal gains on m: .*, for 0.90 times the training time\.\n", page)


def test_what_one_of_several_tests_shows_by_chance_is_no_gain(tmp_path):
    # Mean 0.45, deviation 0.38: t is 2.90 and p 0.033, twice that of two tests.
    gain = zip((0.6, 0.5, 0.1, 0.9, -0.1, 0.7), PLAIN.values(), strict=True)
    accuracies = {"plain": PLAIN, "s-focal": seeds(*map(sum, gain))}
    (_, page), content = reported(tmp_path / "one/cifar100", accuracies, CHANGES[:1])
    assert "focal gains on m: +0.45 points, +0.05 to +0.85" in page
    assert content.studies[0]["p_value"] == pytest.approx(0.0332, abs=1e-4)
    accuracies["s-long"] = PLAIN
    (_, page), content = reported(tmp_path / "two/cifar100", accuracies, CHANGES)
    assert (
        "focal on m: +0.45 points, +0.05 to +0.85, in about the same training time; of 2 tests "
        "this may be chance." in page
    )
    assert "No change gained anything that its seeds can show." in page
    first, second = content.studies
    assert first["p_value_holm"] == pytest.approx(2 * first["p_value"])
    assert (first["answer"], second["p_value"], second["answer"]) == ("open", 1.0, "open")


def test_a_change_of_which_seeds_failed_says_how_many_are_left(tmp_path):
    left = {seed: LONG[seed] for seed in (0, 1, 4, 5)}
    pages, _ = reported(tmp_path / "cifar100", {"plain": PLAIN, "s-long": left}, CHANGES)
    for page in pages:
        assert re.search(r"long gains on m: .*, with 4 of 6 seeds, as the others failed, in", page)


STOPPED = {"early_stopping": {"metric": "validation_accuracy_percent", "restore_best": True}}


@pytest.mark.parametrize("of", [("s-long",), ("plain",)])
def test_an_epoch_that_was_chosen_on_the_same_images_shows_nothing(tmp_path, of):
    accuracies = {"plain": PLAIN, "s-focal": QUICK, "s-long": LONG}
    runs = {name: {"changed_recipe": STOPPED} for name in of}
    (_, page), content = reported(tmp_path / "cifar100", accuracies, CHANGES, of_recipes=runs)
    chosen = "long on m: +3.02 points with weights of an epoch that was chosen on the same images"
    assert chosen in page
    assert "long gains" not in page
    assert "long on m, " not in page
    assert math.isnan(content.studies[1]["p_value"])


def test_where_both_sides_chose_their_epoch_or_none_did_they_are_compared(tmp_path):
    late = {"early_stopping": {**STOPPED["early_stopping"], "restore_best": False}}
    for number, (ours, others) in enumerate([(STOPPED, STOPPED), (late, {})]):
        runs = validated(tmp_path / str(number), "plain", PLAIN, changed_recipe=others)
        runs += validated(tmp_path / str(number), "s-long", LONG, changed_recipe=ours)
        assert row_of(runs, "long")["answer"] == "better"


def test_a_range_test_is_compared_with_nothing(tmp_path):
    rising = {"changed_recipe": {"schedule": {"name": "rate_range_test", "start": 1e-4}}}
    runs = validated(tmp_path, "plain", PLAIN)
    runs += validated(tmp_path, "s-focal", FOCAL, **rising) + validated(tmp_path, "s-long", LONG)
    assert [*tabulate_studies([STUDY], runs)["change"]] == ["long"]


def test_a_report_of_range_tests_alone_counts_no_study(tmp_path):
    rising = {"schedule": {"name": "rate_range_test", "start": 1e-4}}
    accuracies = {"plain": seeds(1.0), "s-focal": seeds(1.0), "s-long": seeds(1.0)}
    pages, content = reported(tmp_path / "cifar100", accuracies, CHANGES, changed_recipe=rising)
    assert content.studies == []
    for page in pages:
        assert "Nothing was compared." in page
        assert "What changes to a recipe gain" not in page
        assert "Learning-rate range tests" in page


def test_the_page_says_what_the_baseline_sets(tmp_path):
    pages, _ = reported(tmp_path / "cifar100", {"plain": PLAIN, "s-focal": FOCAL}, CHANGES)
    for page in pages:
        assert (
            "The baseline plain: epochs: 5; batch size: 64; optimizer: Adam (learning rate: 0.001, "
            "weight decay: 0.0); schedule: constant" in page
        )
        assert "deterministic algorithms" not in page.partition("<summary>")[0]


def test_where_nothing_gains_or_is_known_the_beginning_claims_nothing(tmp_path):
    none, _ = reported(tmp_path / "one/cifar100", {"plain": PLAIN, "s-focal": FOCAL}, CHANGES)
    assert (
        "**No change gained anything that its seeds can show. Changes and combinations compared "
        "on the validation split: 1; measurable gains: 0, measurable losses: 0.**"
    ) in none[1]
    accuracies = {"plain": seeds(40.0), "s-long": seeds(45.0)}
    one_seed, _ = reported(tmp_path / "two/cifar100", accuracies, CHANGES)
    assert 'class="lead"' not in one_seed[0]
    assert "measurable gains" not in one_seed[1]


def test_where_times_are_not_compared_the_page_says_why(tmp_path):
    accuracies = {"plain": PLAIN, "s-focal": FOCAL, "s-long": LONG, "s-combined": COMBINED}
    pages, _ = reported(tmp_path / "cifar100", accuracies, parts=[{}, {}])
    for page in pages:
        assert "–: times are compared only where no run was interrupted" in page
        assert "within 10\u00a0%." in page
        assert "training time." not in page


def test_all_together_without_an_effect_is_not_called_one_change_alone(tmp_path):
    accuracies = {"plain": PLAIN, "s-focal": FOCAL, "s-long": LONG, "s-combined": FOCAL}
    pages, _ = reported(tmp_path / "cifar100", accuracies)
    for page in pages:
        assert "focal + long together on m changed nothing that 6 seeds can show: +0.07" in page


@pytest.mark.parametrize(
    "others", [{"device_name": "another"}, {"threads": 7}, {"parts": [{}, {}]}], ids=str
)
def test_times_of_unlike_machines_or_with_an_interruption_are_not_compared(tmp_path, others):
    runs = validated(tmp_path, "plain", LONG)
    runs += validated(tmp_path, "s-focal", {seed: a + 3 for seed, a in LONG.items()}, **others)
    row = row_of(runs)
    assert math.isnan(row["seconds_ratio"])
    assert row["train_seconds"] > 0


@pytest.mark.parametrize(("seconds", "ratio"), [(54.9, 1.5), (56.0, None)])
def test_times_of_seeds_that_other_work_slowed_are_not_compared(tmp_path, seconds, ratio):
    runs = validated(tmp_path, "plain", seeds(40.0, 41.0), train_seconds=50.0)
    runs[1:] = validated(tmp_path / "b", "plain", {1: 41.0}, train_seconds=seconds)
    mean = (50.0 + seconds) / 2
    runs += validated(tmp_path, "s-focal", seeds(44.0, 45.0), train_seconds=1.5 * mean)
    found = row_of(runs)["seconds_ratio"]
    assert math.isnan(found) if ratio is None else found == pytest.approx(ratio)


def test_one_seed_has_no_interval_and_a_failed_change_no_pair(tmp_path):
    accuracies = {"plain": seeds(40.0), "s-focal": seeds(44.0)}
    pages, _ = reported(tmp_path / "cifar100", accuracies, CHANGES)
    for page in pages:
        assert "focal on m: +4.00 points with one seed, which has no interval" in page
        assert "long on m has no pair of runs with the same seed." in page


def test_where_the_combined_recipe_failed_what_lacks_a_pair_is_said_of_it_and_not_of_the_change(
    tmp_path,
):
    accuracies = {"plain": PLAIN, "s-focal": FOCAL, "s-long": LONG}
    pages, _ = reported(tmp_path / "cifar100", accuracies)
    for page in pages:
        assert "focal alone on m changed nothing that 6 seeds can show" in page
        assert "focal on m has no pair" not in page
        assert (
            "All together on m without focal (compared with all together) has no pair of runs with "
            "the same seed." in page
        )
        assert "focal + long on m has no pair of runs with the same seed." in page


def test_sentences_of_several_studies_stand_study_by_study(tmp_path):
    accuracies = {"plain": PLAIN, "s-focal": FOCAL, "s-long": LONG}
    (_, page), _ = reported(tmp_path / "cifar100", accuracies, CHANGES, ("one", "other"))
    places = [
        page.index(text)
        for text in ("Study one", "long gains", "Study other", "| one | m |", "| other | m |")
    ]
    assert places == sorted(places)
    assert page.rindex("long gains") > page.index("Study other")


def test_what_max_steps_stopped_gains_and_loses_nothing(tmp_path):
    accuracies = {"plain": PLAIN, "s-focal": FOCAL, "s-long": LONG, "s-combined": COMBINED}
    pages, _ = reported(tmp_path / "cifar100", accuracies, ended_by="max_steps")
    for page in pages:
        assert "long on m: +3.02 points in trial runs, which max_steps stopped and which" in page
        assert "All together on m without focal (compared with all together): −0.02 po" in page
        assert "gains on m" not in page
        assert "changed nothing" not in page
    runs = validated(tmp_path / "x", "plain", PLAIN)
    runs += validated(tmp_path / "x", "s-focal", FOCAL, ended_by="max_steps")
    runs += validated(tmp_path / "x", "s-long", LONG, ended_by="early_stopping")
    assert row_of(runs)["not_tested"] == "max_steps"
    assert row_of(runs, "long")["answer"] == "better"


def test_the_forest_plot_is_ordered_by_effect_and_has_every_seed(tmp_path):
    accuracies = {"plain": PLAIN, "s-focal": FOCAL, "s-long": LONG, "s-combined": COMBINED}
    # In the configuration the one that gains more is the first.
    changes = (*reversed(CHANGES), *TOGETHER)
    _, content = reported(tmp_path / "cifar100", accuracies, changes)
    svg = content.figures["changes"]
    said = {unescape(m[2]) for text in content.figures.values() for m in MESSAGE.finditer(text)}
    assert {"one seed", "all together", "validation accuracy, %"} <= said
    catalogue = read_po(catalogue_path(TEMPLATES / "locale", "zh").open("rb"))
    assert said <= {message.id for message in catalogue if message.string}
    # From the top of the picture down, SVG text comes from the lowest place up.
    places = [svg.index(f">{name}<") for name in ("focal", "long")]
    assert places == sorted(places)
    assert "without" in svg
    assert svg.count("<use") > 6 * 4
    # Both panels have the same scale, each with its numbers.
    ticks = Counter(re.findall(r">(−?[\d.]+)<", svg))
    assert len(ticks) > 2
    assert {*ticks.values()} == {2}


def test_the_curves_of_a_change_are_of_the_seeds_that_both_have(tmp_path):
    accuracies = {"plain": {0: 40.0, 1: 90.0, 2: 60.0}, "s-focal": {0: 41.0, 2: 61.0}}
    _, content = reported(tmp_path / "cifar100", accuracies, CHANGES[:1])
    text = unescape(
        re.search(r"<metadata>(.*?)</metadata>", content.figures["change_curves"], re.S)[1]
    )
    last = {line["recipe"]: line for line in csv.DictReader(text.splitlines())}
    assert {name: line["validation_accuracy_percent"] for name, line in last.items()} == {
        "plain": "50",
        "s-focal": "51",
    }


def test_the_charts_of_a_study_of_which_every_run_failed_are_empty(tmp_path, run_command):
    tabulate_studies([STUDY], []).to_csv(tmp_path / "studies.csv", index=False)
    words = ["--figure", tmp_path / "curves.svg", "--files", tmp_path / "studies.csv"]
    result = run_command("figure.py", "change_curves", *words, "--runs")
    assert (result.returncode, result.stderr) == (0, "")
    assert "<svg" in (tmp_path / "curves.svg").read_text()


def test_names_that_look_like_numbers_stay_as_they_are(tmp_path):
    columns = ("study", "change", "recipe", "compared_with", "model")
    columns += ("test_label", "train_label", "given_label", "predicted_label", "class")
    path = tmp_path / "names.csv"
    write_csv(path, [dict.fromkeys(columns, name) for name in ("007", "1e-3", "0.10")])
    table = read_table(path, columns)
    assert [[*line] for line in table.to_numpy()] == [
        [name] * len(columns) for name in ("007", "1e-3", "0.10")
    ]


def test_the_report_says_what_a_sweep_chose_and_among_how_many(tmp_path):
    names = ("tuned-0.01", "tuned-0.1", "tuned-1.0")
    points = [{"recipe": name, "validation_accuracy_percent": 40.0, "seeds": {}} for name in names]
    chosen = {"recipe": "tuned-0.1", "from": points}
    accuracies = {("m", "tuned"): (40.0,)}
    for page in rendered(write_results(tmp_path / "x", accuracies=accuracies, chosen=chosen)):
        assert (
            "Chosen on the validation split among 3 points of its sweep: tuned-0.1. The others did "
            "not meet the test split." in page
        )
    for other, another in (("tuned-1.0", None), ("other", "tuned-0.01")):
        # `runs` has another point, too; or another sweep has chosen it.
        accuracies = {("m", "tuned"): (40.0,), ("m", other): (41.0,)}
        folder = write_results(tmp_path / other, accuracies=accuracies, chosen=chosen)
        path = folder / f"runs/m/{other}/seed-0/training.json"
        training = json.loads(path.read_text())
        del training["chosen"]
        training |= {"chosen": {**chosen, "recipe": another}} if another else {}
        path.write_text(json.dumps(training))
        for page in rendered(folder):
            assert "among 3 points of its sweep: tuned-0.1." in page
            assert "did not meet the test split" not in page
    for page in rendered(write_results(tmp_path / "y", accuracies=accuracies)):
        assert "Chosen on the validation split" not in page


def test_provenance_has_the_runs_that_were_compared_with_nothing(tmp_path):
    folder = tmp_path / "cifar100"
    runs = validated(folder, "plain", {0: 40.0, 1: 41.0}, validation_accuracy_percent=40.25)
    runs += validated(folder, "other", {0: 42.0}, source=None, validation_accuracy_percent=42.75)
    write_data(folder / "data", synthetic=False)
    (folder / "compare").mkdir()
    write_tables(folder, [])
    results = Results(folder, trained=tuple(run.path for run in runs))
    versions = {"torch": "2.15.0"}
    html, markdown = render(gather(results, versions=versions), TEMPLATES, language())
    for page in (html, markdown):
        assert "Runs of studies and sweeps: 3" in page
        assert "42.75" in page
        assert "Not the locked version: m · other · 0 was trained with torch 2.14.1" in page
    lines = [line for line in markdown.splitlines() if line.startswith("| m | ")]
    assert [line.split(" | ")[1:4] for line in lines] == [
        ["plain", "0", "40.25"],
        ["plain", "1", "40.25"],
        ["other", "0", "42.75"],
    ]
    assert all("c0ffeec0ff" in line for line in lines[:2])
    assert lines[2].endswith("| – |")
    # A run of the comparison is in its own table.
    compared = write_results(tmp_path / "x", accuracies={("cnn_2", "r"): (40.0,)})
    trained = (compared / "runs/cnn_2/r/seed-0",)
    assert (
        "Runs of studies"
        not in render(gather(Results(compared, trained=trained)), TEMPLATES, language())[0]
    )
