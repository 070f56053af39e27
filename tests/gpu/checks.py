"""What is checked on a GPU, one thing in each check, with the project's own commands.

A check is a function of a Place that returns its figure, a text. It raises Failed with what was
expected and what was found, and Skipped where it has no meaning.
"""

import math
import shutil
import signal
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from gpu.commands import (
    ROOT,
    Skipped,
    cost,
    end,
    expect,
    recipe,
    record_of,
    snakemake,
    start,
    train,
    training_command,
    wait_for_checkpoint,
)
from gpu.on_device import (
    batches_from_the_host,
    convolution,
    facts,
    in_a_fresh_process,
    steps_with_little_memory,
    synchronisations,
)

from cifarlab.cuda import can_run
from engine import gpus
from engine.errors import EXIT_INTERRUPTED
from engine.files import read_json

MODELS = ("cnn_2", "cnn_3", "cnn_5", "vgg19", "resnet101", "vit_b_32", "swin_b")
# Small, and all of it has deterministic algorithms.
SMALL = {"family": "cnn", "blocks": 3}
# Those that mix no images.
AUGMENTATIONS = [
    *("flip", "trivial_augment"),
    *({"name": name, "pixels": 4} for name in ("padded_crop", "cutout")),
]
# By which share the loss of the first step may differ from that of the CPU. float32 has 23 bits of
# mantissa, TF32 and fp16 have 10, bf16 has 7.
LARGEST_DIFFERENCE = {
    "fp32": 1e-4,
    "tf32": 0.01,
    "torch_default": 0.01,
    "bf16": 0.05,
    "fp16": 0.01,
}
DEMO = "synthetic-check-gpu"


@dataclass(frozen=True)
class Check:
    """name: also of its folder; sentence: what is true when it has passed; run: see above."""

    name: str
    sentence: str
    run: Callable


def driver(place):
    found = in_a_fresh_process(facts, place.device)
    expect(found["driver"], "expected the version of the driver, found none")
    return (
        f"{found['name']}, driver {found['driver']}, compute capability {found['capability']}, "
        f"SM clock {found['clock_mhz']} of {found['highest_clock_mhz']} MHz, torch {found['torch']}"
    )


def one_convolution(place):
    difference = in_a_fresh_process(convolution, place.device)
    largest = LARGEST_DIFFERENCE["fp32"]
    expect(difference <= largest, f"expected at most {largest}, found {difference:.2g}")
    return f"largest difference {difference:.1g}"


def demo(place):
    folder = ROOT / "results" / DEMO
    # What an earlier check has made would leave nothing to do.
    shutil.rmtree(folder, ignore_errors=True)
    values = {"dataset": {"name": DEMO}, "device": place.device, "library_versions": "any"}
    snakemake(place, "demo", values, place.folder / "demo/log")
    trainings = [read_json(path) for path in folder.glob("runs/*/*/*/training.json")]
    report = folder / "report/report.en.html"
    expect(report.exists(), f"expected {report}, found none")
    others = {training["device"] for training in trainings} - {place.device}
    expect(not others, f"expected all trainings on {place.device}, found some on {others}")
    seconds = sum(training["train_seconds"] for training in trainings)
    return f"{len(trainings)} runs, {seconds:.0f} s of training"


def one_step(place, model):
    """A training of one step, and the costs of the model."""
    settings, one = place.models()[model], recipe(max_steps=1)
    record = train(place, model, settings, one)
    (loss,) = record["losses"]
    expect(math.isfinite(loss), f"expected a finite loss, found {loss}")
    costs = cost(place, model, settings, {"one_step": one})
    memory = costs["memory"]["one_step"]
    for name, reason in {**costs["unmeasured"], **memory["unmeasured"]}.items():
        expect(False, f"expected {name}, found none: {reason}")
    return (
        f"{memory['train_step_peak_mb'] / 1000:.1f} GB, "
        f"{1000 * memory['train_step_seconds']:.0f} ms a step, "
        f"micro-batch {memory['micro_batch']}, latency {costs['latency_median_ms']:.1f} ms"
    )


