"""What the report calls the columns of the comparison, and how it shows their values."""

from dataclasses import dataclass

from cifarlab.comparison.columns import COLUMNS
from cifarlab.comparison.trials import AS_GUESSING, CUT_SHORT
from reporting.messages import N_
from reporting.numbers import is_missing, number


@dataclass(frozen=True)
class Title:
    """title: a message of a few words, with the unit; help: one sentence; is_shown: at first."""

    title: str
    help: str
    is_shown: bool = False


# What an interval covers, as comparison.csv says it.
COVERS = {"images and seeds": N_("images and seeds"), "images": N_("images alone")}
# Sources of columns that may be empty for all rows.
OF_TEST_SPLIT = ("metrics", "robustness")
# Why a row is a trial run, as it says it.
TRIALS = {
    CUT_SHORT: N_("stopped by max_steps"),
    AS_GUESSING: N_("no better than guessing"),
}

# In the order in which a reader meets them, which is not that of comparison.csv.
TITLES = {
    "model": Title(N_("model"), N_("Architecture with its settings."), True),
    "recipe": Title(N_("recipe"), N_("Everything about training that is not the model."), True),
    "test_accuracy_percent": Title(
        N_("test accuracy, %"),
        N_("Top-1, the mean over seeds; ± is the standard deviation over seeds."),
        True,
    ),
    "rank_low": Title(
        N_("rank"),
        N_(
            "By test accuracy, an interval: from one more than the number of models that are "
            "measurably better to all but those that are measurably worse."
        ),
        True,
    ),
    "rank_high": Title(N_("rank, at worst"), N_("The upper end of the rank.")),
    "trial": Title(
        N_("trial run"),
        N_("Why the accuracy means nothing and has no rank; a dash: it is no trial run."),
    ),
    "test_accuracy_low_percent": Title(
        N_("95 % interval, from"), N_("Of the mean accuracy, lower end."), True
    ),
    "test_accuracy_high_percent": Title(
        N_("95 % interval, to"), N_("Of the mean accuracy, upper end."), True
    ),
    "interval_covers": Title(
        N_("interval covers"),
        N_("What was drawn at random: test images and seeds, or with one seed images alone."),
        True,
    ),
    "test_accuracy_std": Title(
        N_("standard deviation over seeds, points"),
        N_("Sample standard deviation of the test accuracy, in percentage points."),
    ),
    "seeds": Title(N_("seeds"), N_("Runs that differ in the seed alone."), True),
    "steps": Title(N_("steps"), N_("Of the training, the mean over seeds."), True),
    "held_out_percent": Title(
        N_("held out, %"), N_("Of the training images, for validation: not trained on."), True
    ),
    "total_params": Title(N_("parameters"), N_("All parameters; a shared one counts once."), True),
    "total_size_mb": Title(
        N_("total size, MB"),
        N_("By the published table's convention for each model; they cannot be compared."),
    ),
    "min_loss": Title(N_("lowest training loss"), N_("Of any step's batch, the mean over seeds.")),
    "final_loss": Title(
        N_("final training loss"), N_("Of the last step's batch, the mean over seeds.")
    ),
    "train_seconds": Title(N_("training, s"), N_("Time in the training loop."), True),
    "size_convention": Title(N_("size convention"), N_("How the total size is counted.")),
    "test_accuracy_with_flips_percent": Title(
        N_("test accuracy with flips, %"),
        N_("Top-1 of the mean logits of each image and its mirror image, the mean over seeds."),
        True,
    ),
    "test_accuracy_without_duplicates_percent": Title(
        N_("test accuracy without duplicates, %"),
        N_("Top-1 of the test images that have no near-duplicate among the training images."),
    ),
    "test_accuracy_by_corrected_labels_percent": Title(
        N_("test accuracy by corrected labels, %"),
        N_("Top-1 by the user's list of corrected labels, without the images that it strikes."),
    ),
    "corrupted_accuracy_percent": Title(
        N_("accuracy on corrupted images, %"),
        N_("Top-1, the mean over all kinds and severities of corruption."),
    ),
    "top5_accuracy_percent": Title(
        N_("top-5 accuracy, %"), N_("The true class is among the five of highest logit.")
    ),
    "superclass_accuracy_percent": Title(
        N_("superclass accuracy, %"),
        N_("The predicted class lies in the right one of the superclasses."),
    ),
    "test_loss": Title(
        N_("test loss"),
        N_("Mean cross-entropy on the test split, which is the negative log-likelihood."),
    ),
    "brier_score": Title(
        N_("Brier score"),
        N_("Squared distance of the probabilities from the true class, from 0 to 2."),
    ),
    "calibration_error_percent": Title(
        N_("expected calibration error, %"),
        N_("Mean distance of confidence from accuracy, in 15 bins of equally many images."),
    ),
    "scaled_calibration_error_percent": Title(
        N_("expected calibration error after scaling, %"),
        N_("With logits divided by the temperature; a dash: no validation split was held out."),
    ),
    "temperature": Title(
        N_("temperature"),
        N_("What logits are divided by for the lowest loss on the validation split."),
    ),
    "errors_in_superclass_percent": Title(
        N_("errors inside the superclass, %"),
        N_("Of the images that are taken for a wrong class, those taken for one that is related."),
    ),
    "risk_coverage_area_percent": Title(
        N_("area under the risk-coverage curve, %"),
        N_("Mean error when only the most confident images are kept, over all shares kept."),
    ),
    "images_per_second": Title(N_("training images per second"), N_("In the training loop.")),
    "peak_memory_mb": Title(
        N_("peak memory, MB"),
        N_("Of the training process: the GPU's, or the resident size on a CPU."),
    ),
    "input_size": Title(
        N_("input, px"), N_("Side length to which images are resized on the device.")
    ),
    "initial_weights": Title(
        N_("initial weights"), N_("What the training started from; a dash: from scratch.")
    ),
    "weights_mb": Title(N_("weights, MB"), N_("Size of parameters and buffers.")),
    "multiply_adds": Title(N_("multiply-adds, M"), N_("Millions of them for one image."), True),
    "latency_median_ms": Title(
        N_("latency, ms"), N_("Median time of one image, without gradients."), True
    ),
    "latency_p95_ms": Title(
        N_("latency, 95th percentile, ms"), N_("Of one image, without gradients.")
    ),
    "throughput_images_per_second": Title(
        N_("test images per second"), N_("In batches of 64, without gradients.")
    ),
    "throughput_spread_percent": Title(
        N_("spread of test images per second, %"),
        N_("How much longer the second fastest round of measuring took than the fastest."),
    ),
    "batch_size": Title(N_("batch size"), N_("Images per training step.")),
    "micro_batch": Title(N_("micro-batch"), N_("A batch may be computed in parts.")),
    "train_step_seconds": Title(N_("training step, s"), N_("Median of some steps.")),
    "train_step_peak_mb": Title(
        N_("peak memory of a training step, MB"), N_("Peak of some steps in a fresh process.")
    ),
    "test_batch_peak_mb": Title(
        N_("peak memory of a test batch, MB"), N_("Peak of one batch in a fresh process.")
    ),
    "test_images": Title(N_("test images"), N_("Read once per run, after training.")),
}


