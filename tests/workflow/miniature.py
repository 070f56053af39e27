"""The smallest workflow around rules/engine.smk, with what its results should be."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

from project import ROOT

SOURCE = Path(__file__).parent / "miniature"
CONFIGURATION = {"size": 2, "rates": {"a": 1, "b": 2, "c": 3}, "names": ["a", "b"]}
# What can be edited: the file and the text around the number.
NUMBERS = {
    "a user's model": ("own/model.py", "WIDTH = {}\n", 8),
    "a helper of a user's model": ("own/helper.py", "ADDED = {}\n", 1),
    "a file that a user's model reads": ("own/scale.json", '"scale": {}}}', 1),
    "a local file of the configuration": ("own/{braces}.json", "{}\n", 3),
    "a helper of the commands": ("scripts/common.py", "BASE = {}\n", 0),
    "a metric's code": ("scripts/metrics.py", "MODULUS = {}\n", 1000),
}
RATE_THAT_FAILS = 13


class Miniature:
    """A copy in a folder; `numbers`, `template` and `configuration` are what it is made from.

    computed: the folder of another one to copy, with its results, or None.
    """

    def __init__(self, folder, snakemake, computed=None):
        self.folder, self.program = folder, snakemake
        unwanted = shutil.ignore_patterns("__pycache__")
        shutil.copytree(computed or SOURCE, folder, ignore=unwanted)
        if computed is None:
            (folder / "rules").mkdir()
            shutil.copy(ROOT / "rules/engine.smk", folder / "rules")
            shutil.copytree(ROOT / "scripts/engine", folder / "scripts/engine", ignore=unwanted)
        self.numbers = {name: number for name, (_, _, number) in NUMBERS.items()}
        self.template, self.configuration = "Report: \n", json.loads(json.dumps(CONFIGURATION))
        self.configure()

    def edit(self, name, number):
        """Write a number where NUMBERS says it stands."""
        file, pattern, _ = NUMBERS[name]
        path, old = self.folder / file, pattern.format(self.numbers[name])
        text = path.read_text()
        assert text.count(old) == 1
        path.write_text(text.replace(old, pattern.format(number)))
        self.numbers[name] = number

    def edit_template(self, text):
        (self.folder / "template.txt").write_text(text)
        self.template = text

    def configure(self, **values):
        self.configuration.update(values)
        (self.folder / "config.yaml").write_text(json.dumps(self.configuration))

    def snakemake(self, *arguments):
        words = [self.program, "--cores", "2", "--keep-going", *arguments]
        path = os.pathsep.join([str(Path(self.program).parent), os.environ["PATH"]])
        # A dry run logs to standard output, everything else to standard error.
        return subprocess.run(
            [str(word) for word in words],
            cwd=self.folder,
            env={**os.environ, "PATH": path},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=120,
        )

    def expected(self):
        """What the results are made from scratch: texts by path."""
        numbers, configuration = self.numbers, self.configuration
        data = min(configuration["size"], 3)
        results = {"results/data.json": f"{data}"}
        number = data + numbers["a local file of the configuration"]
        number += numbers["a helper of the commands"]
        model = number * numbers["a file that a user's model reads"]
        model += numbers["a user's model"] + numbers["a helper of a user's model"]
        metrics = {}
        for name in configuration["names"]:
            weights = configuration["rates"][name] * model
            metrics[name] = weights % numbers["a metric's code"]
            results[f"results/train/{name}.json"] = f"{weights}"
            results[f"results/metrics/{name}.json"] = f"{metrics[name]}"
        report = f"{self.template}{' '.join(map(str, metrics.values()))} of {data}\n"
        return {**results, "results/report.txt": report}

    def found(self):
        """What is there of these, None where it is not."""
        paths = {path: self.folder / path for path in self.expected()}
        return {name: path.read_text() if path.is_file() else None for name, path in paths.items()}

    def state(self):
        """Every file with its content and its times, but what Snakemake keeps for itself."""
        return {
            str(path): (path.read_bytes(), path.stat().st_mtime_ns)
            for path in sorted(self.folder.rglob("*"))
            if path.is_file() and not {".snakemake", "__pycache__"} & set(path.parts)
        }


def jobs_that_ran(result):
    """The rules whose jobs finished, each with its number."""
    finished = re.findall(r"^Finished jobid: \d+ \(Rule: (\w+)\)", result.stdout, re.MULTILINE)
    return {name: finished.count(name) for name in finished if name != "all"}
