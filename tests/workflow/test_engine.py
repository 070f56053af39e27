"""What is announced is what runs, and status 0 means done: real invocations, again and again."""

import os
import shutil

import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    rule,
    run_state_machine_as_test,
)
from made import common_folder, made_once
from miniature import NUMBERS, RATE_THAT_FAILS, Miniature, jobs_that_ran

METRICS = "results/metrics/a.json"
NOTHING = "Nothing to be done"


@pytest.fixture(scope="session")
def computed_miniature(tmp_path_factory, snakemake):
    folder = common_folder(tmp_path_factory) / "miniature/miniature"
    return made_once(folder, lambda folder: ends_well(Miniature(folder, snakemake)))


@pytest.fixture
def miniature(tmp_path, snakemake, computed_miniature):
    """A miniature workflow in which everything is computed."""
    return Miniature(tmp_path / "miniature", snakemake, computed_miniature)


def ends_well(miniature, *arguments):
    """Run, and compare the results with those of fresh sources; the jobs that ran."""
    result = miniature.snakemake(*arguments)
    assert result.returncode == 0, result.stdout
    assert miniature.found() == miniature.expected(), result.stdout
    return jobs_that_ran(result)


@pytest.mark.parametrize("name", NUMBERS)
def test_the_same_file_edited_four_times_is_seen_four_times(miniature, name):
    rules = {"train": 2, "metrics": 2, "report": 1}
    if name == "a metric's code":
        del rules["train"]
    elif name == "a helper of the commands":
        rules["data"] = 1
    for number in (21, 22, 23, 24):
        miniature.edit(name, number)
        assert ends_well(miniature) == rules


@pytest.mark.parametrize("damage", ["{}", None])
def test_the_same_output_damaged_four_times_is_repaired_four_times(miniature, damage):
    path = miniature.folder / METRICS
    for _ in range(4):
        path.unlink()
        if damage is not None:
            path.write_text(damage)
        # Snakemake runs what reads a file that is not there.
        assert ends_well(miniature) == {"metrics": 1} | ({"report": 1} if damage is None else {})


def test_a_setting_changed_there_and_back_and_there_again(miniature):
    for rate in (5, 1, 5, 1):
        miniature.configure(rates={**miniature.configuration["rates"], "a": rate})
        assert ends_well(miniature) == {"train": 1, "metrics": 1, "report": 1}


def test_a_template_edited_three_times_makes_the_report_three_times(miniature):
    for text in ("One: ", "Two: ", "One: "):
        miniature.edit_template(text)
        assert ends_well(miniature) == {"report": 1}


def test_an_undone_edit_a_failed_run_and_lost_metadata_between_leave_nothing_stale(miniature):
    for number in (21, 22, 23):
        miniature.edit("a user's model", number)
        miniature.edit("a user's model", 8)
        assert miniature.snakemake("--dry-run").stdout.count(NOTHING) == 1
        miniature.edit("a user's model", number)
        miniature.configure(rates={"a": RATE_THAT_FAILS, "b": 2, "c": 3})
        failed = miniature.snakemake()
        assert failed.returncode == 1
        assert "no training with a rate of 13" in failed.stdout
        shutil.rmtree(miniature.folder / ".snakemake")
        miniature.configure(rates={"a": 1, "b": 2, "c": 3})
        ends_well(miniature)
        miniature.edit("a user's model", 8)
        ends_well(miniature)


def test_data_that_stay_the_same_rerun_nothing_and_others_everything(miniature):
    assert ends_well(miniature, "--config", "size=2") == {}
    miniature.configure(size=3)
    assert ends_well(miniature) == {"data": 1, "train": 2, "metrics": 2, "report": 1}
    for size in (4, 5, 4):
        miniature.configure(size=size)
        assert ends_well(miniature) == {"data": 1}
    # What is stale in any case runs after the data, once.
    miniature.configure(size=2)
    miniature.edit("a metric's code", 21)
    assert ends_well(miniature) == {"data": 1, "train": 2, "metrics": 2, "report": 1}


def test_touch_is_refused_and_declares_nothing_up_to_date(miniature):
    miniature.edit("a user's model", 21)
    before = miniature.state()
    refused = miniature.snakemake("--touch")
    assert refused.returncode == 1
    assert "--touch changes nothing here" in refused.stdout
    assert "Traceback" not in refused.stdout
    assert miniature.state() == before
    assert ends_well(miniature) == {"train": 2, "metrics": 2, "report": 1}


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["--no-hooks"], "--no-hooks would skip the check"),
        (["--batch", "report=1/2"], "--batch would hide what other batches need"),
    ],
)
def test_what_would_hide_stale_results_is_refused(miniature, words, reason):
    refused = miniature.snakemake(*words)
    assert refused.returncode == 1
    assert reason in refused.stdout
    assert "Traceback" not in refused.stdout


