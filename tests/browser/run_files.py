"""Files as the stages of the workflow leave them, written without a training.

Numbers follow the published study where it has them, noise is drawn from fixed seeds.
"""

import functools
import json
import os

import numpy as np
from scenes import EPOCHS, MODELS, N_CLASSES, STEPS_PER_EPOCH, VERSIONS

from cifarlab.datasets.store import FILES
from engine.files import read_json


def write_json(path, value):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value), encoding="utf-8")


def write_data(source, folder, class_names):
    """A data set as `source` is, with other names for the first classes."""
    folder.mkdir(parents=True)
    for name in FILES:
        if name in ("classes.json", "manifest.json"):
            description = read_json(source / name)
            description["fine_names"][: len(class_names)] = class_names
            write_json(folder / name, description)
        else:
            os.link(source / name, folder / name)


def write_cost(path, model, device):
    tree = {"name": "", "kind": "Model", "kernel_size": None, "parameters": model.parameters}
    tree |= {"output_shape": [N_CLASSES], "input_shape": [3, *[model.settings["input_size"]] * 2]}
    tree["children"] = [part(model, *words) for words in model.parts]
    memory = {"batch_size": 64, "micro_batch": 64, "train_step_seconds": model.seconds / 3910}
    memory |= {"train_step_peak_mb": 30 * model.size_mb, "test_batch_peak_mb": 9 * model.size_mb}
    memory["unmeasured"] = {}
    convention = "torchinfo-MB-batch1" if model.name in ("vit_b_32", "swin_b") else None
    cost = {
        "total_params": model.parameters,
        "total_size_mb": model.size_mb,
        "size_convention": convention
        or f"activations-x2-MiB-batch{64 if 'blocks' in model.settings else 1}",
        "weights_mb": 4e-6 * model.parameters,
        "multiply_adds": int(model.multiply_adds),
        "latency_median_ms": 0.2 + model.multiply_adds**0.5 / 1e4,
        "latency_p95_ms": 0.3 + model.multiply_adds**0.5 / 8e3,
        "throughput_images_per_second": 1e6 / (50 + model.multiply_adds / 1e7),
        "throughput_spread_percent": 1.5,
        "memory": {model.recipe: memory},
        "structure": tree,
        "unmeasured": {},
        "device": "cuda",
        "device_name": device,
        "threads": 2,
    }
    write_json(path, cost)


def part(model, name, kind, times, share):
    """A child of the structure: `times` alike blocks of a few layers, with a share of all."""
    each = int(model.parameters * share / times)
    side = model.settings["input_size"] // 8

    def node(name, kind, parameters, children=(), kernel=None):
        return {
            "name": name,
            "kind": kind,
            "kernel_size": kernel,
            "parameters": parameters,
            "output_shape": [64, side, side],
            "children": [*children],
        }

    if kind == "Linear" and times == 1:
        return {**node(name, kind, each), "output_shape": [N_CLASSES]}
    layers = [("conv", "Conv2d", each - 32, [5, 5]), ("norm", "BatchNorm2d", 32, None)]
    layers += [("relu", "ReLU", 0, None), ("pool", "MaxPool2d", 0, [2, 2])]
    layers = [node(*layer[:3], kernel=layer[3]) for layer in layers]
    blocks = [node(str(i), kind, each, layers) for i in range(times)]
    return (
        blocks[0] | {"name": name} if times == 1 else node(name, "Sequential", each * times, blocks)
    )


