"""One run: from the files of a data set to a trained model and the record of its training."""

from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

import torch

from cifarlab.datasets.inputs import Images, InputSettings, input_settings, placed
from cifarlab.datasets.store import load_description, load_split
from cifarlab.devices import (
    cpu_name,
    device_name,
    driver_version,
    leased_device,
    library_versions,
    peak_memory_mb,
    prepare_cpu,
)
from cifarlab.models.build import build_model
from cifarlab.models.weights import load_initial
from cifarlab.training.algorithms import choose_algorithms, prepare_cublas
from cifarlab.training.history import History
from cifarlab.training.loop import train
from cifarlab.training.precision import set_precision
from cifarlab.training.randomness import seed_all
from engine.errors import UserError


@dataclass(frozen=True)
class Run:
    """A finished run.

    model: nn.Module; inputs: InputSettings that it was trained with; history: History; record: a
    JSON object, what it was trained from and how it went.
    """

    model: torch.nn.Module
    inputs: InputSettings
    history: History
    record: dict


def start(description, model_settings, seed, initial_weights, device, memory_format):
    """What a run begins with: (model, inputs, origin), an nn.Module, InputSettings, JSON object.

    description: of the training split; for the others see `train_run`.
    """
    seed_all(seed)
    model = build_model(model_settings, description["n_classes"])
    origin = load_initial(model, model_settings, initial_weights)
    inputs = input_settings(model_settings, description, origin, memory_format)
    return placed(model, inputs, device), inputs, origin


def train_run(
    dataset, model_settings, recipe, seed, initial, device, memory_format, observers, state_of
):
    """Train the model of one run; returns a Run.

    dataset: Path of the train.json of a data set; initial: Path of the stage weights'
    output, or None; seed: of the weights and of the order; memory_format: a key of MEMORY_FORMATS;
    observers: as for `train`, which says what is raised; state_of: called when the model is built,
    gives the state to resume, or None. UserError too where the recipe asks for deterministic
    algorithms and the device has none.
    """
    description, split = load_description(dataset), load_split(dataset)
    started_at = datetime.now(UTC)
    float32 = set_precision(recipe.precision, device)
    begun = start(description, model_settings, seed, initial, device, memory_format)
    model, inputs, origin = begun
    images = Images(split.images, inputs, device)
    labels = torch.tensor(split.labels, device=device)
    with naming_determinism(recipe, device):
        history = train(model, images, labels, recipe, seed, observers, state_of())
    record = {
        "model": model_settings.model_dump(),
        "recipe": recipe.model_dump(),
        "initial_weights": origin or None,
        "inputs": inputs.to_dict(),
        "float32": float32,
        "images_in": "device_memory" if images.is_on_device else "host_memory",
        "seed": seed,
        "dataset_sha256": description["sha256"],
        **_measured(history, device),
        "started_at": started_at.isoformat(timespec="milliseconds"),
        "ended_at": datetime.now(UTC).isoformat(timespec="milliseconds"),
    }
    return Run(model, inputs, history, record)


@contextmanager
def naming_determinism(recipe, device):
    """Say in a line that an algorithm in the block is not deterministic and has to be."""
    try:
        yield
    except RuntimeError as error:
        if not recipe.deterministic or "deterministic" not in str(error):
            raise
        raise UserError(
            f"the recipe asks for deterministic algorithms and one has none on {device.type} "
            f"({str(error).splitlines()[0]}); set deterministic: false"
        ) from error


def _measured(history, device):
    """What the record of a training has of its history and of the machine."""
    return {
        "micro_batch": history.micro_batch,
        "steps": len(history.losses),
        "epochs": len(history.epochs),
        "ended_by": history.ended_by,
        "best_epoch": history.best_epoch,
        "weights_epoch": history.weights_epoch,
        "validation_images": history.validation_images,
        **history.of_weights(),
        "train_seconds": history.train_seconds,
        "parts": history.parts,
        "images_per_second": history.images_seen / history.train_seconds,
        "min_loss": min(history.losses),
        "final_loss": history.losses[-1],
        "peak_memory_mb": peak_memory_mb(device),
        "device": device.type,
        "device_name": device_name(device),
        "gpu": leased_device(device),
        "driver": driver_version(device),
        "cpu": cpu_name(),
        "threads": torch.get_num_threads(),
        "versions": library_versions(device),
    }


def prepare_torch(recipe, threads):
    """Set what torch reads before a device is used: CPU threads, and how it chooses algorithms."""
    prepare_cpu(threads)
    prepare_cublas(recipe)
    choose_algorithms(recipe)


def place_of(device):
    """What decides the last bits of a training beside its definition, a JSON object."""
    place = {"device": device.type, "versions": library_versions(device)}
    if device.type == "cpu":
        place["threads"] = torch.get_num_threads()
    return place