def little_memory(place):
    settings = place.models()["cnn_5"]
    found = in_a_fresh_process(steps_with_little_memory, place.device, settings, recipe())
    expect(found["micro_batch"] < 64, f"expected fewer than 64 images at once, found {found}")
    expect(found["peak_mb"] <= found["limit_mb"], f"expected a peak below the limit, found {found}")
    expect(math.isfinite(found["loss"]), f"expected a finite loss, found {found['loss']}")
    return (
        f"{found['all_mb'] / 1000:.2f} GB for 64 images; with {found['limit_mb'] / 1000:.2f} GB "
        f"{found['micro_batch']} at once, peak {found['peak_mb'] / 1000:.2f} GB"
    )


def first_loss_of_the_cpu(place):
    if not (place.folder / "cpu/training.json").exists():
        train(place, "cpu", SMALL, recipe(max_steps=1), device="cpu")
    return record_of(place.folder / "cpu")["losses"][0]


def precision(place, name, **changes):
    """A training in this precision begins with the loss that the CPU has."""
    expected = first_loss_of_the_cpu(place)
    folder = "-".join([name, *changes])
    record = train(place, folder, SMALL, recipe(precision=name, **changes))
    found = record["losses"][0]
    difference, largest = abs(found / expected - 1), LARGEST_DIFFERENCE[name]
    # Not so for a loss that is no number.
    is_close = difference <= largest
    expect(is_close, f"expected the loss {expected:.4f} by a share of {largest}, found {found:.4f}")
    pace = f"{record['images_per_second']:.0f} images/s"
    return f"{pace}, loss differs by a share of {difference:.1g}"


def deterministic(place):
    folders = [f"deterministic/{name}" for name in ("first", "second")]
    for folder in folders:
        train(place, folder, SMALL, recipe(deterministic=True))
    return same_bytes(*(place.folder / folder for folder in folders))


def same_bytes(*folders):
    """Failed where the results of two trainings differ in a byte."""
    for name in ("weights.safetensors", "history.csv"):
        first, second = ((folder / name).read_bytes() for folder in folders)
        expect(first == second, f"expected the same bytes in {name}, found others")
    return "weights and history have the same bytes"


def memory_formats(place):
    settings, figures, losses = place.models()["resnet101"], [], []
    for chosen in (True, False):
        name = "on" if chosen else "off"
        one = recipe(precision="bf16", channels_last=chosen)
        record = train(place, f"memory_formats/{name}", settings, one)
        expected = "channels_last" if chosen else "contiguous"
        found = record["inputs"]["memory_format"]
        expect(found == expected, f"expected {expected}, found {found}")
        figures.append(f"{name}: {record['images_per_second']:.0f} images/s")
        losses.append(record["losses"][0])
    difference = abs(losses[0] / losses[1] - 1)
    expect(difference <= LARGEST_DIFFERENCE["bf16"], f"expected the same loss, found {losses}")
    return ", ".join(figures)


def no_synchronisation(place):
    """Steps with each optimizer, precision and way of launching, from both memories."""
    sgd, adamw = ({"name": n, "learning_rate": 0.001} for n in ("sgd", "adamw"))
    recipes = {
        **{name: recipe(precision=name) for name in LARGEST_DIFFERENCE},
        "fp16 with AdamW": recipe(precision="fp16", optimizer=adamw),
        "micro_batch: 20": recipe(micro_batch=20, optimizer=sgd),
        "cuda_graphs": recipe(cuda_graphs=True),
        "augmentations": recipe(augmentations=[*AUGMENTATIONS, {"name": "mixup", "alpha": 1.0}]),
        "cutmix": recipe(augmentations=[{"name": "cutmix", "alpha": 1.0}]),
    }
    for memory, share in {"the device's memory": 0.25, "the host's": 0.0}.items():
        counts = in_a_fresh_process(synchronisations, place.device, SMALL, recipes, share)
        waits = {name: count for name, count in counts.items() if count}
        expect(not waits, f"expected no wait in ten steps, found with images in {memory}: {waits}")
    return f"{len(recipes)} recipes, images in the device's memory and in the host's"


