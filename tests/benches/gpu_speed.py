"""Training images per second and peak memory on this machine's GPU, beside what timm published.

The models of config/config.yaml with its recipes, each in a process of its own: steps as a training
takes them, on random images of CIFAR-100's size that are resized on the device, from random
weights. The small networks also compiled and with CUDA graphs. Writes docs/performance-gpu.md.
Without a GPU that can be used, one line says why.
"""

import argparse
import platform
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts"))

import numpy as np
import torch
import yaml
from gpu.on_device import IMAGE_SIDE, N_CLASSES, facts, in_a_fresh_process

from cifarlab.configuration import read_configuration
from cifarlab.cost.inputs import any_inputs
from cifarlab.datasets.inputs import Images, placed
from cifarlab.devices import choose_device, library_versions, peak_memory_mb, wait_for
from cifarlab.models.build import build_model
from cifarlab.training.precision import set_precision
from cifarlab.training.rehearsal import tries_channels_last
from cifarlab.training.run import prepare_torch
from cifarlab.training.steps import Stepper
from engine.errors import UserError
from engine.faults import one_line

ROOT = Path(__file__).resolve().parents[2]
SMALL, LARGE = ("cnn_2", "cnn_3", "cnn_5"), ("vgg19", "resnet101", "vit_b_32", "swin_b")
# Recipes by name, and what is changed in them.
OF_SMALL = [("published_scratch", {}), ("published_scratch", {"compile": True})]
OF_SMALL += [("published_scratch", {"cuda_graphs": True})]
OF_LARGE = [("published_finetune", {}), ("finetune", {})]
# Of timm's results/benchmark-train-amp-nhwc-pt112-cu113-rtx3090.csv: an RTX 3090, half precision.
TIMM = {"vit_b_32": 1709, "resnet101": 748, "vgg19": 457, "swin_b": 281}
TIMM_SIZE = 224
WARM_UP_STEPS = 20
STEPS = 200
THREADS = 2
COLUMNS = (
    *("model", "recipe", "precision", "memory format", "at once"),
    *(
        "images/s, median",
        "10 % of steps below",
        "90 % below",
        "step, ms",
        "peak, GB",
        "timm, RTX 3090",
    ),
)


class Marks:
    """Moments between steps, on the device's own clock where it has one: nothing waits for them."""

    def __init__(self, device):
        self.device, self.marks = device, []

    def set(self):
        if self.device.type == "cuda":
            mark = torch.cuda.Event(enable_timing=True)
            mark.record()
        else:
            mark = time.perf_counter()
        self.marks.append(mark)

    def seconds_between(self):
        """Seconds from each mark to the next, a float array."""
        wait_for(self.device)
        pairs = zip(self.marks[:-1], self.marks[1:], strict=True)
        if self.device.type == "cuda":
            return np.array([first.elapsed_time(second) / 1000 for first, second in pairs])
        return np.array([second - first for first, second in pairs])


def steps(settings, recipe, device_name, n_steps, warm_up=WARM_UP_STEPS):
    """What n_steps steps take on a device, after some that are not counted, a dict.

    settings, recipe: of the model and the training. Returns seconds (float [n_steps]), peak_mb,
    micro_batch and memory_format.
    """
    prepare_torch(recipe, THREADS)
    device = choose_device(device_name)
    set_precision(recipe.precision, device)
    last = tries_channels_last(recipe, settings, N_CLASSES, device)
    memory_format = "channels_last" if last else "contiguous"
    inputs = any_inputs(settings, memory_format)
    generator = torch.Generator().manual_seed(0)
    n_images = 4 * recipe.batch_size
    shape = (n_images, IMAGE_SIDE, IMAGE_SIDE, 3)
    pixels = torch.randint(256, shape, dtype=torch.uint8, generator=generator)
    images = Images(pixels.numpy(), inputs, device)
    labels = torch.randint(N_CLASSES, (n_images,), generator=generator).to(device)
    model = placed(build_model(settings, N_CLASSES), inputs, device).train()
    stepper = Stepper(model, images, labels, recipe)
    # As many batches as there are steps, on the device before the first of them.
    order = torch.randint(n_images, (warm_up + n_steps, recipe.batch_size), generator=generator)
    order, marks = order.to(device), Marks(device)
    for number, batch in enumerate(order):
        if number >= warm_up:
            marks.set()
        stepper.step(batch, recipe.optimizer.learning_rate)
    marks.set()
    return {
        "seconds": marks.seconds_between(),
        "peak_mb": peak_memory_mb(device),
        "micro_batch": stepper.micro_batch,
        "memory_format": memory_format,
    }


