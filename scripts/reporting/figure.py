"""What a figure says of itself: what it is drawn of, which files it reads, how it is called."""

from collections.abc import Callable
from dataclasses import dataclass, field

# A figure exists once for the comparison, once for all studies or range tests, or once for each row
# (model × recipe), each model or each recipe with augmentations.
LABELS = {"comparison": "", "studies": "", "range_tests": ""}
LABELS |= {"row": ".{model}+{recipe}", "model": ".{model}", "recipe": ".{recipe}"}
NAMES = {"comparison": "", "studies": "", "range_tests": ""}
NAMES |= {"row": "{model}/{recipe}", "model": "{model}", "recipe": "{recipe}"}


def no_caption(_content, _row):
    return []


@dataclass(frozen=True)
class Figure:
    """The description of a figure, made by its module and found by `reporting.figures`.

    per: a key of LABELS; title, description: messages, the latter for readers who cannot see the
    figure, with %(title)s for the row; draw: a function from what is read to SVG text; files: what
    is read below results/<dataset>/, patterns with {model}, {recipe} and {first_seed}, by the names
    of `draw`'s arguments; runs: names of further files, read in the folder of each run
    of what it is drawn of: `draw` gets the folders as `runs`; caption: a function from a Content
    and a Row, None per comparison, to Sentences; sources: patterns of the files in which
    the numbers stand, where these are not simply those that are read; path: of the figure below
    results/<dataset>/, where it is not the usual one; is_wide: whether it needs the width of the
    page to be legible; category: in Snakemake's own report; name: of its module.
    """

    per: str
    category: str
    title: str
    description: str
    draw: Callable
    files: dict = field(default_factory=dict)
    runs: tuple = ()
    caption: Callable = no_caption
    sources: tuple = ()
    path: str = ""
    is_wide: bool = False
    name: str = ""

    @property
    def label(self):
        """Its name among all drawings, a pattern: accuracy, loss.{model}+{recipe}."""
        return self.name + LABELS[self.per]

    @property
    def file(self):
        """Where it is drawn to below results/<dataset>/, a pattern."""
        return self.path or f"figures/{self.label}.svg"

    @property
    def of(self):
        """What it is drawn of, a pattern that names its jobs."""
        return NAMES[self.per]

    @property
    def is_of_rows(self):
        """Whether it is drawn wherever runs are compared."""
        return self.per in ("comparison", "row", "model")

    @property
    def labels(self):
        """Its labels in Snakemake's own report."""
        if not LABELS[self.per]:
            return {"figure": self.title}
        return {name: f"{{{name}}}" for name in ("model", "recipe") if f"{{{name}}}" in self.label}

    @property
    def about(self):
        """The description in the language of the messages, with {model} and {recipe} as titles."""
        title = " with ".join(f"{{{name}}}" for name in self.labels)
        return self.description % {"title": title} if LABELS[self.per] else self.description

    @property
    def reads(self):
        """What it reads, as arguments of scripts/figure.py."""
        words = ["--files", *self.files.values()] if self.files else []
        runs = [f"--runs of folders with {' and '.join(self.runs)}"] if self.runs else []
        return " ".join([*words, *runs])

    def inputs(self, files, runs):
        """Paths of all that is read, of its files and folders of runs."""
        return [*files, *(folder / name for folder in runs for name in self.runs)]

    def sources_of(self, row, recipe=""):
        """The files to name under the figure. row: Row, None per comparison; recipe: its name."""
        patterns = [*self.files.values()]
        if self.runs:
            folder = "runs/{model}/{recipe}/seed-…/" if self.per == "row" else "runs/…/"
            patterns = [folder + self.runs[0], *self.runs[1:], *patterns]
        values = {"recipe": recipe}
        if row is not None:
            values = {"model": row.model, "recipe": row.recipe, "first_seed": row.runs[0].seed}
        return [pattern.format(**values) for pattern in self.sources or patterns]