def write_run(folder, model, seed, scene, labels):
    """All files of one run but its predictions; returns the predicted classes."""
    folder.mkdir(parents=True)
    shape = next(k for k, known in enumerate(MODELS) if known.settings == model.settings)
    generator = np.random.default_rng([shape, seed])
    history, losses = history_text(shape, seed, max(model.n_steps, MODELS[shape].n_steps))
    losses = losses[: model.n_steps]
    (folder / "history.csv").write_text("".join(history[: 1 + model.n_steps]))
    percents = model.accuracy - 9 / np.arange(1, EPOCHS + 1) + generator.normal(0, 0.4, EPOCHS)
    rows = [
        "epoch,mean_loss,learning_rate,seconds,images_per_second,validation_loss,validation_accuracy_percent"
    ]
    is_validated = bool(model.validation)
    n_epochs = -(-len(losses) // STEPS_PER_EPOCH)
    for epoch, percent in enumerate(percents[:n_epochs]):
        mean = losses[epoch * STEPS_PER_EPOCH :][:STEPS_PER_EPOCH].mean()
        validation = f"{mean + 0.3},{percent}" if is_validated else ","
        rows.append(f"{epoch + 1},{mean},0.001,{model.seconds / EPOCHS},9000.0,{validation}")
    (folder / "epochs.csv").write_text("\n".join(rows) + "\n")
    predicted = predictions(labels, model.accuracy + generator.normal(0, 0.35), generator)
    confusion = np.zeros((N_CLASSES, N_CLASSES), dtype=int)
    np.add.at(confusion, (labels, predicted), 1)
    accuracy = 100 * np.trace(confusion) / len(labels)
    metrics = {
        "test_images": len(labels),
        "test_accuracy_percent": accuracy,
        "test_loss": model.loss,
        "test_accuracy_with_flips_percent": None,
        "test_accuracy_without_duplicates_percent": accuracy - 0.4,
        "test_accuracy_by_corrected_labels_percent": None,
    }
    metrics |= {"top5_accuracy_percent": accuracy + 12, "superclass_accuracy_percent": accuracy + 8}
    metrics |= {"brier_score": 1 - accuracy / 100, "calibration_error_percent": 9 - accuracy / 20}
    metrics |= {"temperature": 1.4 if is_validated else None}
    metrics |= {"scaled_calibration_error_percent": 1.9 if is_validated else None}
    metrics |= {"errors_in_superclass_percent": 800 / (100 - accuracy)}
    shares = np.arange(1, 101)
    errors = (100 - accuracy) * (0.2 + 0.8 * (shares / 100) ** 2)
    curve = {"coverage_percent": shares.tolist(), "error_percent": errors.tolist()}
    metrics |= {"risk_coverage_area_percent": errors.mean(), "risk_coverage": curve}
    write_json(folder / "metrics.json", {**metrics, "confusion": confusion.tolist()})
    write_json(folder / "training.json", training(model, seed, scene, losses))
    return predicted


def write_predictions(path, predicted, labels):
    """A predictions.npz of these predicted classes."""
    generator = np.random.default_rng(0)
    logits = generator.normal(0, 1, (len(labels), N_CLASSES)).astype(np.float32)
    # More than all of the noise, so that these classes are predicted.
    logits[np.arange(len(labels)), predicted] += 10 + generator.gamma(4, 2, len(labels))
    np.savez(path, logits=logits, labels=labels)


@functools.cache
def history_text(shape, seed, n_steps):
    """(lines of a history.csv, its losses) of the model with this place in MODELS."""
    model = MODELS[shape]
    steps, generator = np.arange(n_steps), np.random.default_rng([shape, seed, 1])
    falling = model.loss + (4.6 - model.loss) * np.exp(-steps / (500 + 60 * shape))
    losses = falling * (1 + generator.normal(0, 0.08, n_steps))
    rates = 0.001 * np.minimum(1, (steps + 1) / 390) * (1 + np.cos(np.pi * steps / n_steps)) / 2
    lines = [
        f"{step},{loss},{rate}\n"
        for step, loss, rate in zip(steps + 1, losses.tolist(), rates.tolist(), strict=True)
    ]
    return ["step,loss,learning_rate\n", *lines], losses


def predictions(labels, accuracy, generator):
    """Predicted classes, right in `accuracy` percent; some classes are easier, some look alike."""
    spread = 0.4 * min(1, accuracy / 40)
    difficulty = np.linspace(1 - spread, 1 + spread, N_CLASSES)[labels]
    is_right = generator.random(len(labels)) < 1 - (1 - accuracy / 100) * difficulty
    wrong = (
        labels + generator.choice([1, 5, 17, 40], len(labels), p=[0.5, 0.2, 0.2, 0.1])
    ) % N_CLASSES
    return np.where(is_right, labels, wrong)


def training(model, seed, scene, losses):
    """The record of a training."""
    optimizer = {"name": "sgd", "learning_rate": 0.001, "momentum": 0.9, "weight_decay": 0.0}
    if "blocks" in model.settings:
        optimizer = {"name": "adam", "learning_rate": 0.001, "weight_decay": 0.0}
    is_fine_tuned = "weights" in model.settings
    origin = {"source": "IMAGENET1K_V1", "sha256": "5f" * 32, "head": "replaced"}
    start = f"2026-03-0{seed + 1}T03:04:05.000+00:00"
    return {
        "model": {"normalize": "auto", "head": None, **model.settings},
        "recipe": {
            "epochs": EPOCHS,
            "batch_size": 64,
            "optimizer": optimizer,
            "schedule": "constant",
            "warm_up": 0.0,
            "loss": "cross_entropy",
            "validation": model.validation,
            "micro_batch": None,
            "precision": "torch_default",
            "deterministic": False,
            "max_steps": None,
        },
        "initial_weights": origin if is_fine_tuned else None,
        "inputs": {"size": model.settings["input_size"]},
        "seed": seed,
        "validation_images": round(50_000 * model.validation),
        "weights_epoch": EPOCHS,
        "validation_accuracy_percent": model.accuracy if model.validation else None,
        "dataset_sha256": {"train_images.npy": "ab" * 32},
        "steps": len(losses),
        "ended_by": model.ended_by,
        "train_seconds": model.seconds + seed,
        "parts": [{"steps": len(losses), "seconds": model.seconds + seed}],
        "images_per_second": 250_000 / model.seconds,
        "min_loss": losses.min(),
        "final_loss": losses[-1],
        "peak_memory_mb": 30 * model.size_mb,
        "device": "cuda",
        "device_name": scene.device,
        "gpu": "GPU-0",
        "driver": "570.86",
        "cpu": "AMD EPYC 9654",
        "threads": 2,
        "versions": {
            "python": "3.11.7",
            **VERSIONS,
            **({"numpy": "2.3.0"} if scene.other_version else {}),
        },
        "source": {"commit": "0123abcd" * 5, "dirty": seed == 1},
        "started_at": start,
        "ended_at": start.replace("03:04", "03:59"),
    }