@pytest.mark.parametrize(
    ("arguments", "ran"),
    [
        (["--until", "train"], {"train": 2}),
        (["--omit-from", "report"], {"train": 2, "metrics": 2}),
        ([METRICS], {"train": 1, "metrics": 1}),
        (["--forcerun", "data"], {"data": 1, "train": 2, "metrics": 2, "report": 1}),
        (["--keep-going"], {"train": 2, "metrics": 2, "report": 1}),
    ],
)
def test_what_is_asked_for_is_announced_and_runs_and_the_rest_stays_stale(
    miniature, arguments, ran
):
    miniature.edit("a user's model", 21)
    result = miniature.snakemake(*arguments)
    assert result.returncode == 0, result.stdout
    assert jobs_that_ran(result) == ran
    announced = result.stdout.partition("Stale, by content:")[2].partition("\n\n")[0]
    assert ("report:" in announced) == ("report" in ran)
    ends_well(miniature)


def test_a_forced_job_reruns_what_reads_other_bytes_of_it(miniature):
    assert ends_well(miniature, "--forcerun", "train") == {"train": 2, "metrics": 2, "report": 1}
    assert ends_well(miniature, "--forcerun", "metrics") == {"metrics": 2}


@pytest.mark.parametrize(
    "question",
    [
        ["--dry-run"],
        ["--dry-run", "--forcerun", "train"],
        *(["--summary"], ["--detailed-summary"], ["--dag"], ["--rulegraph"], ["--list"]),
        *(["--list-changes", "input"], ["--report", "../report.html"]),
    ],
    ids=" ".join,
)
def test_a_question_writes_nothing(miniature, question):
    if question[0] != "--report":
        miniature.edit("a user's model", 21)
    before = miniature.state()
    result = miniature.snakemake(*question)
    assert result.returncode == 0, result.stdout
    assert miniature.state() == before
    assert not (miniature.folder / ".snakemake/locks").is_dir() or not list(
        (miniature.folder / ".snakemake/locks").iterdir()
    )


@pytest.mark.parametrize("option", ["--summary", "--detailed-summary"])
def test_the_summary_says_that_all_is_up_to_date(miniature, option):
    for number in (21, 22):
        miniature.edit("a user's model", number)
        miniature.configure(size=number)
        ends_well(miniature)
    lines = miniature.snakemake(option).stdout.splitlines()
    header, *rows = [line.split("\t") for line in lines if "\t" in line]
    assert len(rows) == 12
    assert {row[header.index("status")] for row in rows} == {"ok"}
    assert {row[header.index("plan")] for row in rows} == {"no update"}


def test_a_missing_file_is_named_and_hides_no_other_edit(miniature):
    (miniature.folder / "template.txt").unlink()
    miniature.edit("a user's model", 21)
    result = miniature.snakemake()
    assert result.returncode == 1
    assert "results/report.txt is there and can no longer be made" in result.stdout
    assert "Traceback" not in result.stdout
    miniature.edit_template("Again: ")
    ends_well(miniature)


def test_an_edit_while_jobs_run_ends_with_an_error_that_names_it(miniature):
    command = miniature.folder / "scripts/report.py"
    edit = 'file = open("own/model.py", "a"); file.write("UNUSED = 1\\n"); file.close()'
    command.write_text(f"{command.read_text()}    exec({edit!r})\n")
    result = miniature.snakemake()
    assert result.returncode == 1
    assert "this is not up to date" in result.stdout
    assert "train a, b: code changed: own/model.py" in result.stdout
    assert "Traceback" not in result.stdout


def changed_snakemake(miniature):
    """Snakemake no longer runs what is in forcefiles."""
    replace(miniature, "rules/engine.smk", "self.forcefiles.update(self.our_files)", "pass")
    miniature.edit("a user's model", 21)


def masking_snakemake(miniature):
    """Snakemake hides what is downstream of a job that runs in another way than by bfs."""
    replace(
        miniature, "rules/engine.smk", "self.bfs = lambda *_, **__: ()", "self.bfs = super().bfs"
    )
    (miniature.folder / "results/data.json").write_text("{}")
    miniature.edit("a metric's code", 21)


def input_whose_time_counts(miniature):
    """A rule's author forgot inputs()."""
    replace(miniature, "Snakefile", "ancient(item)", "item")
    # Without it Snakemake knows no checksums, and the time decides.
    shutil.rmtree(miniature.folder / ".snakemake")
    os.utime(miniature.folder / METRICS)


