"""What the data hides: near-duplicates of test images, doubtful labels, corrected labels."""

from reporting.blocks import Field, Group, Paragraph, Section, Table
from reporting.messages import N_, Cell, Sentence
from reporting.numbers import number
from reporting.pictures import picture

WITHOUT = "test_accuracy_without_duplicates_percent"
CORRECTED = "test_accuracy_by_corrected_labels_percent"
# Of the labels that no run believes; the file has all of them.
MOST_DOUBTS = 20


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


DUPLICATES_CHANGE = N_(
    "Without these images the accuracy changes by %(low)s to %(high)s points, from row to row; "
    "that of %(a)s is %(x)s %% instead of %(y)s %%."
)
CORRECTIONS_CHANGE = N_(
    "By the corrected labels the accuracy changes by %(low)s to %(high)s points, from row to row; "
    "that of %(a)s is %(x)s %% instead of %(y)s %%."
)


def change_sentences(content, column, message):
    """How far a further accuracy, a column, is from that of all images by the given labels."""
    rows = [row for row in content.rows if row.has(column)]
    if not rows:
        return []
    changes = [row.measured[column] - row.accuracy for row in rows]
    best = max(rows, key=lambda row: row.accuracy)
    values = {
        "low": signed(min(changes)),
        "high": signed(max(changes)),
        "a": best.title,
        "x": Cell(best.cell(column), best.measured[column], 2),
        "y": Cell(best.cell("test_accuracy_percent"), best.accuracy, 2),
    }
    return [Sentence(message, values)]


def signed(value):
    """A difference in points with its sign, two digits; what rounds to zero has none."""
    text = number(abs(value), 2)
    return text if text == "0.00" else f"{'+' if value > 0 else '−'}{text}"


def duplicates(content, say):
    heads = [N_("ratio at most"), N_("test images"), N_("counted")]
    found = content.quality.duplicates
    table = Table(
        label=say(
            N_(
                "Test images by the distance of the nearest training image, as a share of that of "
                "the tenth"
            )
        ),
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
    return Group(
        say(N_("Near-duplicates")),
        [
            Paragraph(say.sentences(duplicate_sentences(content))),
            table,
            Paragraph(say.source("data/duplicates.json"), "source"),
            picture(content, say, "duplicate_pairs"),
        ],
        anchor="duplicates",
    )


def doubt_sentences(content):
    """On how many images all runs agree against the label."""
    n, doubts = len(content.runs), content.quality.doubts
    if n < 2:
        return [Sentence(N_("With one run alone it cannot be said which labels are doubtful."), {})]
    message = N_(
        "On %(k)s of the test images all %(n)s runs agree on the same class, which is not the "
        "label. Some of these labels are wrong; others are hard images, on which models that "
        "learned from the same training images err alike."
    )
    return [Sentence(message, {"k": len(doubts), "n": n})]


def doubts(content, say):
    lines = content.quality.doubts[:MOST_DOUBTS]
    heads = [N_("test image"), N_("label"), N_("all runs say"), N_("mean confidence, %")]
    table = Table(
        label=say(N_("Labels that no run believes, those of which the runs are surest")),
        title=say(N_("Labels that no run believes, those of which the runs are surest")),
        style="dense",
        head=[Field(say(text), text in (heads[0], heads[3])) for text in heads],
        rows=[
            [
                Field(str(line["test_index"]), True),
                Field(say.safe(line["given_label"])),
                Field(say.safe(line["predicted_label"])),
                Field(number(line["mean_confidence_percent"], 1), True),
            ]
            for line in lines
        ],
    )
    return Group(
        say(N_("Doubtful labels")),
        [
            Paragraph(say.sentences([*doubt_sentences(content), *correction_sentences(content)])),
            *([table] if lines else []),
            Paragraph(say.source("compare/doubtful_labels.csv"), "source"),
        ],
        anchor="doubts",
    )


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


def blocks(content, say):
    return [duplicates(content, say), doubts(content, say)]


SECTION = Section(
    "data_quality",
    N_("What the data hides"),
    blocks,
    is_shown=lambda content: bool(content.rows and content.quality),
)
