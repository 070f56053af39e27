"""Training against the plain loop, images per second, by turns; and their accuracy, once."""

import json
import sys
import tempfile
from pathlib import Path

from benches.jobs import TRAIN, train_words
from benches.measuring import by_turns, n_cores, ratios_of, run, run_bench, spread_of
from benches.page import Point, goal, pairs_of, spread, table

GOALS = {"cnn_2": 2.6, "cnn_3": 2.6, "cnn_5": 2.1}
GOALS_AUGMENTED = {"cnn_2": 3.0, "cnn_3": 3.0, "cnn_5": 2.3}
# The same on both sides: per batch here, per image with PIL there.
AUGMENTATIONS = ["flip", {"name": "padded_crop", "pixels": 4}]
BLOCKS = {"cnn_2": 2, "cnn_3": 3, "cnn_5": 5}
# Of 64 images. The clock starts after the warm-up, on both sides.
WARM_UP_STEPS = 30
STEPS = {"cnn_2": 150, "cnn_3": 150, "cnn_5": 100}
EPOCHS_OF_THE_CHECK = 2


def ours(images, model, steps, *more, **of_recipe):
    """What `ours.py` finds of a training of so many steps. more: of its own arguments."""
    with tempfile.TemporaryDirectory() as folder:
        of_recipe = {"max_steps": WARM_UP_STEPS + steps, **of_recipe}
        words = train_words(images, model, n_cores(), Path(folder), **of_recipe)
        arguments = words[words.index(TRAIN) + 1 :]
        return run_bench("ours.py", "--warm-up", WARM_UP_STEPS, *more, "--", *arguments)


def plain(images, model, *more):
    words = ("--images", images.torchvision, "--blocks", BLOCKS[model], "--threads", n_cores())
    return run_bench("plain.py", *words, *more)


def measure(options):
    return measure_loops(options, "training", {}, ())


def measure_augmented(options):
    of_recipe = {"augmentations": AUGMENTATIONS}
    return measure_loops(options, "augmented training", of_recipe, ("--augment",))


def measure_loops(options, name, of_recipe, of_plain):
    """Both loops by turns. of_recipe: what ours has besides; of_plain: arguments of `plain.py`."""
    models, images = {}, options.images()
    for model, steps in STEPS.items():
        few = ("--warm-up", WARM_UP_STEPS, "--steps", steps, *of_plain)

        def own(model=model, steps=steps):
            return ours(images, model, steps, **of_recipe)["images_per_second"]

        def other(model=model, few=few):
            return plain(images, model, *few)["images_per_second"]

        models[model] = by_turns(f"{name} {model}, images/s", options.pairs, ours=own, plain=other)
    return {"images": images.kind, "threads": n_cores(), "models": models}


def lines(values):
    return [
        f"Images per second of {values['images']}, without augmentation, batch 64, Adam, "
        f"{values['threads']} threads on both sides. The plain loop is `tests/benches/plain.py`: "
        "torchvision's `CIFAR100`, `ToTensor`, `Normalize`, a `DataLoader` with two workers. "
        f"{how_it_was_measured(values)}",
        "",
        *table_of_rates(values, GOALS),
        "",
        "This is no comparison with the best loop that can be written, but with the usual one. It "
        "says nothing of a GPU, or of a machine with more cores.",
    ]


def lines_of_augmented(values):
    return [
        "The same with a horizontal flip and a crop of images padded by 4 pixels, at random: for a "
        "batch at once here, and image by image in the plain loop, by torchvision's "
        f"`RandomHorizontalFlip` and `RandomCrop`. {how_it_was_measured(values)}",
        "",
        *table_of_rates(values, GOALS_AUGMENTED),
    ]


def how_it_was_measured(values):
    n_pairs = len(next(iter(values["models"].values()))["ours"])
    return (
        f"{pairs_of(n_pairs)}, each side in a fresh process. Start-up and the first "
        f"{WARM_UP_STEPS} steps are left out on both sides. The ratio is the median of the pairs', "
        "with the lowest and the highest."
    )


def table_of_rates(values, goals):
    rows = []
    for model, rates in values["models"].items():
        ratio = ratios_of(rates["ours"], rates["plain"])
        own, other = (f"{spread_of(rates[side]).median:,.0f}" for side in ("ours", "plain"))
        rows.append((model, own, other, spread(ratio), goal(ratio.median, goals[model])))
    return table(("model", "this project", "plain loop", "ratio", "goal"), rows)


def measure_accuracy(options):
    images, models = options.images(), {}
    for model in BLOCKS:
        epochs = ("--epochs", EPOCHS_OF_THE_CHECK)
        models[model] = {
            "ours": our_accuracy(images, model),
            "plain": plain(images, model, *epochs)["accuracy"],
        }
    return {"images": images.kind, "epochs": EPOCHS_OF_THE_CHECK, "models": models}


def our_accuracy(images, model):
    """Accuracy on the test split, by the commands of the stages train, evaluate and metrics."""
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        threads = n_cores()
        run(train_words(images, model, threads, folder, epochs=EPOCHS_OF_THE_CHECK))
        words = ("--model", json.dumps({"family": "cnn", "blocks": BLOCKS[model]}))
        words += ("--dataset", images.test, "--weights", folder / "weights.safetensors")
        words += ("--device", "cpu", "--threads", threads, "--predictions", folder / "p.npz")
        run([sys.executable, "scripts/evaluate.py", *words])
        words = ("--dataset", images.classes, "--predictions", folder / "p.npz")
        run([sys.executable, "scripts/metrics.py", *words, "--metrics", folder / "metrics.json"])
        return json.loads((folder / "metrics.json").read_text())["test_accuracy_percent"] / 100


def lines_of_accuracy(values):
    rows = [
        (model, *(f"{100 * accuracies[side]:.1f}" for side in ("ours", "plain")))
        for model, accuracies in values["models"].items()
    ]
    return [
        f"Test accuracy in % after {values['epochs']} epochs on {values['images']}, one training "
        "each, with different random weights and orders:",
        "",
        *table(("model", "this project", "plain loop"), rows),
        "",
        "One training each shows that both learn alike, not which is better: a point or two is "
        "within what another seed changes.",
    ]


POINTS = [
    Point("training", "Training against the plain loop", measure, lines),
    Point("augmented", "Training with augmentation", measure_augmented, lines_of_augmented),
    Point("accuracy", "Both loops learn", measure_accuracy, lines_of_accuracy, by_default=False),
]
