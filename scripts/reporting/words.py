"""What the report calls things: columns, settings, verdicts. All of it is translated."""

from dataclasses import dataclass

from reporting.language import N_


@dataclass(frozen=True)
class Column:
    """A column of the comparison.

    title: of a few words, with the unit; help: one sentence; digits: after the point, or None for
    what is no number; is_shown: from the start; divisor: of the value, for the unit in the title.
    """

    title: str
    help: str
    digits: int | None = 0
    is_shown: bool = False
    divisor: float = 1


# In the order in which a reader meets them, which is not that of comparison.csv.
COLUMNS = {
    "model": Column(N_("model"), N_("Architecture with its settings."), None, True),
    "recipe": Column(
        N_("recipe"), N_("Everything about training that is not the model."), None, True
    ),
    "rank": Column(
        N_("rank"),
        N_("By test accuracy; models whose intervals overlap share one."),
        0,
        True,
    ),
    "test_accuracy_percent": Column(
        N_("test accuracy, %"),
        N_("Top-1, the mean over seeds; ± is the standard deviation over seeds."),
        2,
        True,
    ),
    "test_accuracy_low_percent": Column(
        N_("95 % interval, from"), N_("Wilson's interval of the test split, lower end."), 2, True
    ),
    "test_accuracy_high_percent": Column(
        N_("95 % interval, to"), N_("Wilson's interval of the test split, upper end."), 2, True
    ),
    "test_accuracy_std": Column(
        N_("standard deviation over seeds, points"),
        N_("Sample standard deviation of the test accuracy, in percentage points."),
        2,
    ),
    "seeds": Column(N_("seeds"), N_("Runs that differ in the seed alone."), 0, True),
    "steps": Column(N_("steps"), N_("Of the training, the mean over seeds."), 0, True),
    "total_params": Column(N_("parameters"), N_("All that are trained."), 0, True),
    "total_size_mb": Column(
        N_("total size, MB"),
        N_("By the published table's rule for each model; the rules cannot be compared."),
        2,
    ),
    "min_loss": Column(
        N_("lowest training loss"), N_("Of any step's batch, the mean over seeds."), 4
    ),
    "final_loss": Column(
        N_("final training loss"), N_("Of the last step's batch, the mean over seeds."), 4
    ),
    "train_seconds": Column(N_("training, s"), N_("Time in the training loop."), 1, True),
    "size_convention": Column(N_("rule of the size"), N_("How the total size is counted."), None),
    "top5_accuracy_percent": Column(
        N_("top-5 accuracy, %"), N_("The true class is among the five of highest logit."), 2
    ),
    "superclass_accuracy_percent": Column(
        N_("superclass accuracy, %"),
        N_("The predicted class lies in the right one of the superclasses."),
        2,
    ),
    "test_loss": Column(N_("test loss"), N_("Mean cross-entropy on the test split."), 4),
    "images_per_second": Column(N_("training images per second"), N_("In the training loop."), 0),
    "peak_memory_mb": Column(
        N_("peak memory, MB"),
        N_("Of the training process: the GPU's, or the resident size on a CPU."),
        0,
    ),
    "input_size": Column(N_("input, px"), N_("Side to which images are resized on the device."), 0),
    "initial_weights": Column(
        N_("initial weights"), N_("What the training started from; a dash: from scratch."), None
    ),
    "weights_mb": Column(N_("weights, MB"), N_("Size of parameters and buffers."), 2),
    "multiply_adds": Column(
        N_("multiply-adds, M"), N_("Millions of them for one image."), 1, True, 1e6
    ),
    "latency_median_ms": Column(
        N_("latency, ms"), N_("Median time of one image, without gradients."), 2, True
    ),
    "latency_p95_ms": Column(
        N_("latency, 95th percentile, ms"), N_("Of one image, without gradients."), 2
    ),
    "throughput_images_per_second": Column(
        N_("test images per second"), N_("In batches of 64, without gradients."), 0
    ),
    "batch_size": Column(N_("batch size"), N_("Images per training step."), 0),
    "micro_batch": Column(N_("images at once"), N_("A batch may be computed in parts."), 0),
    "train_step_seconds": Column(N_("training step, s"), N_("Median of some steps."), 3),
    "train_step_peak_mb": Column(
        N_("memory of training, MB"), N_("Peak of some steps in a fresh process."), 0
    ),
    "test_batch_peak_mb": Column(
        N_("memory of testing, MB"), N_("Peak of one batch in a fresh process."), 0
    ),
    "test_images": Column(N_("test images"), N_("Read once per run, after training."), 0),
}

