"""What the data hides: near-duplicates of test images, doubtful labels, corrected labels."""

from reporting.blocks import Details, Field, Paragraph, Section, Table
from reporting.messages import N_, Cell, Sentence
from reporting.numbers import number, signed
from reporting.pictures import picture

WITHOUT = "test_accuracy_without_duplicates_percent"
CORRECTED = "test_accuracy_by_corrected_labels_percent"
# Of the labels that no run believes; the file has all of them.
MOST_DOUBTS = 20
DUPLICATES_CHANGE = N_(
    "Without these images the accuracies change by %(low)s to %(high)s points; "
    "that of %(a)s is %(x)s %% instead of %(y)s %%."
)
CORRECTIONS_CHANGE = N_(
    "By the corrected labels the accuracies change by %(low)s to %(high)s points; "
    "that of %(a)s is %(x)s %% instead of %(y)s %%."
)


def blocks(content, say):
    found = [
        Paragraph(say.sentences(duplicate_sentences(content))),
        Paragraph(say.sentences([*doubt_sentences(content), *correction_sentences(content)])),
    ]
    files = ["data/duplicates.json", "compare/doubtful_labels.csv"]
    if content.quality.duplicates["with_duplicates"]:
        found.append(duplicates(content, say))
    if content.quality.doubts:
        found.append(doubts(content, say))
    if content.quality.corrections is not None:
        files.append("data/corrected_labels.json")
    return [*found, Paragraph(say.source(*files), "source")]


def duplicate_sentences(content):
    """How many test images were found again, and what hangs on them."""
    found = content.quality.duplicates
    values = {
        "n": found["test_images"],
        "k": found["with_duplicates"],
        "m": found["train_images"],
        "t": f"{found['threshold']:g}",
    }
    message = N_(
        "Of %(n)s test images, %(k)s have a near-duplicate among the %(m)s training images, by "
        "their pixels: one training image that is much nearer than the tenth nearest, at most "
        "%(t)s times as far."
    )
    sentences = [Sentence(message, values)]
    if not found["with_duplicates"]:
        return sentences
    kinds = found["by_kind"]
    message = N_(
        "%(a)s of these are the same byte by byte, %(b)s nearly so, pixel by pixel, and %(c)s are "
        "alike when moved by some pixels or mirrored."
    )
    values = {"a": kinds["identical"], "b": kinds["exact"], "c": kinds["near"]}
    sentences.append(Sentence(message, values))
    if found["other_label"]:
        message = N_("The nearest training image of %(k)s of them has another label.")
        sentences.append(Sentence(message, {"k": found["other_label"]}))
    return [*sentences, *change_sentences(content, WITHOUT, DUPLICATES_CHANGE)]


def doubt_sentences(content):
    """On how many images all runs agree against the label."""
    doubts = content.quality.doubts
    n = sum(len(row.runs) for row in content.compared)
    if n < 2:
        message = N_(
            "It takes two runs or more, trial runs aside, to find doubtful labels; there are fewer "
            "here."
        )
        return [Sentence(message, {})]
    if not doubts:
        message = N_("On no test image do all %(n)s runs agree on a class that is not the label.")
        return [Sentence(message, {"n": n})]
    message = N_(
        "On %(k)s of the test images all %(n)s runs agree on the same class, which is not the "
        "label. Some of these labels are wrong; others are hard images, on which models that "
        "learned from the same training images err alike."
    )
    return [Sentence(message, {"k": len(doubts), "n": n})]


def correction_sentences(content):
    """What a user's list of corrected labels does to the accuracies."""
    corrections = content.quality.corrections
    if corrections is None:
        return []
    message = N_(
        "The user's list of corrected labels changes %(k)s labels and strikes %(s)s images."
    )
    values = {"k": corrections["corrected"], "s": corrections["struck"]}
    changes = change_sentences(content, CORRECTED, CORRECTIONS_CHANGE)
    return [Sentence(message, values), *changes]


def change_sentences(content, column, message):
    """How far a further accuracy, a column, is from that of all images by the given labels."""
    rows = [row for row in content.compared if row.has(column)]
    if not rows:
        return []
    changes = [row.measured[column] - row.accuracy for row in rows]
    best = max(rows, key=lambda row: row.accuracy)
    values = {
        "low": signed(min(changes), 2),
        "high": signed(max(changes), 2),
        "a": best.title,
        "x": Cell(best.cell(column), best.measured[column], 2),
        "y": Cell(best.cell("test_accuracy_percent"), best.accuracy, 2),
    }
    return [Sentence(message, values)]


def duplicates(content, say):
    """How many test images have one up to which ratio, and pictures of some, folded away."""
    heads = [N_("ratio at most"), N_("test images"), N_("counted")]
    found = content.quality.duplicates
    label = N_(
        "Test images by the distance of the nearest training image, as a share of that of the tenth"
    )
    table = Table(
        label=say(label),
        title=say(label),
        style="dense",
        head=[Field(say(text), True) for text in heads[:2]] + [Field(say(heads[2]))],
        rows=[
            [
                Field(f"{ratio:g}", True),
                Field(number(n), True),
                Field(say.answer(ratio <= found["threshold"])),
            ]
            for ratio, n in found["by_ratio"]
        ],
    )
    return Details(
        say(N_("Near-duplicates")), [table, picture(content, say, "duplicate_pairs")], "duplicates"
    )


def doubts(content, say):
    """The labels of which the runs are surest that they are wrong, folded away."""
    heads = [N_("test image"), N_("label"), N_("all runs say"), N_("mean confidence, %")]
    title = say(N_("Labels that no run believes, those of which the runs are surest"))
    table = Table(
        label=title,
        style="dense",
        head=[Field(say(text), text in (heads[0], heads[3])) for text in heads],
        rows=[
            [
                Field(str(line["test_index"]), True),
                Field(say.name(line["given_label"])),
                Field(say.name(line["predicted_label"])),
                Field(number(line["mean_confidence_percent"], 1), True),
            ]
            for line in content.quality.doubts[:MOST_DOUBTS]
        ],
    )
    return Details(title, [table], "doubts")


SECTION = Section(
    "data_quality",
    N_("What the data hides"),
    blocks,
    is_shown=lambda content: bool(content.rows and content.quality),
)