BETTER = {"higher": N_("higher is better"), "lower": N_("lower is better")}


def first_direction(name):
    """In which direction a column is sorted first, up or down: what is better comes first."""
    column = COLUMNS[name]
    if column.digits is None:
        return "up"
    # Numbers that are neither better nor worse are mostly asked for from the highest.
    return "up" if column.better == "lower" else "down"


def columns_of(content):
    """Names of the columns to show: all but those that may be empty and are so of every row."""
    rows = [row.measured for row in content.rows]
    return [
        name
        for name in TITLES
        if not (name == "trial" or COLUMNS[name].source in OF_TEST_SPLIT)
        or not all(is_missing(row[name]) for row in rows)
    ]


def shown(say, row, name):
    """The value of a Row's column as a page has it. say: PageText."""
    column, value = COLUMNS[name], row.measured[name]
    if is_missing(value):
        return "–"
    if name in ("interval_covers", "trial"):
        return say({**COVERS, **TRIALS}[value])
    if name == "rank_low":
        return rank_text(say, value, row.measured["rank_high"])
    if column.digits is None:
        return say.setting_value(value) if name == "size_convention" else say.safe(value)
    text = number(value / column.divisor, column.digits)
    if name == "test_accuracy_percent" and row.is_trial:
        return say.beside(text, say(N_("trial run")))
    if name == "test_accuracy_percent" and row.measured["seeds"] > 1:
        return say.beside(text, f"± {number(row.measured['test_accuracy_std'], column.digits)}")
    return text


def rank_text(say, low, high):
    """A rank as a page has it: 2, or 1 to 3; a dash for a trial run."""
    if is_missing(low):
        return "–"
    if low == high:
        return str(int(low))
    return say(N_("%(low)s to %(high)s"), low=int(low), high=int(high))