def host_memory(place):
    found = in_a_fresh_process(batches_from_the_host, place.device, 200)
    expect(not found["wrong"], f"expected the same 200 batches, found {found['wrong']} others")
    return f"200 batches{'' if found['copied'] else ', none of which had to be copied'}"


def cuda_graphs(place):
    figures, folders = [], []
    for chosen in (True, False):
        name = f"cuda_graphs/{'on' if chosen else 'off'}"
        one = recipe(max_steps=place.n_steps // 10, deterministic=True, cuda_graphs=chosen)
        record = train(place, name, SMALL, one)
        figures.append(f"{name.partition('/')[2]}: {record['images_per_second']:.0f} images/s")
        folders.append(place.folder / name)
    return f"{same_bytes(*folders)}; {', '.join(figures)}"


def interrupted(place):
    chosen = recipe(max_steps=place.n_steps, deterministic=True)
    whole, folder = (place.folder / "interrupted" / name for name in ("whole", "parts"))
    train(place, "interrupted/whole", SMALL, chosen)
    command = training_command(place, folder, SMALL, chosen)
    process = start(command, folder / "first.log")
    wait_for_checkpoint(process, folder)
    process.send_signal(signal.SIGTERM)
    end(process, folder / "first.log", EXIT_INTERRUPTED)
    end(start(command, folder / "second.log"), folder / "second.log")
    parts = [part["steps"] for part in record_of(folder)["parts"]]
    expect(len(parts) == 2, f"expected two parts, found {parts}")
    return f"{parts[0]} and {parts[1]} steps; {same_bytes(whole, folder)}"


def two_at_once(place):
    cards = [gpu for gpu in gpus.visible(gpus.look().gpus) if can_run(gpu.capability)]
    if len(cards) < 2:
        raise Skipped(f"it needs two GPUs, found {len(cards)}")
    chosen = recipe(max_steps=place.n_steps)
    folders = [place.folder / "two_at_once" / name for name in ("first", "second")]
    processes = [
        start(training_command(place, folder, SMALL, chosen), folder / "log") for folder in folders
    ]
    for process, folder in zip(processes, folders, strict=True):
        end(process, folder / "log")
    return side_by_side([read_json(folder / "training.json") for folder in folders])


def side_by_side(records):
    """Failed where two trainings had one GPU, or one waited for the other."""
    names = [record["gpu"] for record in records]
    expect(len({*names}) == 2, f"expected two GPUs, found {' and '.join(map(str, names))}")
    spans = [
        [datetime.fromisoformat(record[name]) for name in ("started_at", "ended_at")]
        for record in records
    ]
    overlap = min(end for _, end in spans) - max(start for start, _ in spans)
    seconds = overlap.total_seconds()
    expect(seconds > 0, f"expected both at once, found {-seconds:.0f} s between them")
    return f"{seconds:.0f} s at once on {' and '.join(names)}"


CHECKS = (
    Check("driver", "driver, compute capability and clocks of the GPU are known", driver),
    Check("one_convolution", "a convolution and its gradients are the CPU's", one_convolution),
    Check("demo", "the demo runs on the GPU from the data to the report", demo),
    *(
        Check(name, "a step of 64 images of 224 px, and all costs", partial(one_step, model=name))
        for name in MODELS
    ),
    Check("little_memory", "with half of the memory, auto halves the batch", little_memory),
    *(
        Check(name, "the loss of the first step is the CPU's", partial(precision, name=name))
        for name in LARGEST_DIFFERENCE
    ),
    Check(
        "compile",
        "the same with a compiled model",
        partial(precision, name="fp32", compile=True),
    ),
    Check("deterministic", "two trainings give the same bytes", deterministic),
    Check("memory_formats", "ResNet101 in bf16, channels_last on and off", memory_formats),
    Check("no_synchronisation", "no step waits for the GPU", no_synchronisation),
    Check("host_memory", "batches copied ahead are those of the device's memory", host_memory),
    Check("cuda_graphs", "the same bytes with cuda_graphs on and off", cuda_graphs),
    Check("interrupted", "SIGTERM, and the same command again: the same bytes", interrupted),
    Check("two_at_once", "two trainings run at once, each on a GPU of its own", two_at_once),
)