# Keys of models and recipes, as they are told to readers.
SETTINGS = {
    "architecture": N_("architecture"),
    "batch_size": N_("batch size"),
    "blocks": N_("blocks"),
    "channels_last": N_("channels last"),
    "compile": N_("torch.compile"),
    "deterministic": N_("deterministic algorithms"),
    "epochs": N_("epochs"),
    "factory": N_("factory"),
    "family": N_("family"),
    "head": N_("classifier layer"),
    "input_size": N_("input size, px"),
    "learning_rate": N_("learning rate"),
    "loss": N_("loss"),
    "max_steps": N_("limit of the steps"),
    "micro_batch": N_("images at once"),
    "momentum": N_("momentum"),
    "name": N_("name"),
    "normalize": N_("normalisation"),
    "optimizer": N_("optimizer"),
    "precision": N_("precision"),
    "schedule": N_("schedule"),
    "size_convention": N_("rule of the size"),
    "validation": N_("validation share"),
    "warm_up": N_("warm-up, share of the steps"),
    "weight_decay": N_("weight decay"),
    "weights": N_("weights"),
    "options": N_("options"),
}
VALUES = {
    "adam": N_("Adam"),
    "adamw": N_("AdamW"),
    "sgd": N_("SGD"),
    "constant": N_("constant"),
    "cosine": N_("cosine annealing"),
    "cross_entropy": N_("cross-entropy"),
    "none": N_("none"),
    "auto": N_("automatic"),
    "dataset": N_("of the data set"),
    "imagenet": N_("of ImageNet"),
}
# What became of the classifier layer of weights that a training started from.
HEADS = {"kept": N_("kept"), "replaced": N_("replaced")}
VERDICTS = {
    "exact": N_("exact"),
    "within": N_("within the interval"),
    "better": N_("better"),
    "worse": N_("worse"),
    "not_run": N_("not run here"),
    "not_published": "–",
}
SIZE_RULES = {
    "activations-x2-MiB-batch64": N_("input, twice every output, and parameters at batch 64"),
    "activations-x2-MiB-batch1": N_("input, twice every output, and parameters at batch 1"),
    "torchinfo-MB-batch1": N_("torchinfo's estimate at batch 1"),
}

# Below figures and tables.
CAPTIONS = {
    "structure": N_(
        "Made from the model itself. Amber: alike blocks, drawn once; blue: others that have "
        "parameters."
    ),
    "loss": N_(
        "Line: moving average over 2 % of the steps. Band: smallest to largest loss in each of up "
        "to 120 stretches of them."
    ),
    "validated": N_("Below: the learning rate, and the accuracy on the validation split."),
    "unvalidated": N_("Below: the learning rate. This recipe holds out no validation split."),
    "classes": N_(
        "Percent of the test images of each class, the mean over seeds, the highest first."
    ),
    "examples": N_(
        "Test images with the class that the run of seed %(seed)s took them for and its "
        "probability; below wrong ones, the true class."
    ),
    "losses": N_(
        "Moving average over 2 % of the steps, mean over seeds. Seconds are those of the training "
        "loop, at its mean pace."
    ),
    "tradeoffs": N_(
        "Bars: 95 % interval of the test split. The line joins the models that no other beats in "
        "accuracy and cost."
    ),
    "published": N_(
        "Each cell: measured, published, verdict. Exact: the same as far as digits were published. "
        "Within: inside the 95 % interval of the accuracy, or the range over seeds of other "
        "results. Better: higher accuracy, lower everything else. Not run here: no run of the "
        "model, or only with another recipe, at another input size or by another rule. The "
        "published study trained each model once, on its own machine, so times tell of two "
        "machines."
    ),
    "published_synthetic": N_(
        "Beside synthetic images only what follows from the architecture alone is shown; published "
        "accuracies, losses and times belong to real images and stay out of this report."
    ),
    "other_version": N_(
        "Another version accepted: %(run)s was trained with %(library)s %(found)s, locked is "
        "%(locked)s."
    ),
}
# What accuracy is drawn against, columns of the comparison.
COSTS = {
    "total_params": N_("parameters"),
    "multiply_adds": N_("multiply-adds of one image"),
    "latency_median_ms": N_("latency of one image, ms"),
    "train_seconds": N_("training, s"),
}