def rows_of(models, recipes):
    """What is measured: a list of (model, its settings, title of the recipe, recipe)."""
    rows = []
    for name in (*SMALL, *LARGE):
        # Weights of any values take the same time.
        known = {"weights": "none"} if name in LARGE else {}
        settings = models[name].model_copy(update=known)
        for recipe, changes in OF_SMALL if name in SMALL else OF_LARGE:
            title = ", ".join([recipe, *(f"{key}: true" for key in changes)])
            rows.append((name, settings, title, recipes[recipe].model_copy(update=changes)))
    return rows


def cells(name, settings, title, recipe, found):
    """The cells of a row, texts. found: as from `steps`, or a text, why there is nothing."""
    known = settings.input_size == TIMM_SIZE and name in TIMM
    timm = f"{TIMM[name]:,}" if known else "–"
    if isinstance(found, str):
        return [name, title, recipe.precision, "–", "–", found, "–", "–", "–", "–", timm]
    paces = recipe.batch_size / np.percentile(found["seconds"], [50, 90, 10])
    return [
        *(name, title, recipe.precision, found["memory_format"], str(found["micro_batch"])),
        *(f"{pace:,.0f}" for pace in paces),
        f"{1000 * np.median(found['seconds']):.2f}",
        f"{found['peak_mb'] / 1000:.2f}",
        timm,
    ]


def page(table, machine, n_steps):
    """The Markdown page. table: lists of cells; machine: what is known of it, texts by name."""
    texts = (" | ".join(" ".join(c.split()).replace("|", "\\|") for c in row) for row in table)
    return "\n".join(
        [
            "# Speed of training on a GPU",
            "",
            "Written by `make bench-gpu`. Steps as a training takes them, with the settings of "
            "`config/config.yaml`, from random weights, on images of 32 px that are resized on the "
            f"device: the median of {n_steps} steps after {WARM_UP_STEPS}, and their spread.",
            "",
            f"| {' | '.join(COLUMNS)} |",
            "|---|---|---|---|" + "---:|" * (len(COLUMNS) - 4),
            *(f"| {text} |" for text in texts),
            "",
            "The last column is what timm published of training on an RTX 3090 in half precision, "
            "with its own sizes of a batch: an anchor, not the same measurement. Compare it with "
            "`finetune`.",
            "",
            *(f"- {name}: {value}" for name, value in machine.items()),
            "",
        ]
    )


def bench(rows, device_name, n_steps, run=in_a_fresh_process):
    """The cells of all rows, printed as they come. run: calls a function with its arguments."""
    table = []
    for name, settings, title, recipe in rows:
        try:
            found = run(steps, settings, recipe, device_name, n_steps)
        except Exception as error:  # of a compiler, or of memory: the other rows are measured
            found = f"not measured: {one_line(error)}"
        table.append(cells(name, settings, title, recipe, found))
        print(" | ".join(table[-1]), flush=True)
    return table


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("--models", nargs="+", choices=(*SMALL, *LARGE), default=[*SMALL, *LARGE])
    add("--steps", type=int, default=STEPS, help="(default: %(default)s)")
    add("--page", type=Path, default=ROOT / "docs/performance-gpu.md", help="Markdown to write")
    arguments = parser.parse_args()
    try:
        machine = in_a_fresh_process(facts, "cuda")
    except UserError as error:
        sys.exit(f"error: there is no GPU to measure: {error}")
    configuration = read_configuration(yaml.safe_load((ROOT / "config/config.yaml").read_text()))
    rows = rows_of(configuration.models, configuration.recipes)
    rows = [row for row in rows if row[0] in arguments.models]
    table = bench(rows, "cuda", arguments.steps)
    machine = {
        "measured": f"{datetime.now(UTC):%Y-%m-%d}",
        **{key: value for key, value in machine.items() if key != "architectures"},
        "system": platform.platform(),
        **library_versions(torch.device("cuda")),
    }
    arguments.page.write_text(page(table, machine, arguments.steps), encoding="utf-8")


if __name__ == "__main__":
    main()