def replace(miniature, file, before, after):
    path = miniature.folder / file
    text = path.read_text()
    assert before in text
    path.write_text(text.replace(before, after))


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (changed_snakemake, "is stale and Snakemake does not plan its job"),
        (masking_snakemake, "is stale and Snakemake does not plan its job"),
        (input_whose_time_counts, "is up to date and Snakemake plans its job"),
    ],
)
def test_a_plan_that_is_not_what_was_decided_is_an_error(miniature, fault, words):
    fault(miniature)
    for arguments in (["--dry-run"], []):
        result = miniature.snakemake(*arguments)
        assert result.returncode == 1
        assert words in result.stdout
        assert "Please report it" in result.stdout
        assert "Traceback" not in result.stdout


def test_a_snakemake_that_lacks_what_is_needed_is_one_line(miniature):
    replace(miniature, "rules/engine.smk", '"update_needrun ', '"update_needrun lost_function ')
    result = miniature.snakemake("--dry-run")
    assert result.returncode == 1
    assert "it has no DAG.lost_function); install the version in requirements.lock" in result.stdout
    assert "Traceback" not in result.stdout


def test_a_setting_that_the_command_does_not_record_is_an_error(miniature):
    replace(
        miniature, "Snakefile", '{"size": config["size"]}', '{"size": config["size"], "more": 1}'
    )
    result = miniature.snakemake()
    assert result.returncode == 1
    assert "data: more: nothing → 1" in result.stdout


class Sequences(RuleBasedStateMachine):
    """Any edits, damages and invocations; after each full one, the results are those of fresh
    sources."""

    folder = snakemake = None  # set by the test

    @initialize()
    def begin(self):
        shutil.rmtree(self.folder, ignore_errors=True)
        self.miniature = Miniature(self.folder, self.snakemake)
        self.run_all()

    @rule(name=st.sampled_from(list(NUMBERS)), number=st.integers(1, 3))
    def edit(self, name, number):
        self.miniature.edit(name, number)

    @rule(size=st.integers(1, 5))
    def resize(self, size):
        self.miniature.configure(size=size)

    @rule(rate=st.sampled_from([1, 2, RATE_THAT_FAILS]))
    def change_the_rate(self, rate):
        self.miniature.configure(rates={**self.miniature.configuration["rates"], "a": rate})

    @rule(names=st.sampled_from([["a", "b"], ["a"], ["a", "b", "c"], ["b", "a"]]))
    def choose(self, names):
        self.miniature.configure(names=names)

    @rule(text=st.sampled_from(["One: ", "Two: "]))
    def edit_the_template(self, text):
        self.miniature.edit_template(text)

    @rule(number=st.integers(0, 30), content=st.sampled_from(["{}", "0", None]))
    def damage(self, number, content):
        files = sorted(path for path in (self.miniature.folder / "results").rglob("*.*"))
        path = files[number % len(files)]
        path.unlink()
        if content is not None:
            path.write_text(content)

    @rule()
    def touch_everything(self):
        for path in self.miniature.folder.rglob("*"):
            os.utime(path)

    @rule()
    def lose_the_metadata(self):
        shutil.rmtree(self.miniature.folder / ".snakemake", ignore_errors=True)

    @rule(arguments=st.sampled_from([["--until", "train"], [METRICS], ["--touch"], ["--dry-run"]]))
    def run_a_part(self, arguments):
        self.miniature.snakemake(*arguments)

    @rule(force=st.sampled_from([[], [], ["--forcerun", "metrics"], ["--forceall"]]))
    def run_all(self, force=()):
        miniature = self.miniature
        result = miniature.snakemake(*force)
        fails = miniature.configuration["rates"]["a"] == RATE_THAT_FAILS
        assert result.returncode == (1 if fails else 0), result.stdout
        assert "Traceback" not in result.stdout
        if not fails:
            assert miniature.found() == miniature.expected(), result.stdout

    def teardown(self):
        if hasattr(self, "miniature"):
            self.change_the_rate(1)
            self.run_all()
            assert NOTHING in self.miniature.snakemake().stdout


def test_after_any_sequence_of_edits_and_runs_the_results_are_those_of_fresh_sources(
    tmp_path, snakemake
):
    Sequences.snakemake, Sequences.folder = snakemake, tmp_path / "miniature"
    # Derandomised, for a suite that always says the same; MORE_SEQUENCES draws others.
    more = int(os.environ.get("MORE_SEQUENCES", 0))
    run_state_machine_as_test(
        Sequences,
        settings=settings(
            max_examples=more or 5,
            stateful_step_count=10,
            deadline=None,
            derandomize=not more,
            phases=[Phase.generate],
            database=None,
        ),
    )
