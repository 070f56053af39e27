"""Train one model with one recipe and one seed: weights, loss history, record of the training."""

import argparse
import os
from contextlib import nullcontext
from datetime import UTC, datetime
from pathlib import Path

import torch

from cifarlab.datasets.inputs import Images, input_settings
from cifarlab.datasets.store import load_description, load_split
from cifarlab.devices import (
    DEVICES,
    choose_device,
    cpu_name,
    device_name,
    driver_version,
    leased_device,
    library_versions,
    peak_memory_mb,
)
from cifarlab.models.build import build_model
from cifarlab.models.families import ModelSettings
from cifarlab.models.weights import load_initial, weights_as_bytes
from cifarlab.training.loop import Diverged, train
from cifarlab.training.recipes import Recipe
from engine.checkpoints import Checkpoints, take_over
from engine.command import run_command
from engine.errors import UserError
from engine.files import new_files, to_json, write_csv
from engine.interruption import StopRequest
from engine.live import Live
from engine.provenance import source_state
from engine.records import completed
from engine.settings import settings_from_json


def argument_parser():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dataset", type=Path, required=True, help="train.json of the data set")
    parser.add_argument("--model", required=True, help="settings of the model, as JSON")
    parser.add_argument("--recipe", required=True, help="settings of the recipe, as JSON")
    parser.add_argument(
        "--initial-weights",
        type=Path,
        nargs="?",
        help=".safetensors file of the stage weights, if any",
    )
    parser.add_argument(
        "--versions", default="{}", help="JSON object, the locked versions, for the record"
    )
    parser.add_argument("--seed", type=int, required=True, help="of the weights and of the order")
    parser.add_argument("--device", choices=DEVICES, default="auto")
    parser.add_argument("--threads", type=int, default=1, help="of the CPU (default: %(default)s)")
    parser.add_argument(
        "--checkpoints",
        type=Path,
        help="folder that keeps what an interrupted training goes on from",
    )
    parser.add_argument("--checkpoint-seconds", type=float, help="between two checkpoints")
    parser.add_argument("--checkpoint-steps", type=int, help="between two checkpoints")
    parser.add_argument(
        "--live", type=Path, help="folder for TensorBoard event files and the progress as JSON"
    )
    parser.add_argument(
        "--failure", type=Path, help="JSON file to write if the loss is no longer finite"
    )
    parser.add_argument("--weights", type=Path, required=True, help="weights.safetensors to write")
    parser.add_argument("--history", type=Path, required=True, help="CSV to write, a row per step")
    parser.add_argument("--epochs", type=Path, required=True, help="CSV to write, a row per epoch")
    parser.add_argument("--training", type=Path, required=True, help="JSON record to write")
    return parser


def main(arguments):
    model_settings = settings_from_json(ModelSettings, arguments.model)
    recipe = settings_from_json(Recipe, arguments.recipe)
    torch.set_num_threads(arguments.threads)
    if recipe.deterministic:
        # Read by cuBLAS when CUDA starts.
        os.environ["CUBLAS_WORKSPACE_CONFIG"] = ":4096:8"
        torch.use_deterministic_algorithms(True)
    # Before a GPU is waited for: an orphan that still trains this run holds both.
    lock = take_over(arguments.checkpoints) if arguments.checkpoints else nullcontext()
    device = choose_device(arguments.device)
    stop = StopRequest()
    with lock:
        run(arguments, model_settings, recipe, device, stop)
    stop.ignore()


def run(arguments, model_settings, recipe, device, stop):
    """Train, and write what came out of it."""
    description = load_description(arguments.dataset)
    split = load_split(arguments.dataset)

    started_at, source = datetime.now(UTC), source_state()
    torch.manual_seed(arguments.seed)
    model = build_model(model_settings, description["n_classes"])
    origin = load_initial(model, model_settings, arguments.initial_weights)
    memory_format = torch.channels_last if recipe.channels_last else torch.contiguous_format
    model = model.to(device, memory_format=memory_format)
    inputs = input_settings(model_settings, description, origin)
    images = Images(split.images, inputs, device)
    labels = torch.tensor(split.labels, device=device)
    checkpoints = open_checkpoints(arguments, device)
    try:
        live = Live(arguments.live, recipe.batch_size)
        history = train(model, images, labels, recipe, arguments.seed, checkpoints, stop, live)
    except Diverged as divergence:
        if checkpoints:
            checkpoints.clear()
        if arguments.failure:
            failure = {**completed(arguments.definition), "diverged": divergence.facts}
            with new_files(arguments.failure) as (path,):
                path.write_text(to_json(failure), encoding="utf-8")
        raise
    except RuntimeError as error:
        if recipe.deterministic and "deterministic" in str(error):
            raise UserError(
                f"the recipe asks for deterministic algorithms and one has none on {device.type} "
                f"({str(error).splitlines()[0]}); set deterministic: false"
            ) from error
        raise
    record = {
        "model": model_settings.model_dump(),
        "recipe": recipe.model_dump(),
        "initial_weights": origin or None,
        "inputs": inputs.to_dict(),
        "micro_batch": history.micro_batch,
        "seed": arguments.seed,
        "dataset_sha256": description["sha256"],
        "steps": len(history.losses),
        "train_seconds": history.train_seconds,
        "parts": history.parts,
        "checkpoint_seconds": checkpoints.write_seconds if checkpoints else 0.0,
        "images_per_second": history.images_seen / history.train_seconds,
        "min_loss": min(history.losses),
        "final_loss": history.losses[-1],
        "peak_memory_mb": peak_memory_mb(device),
        "device": device.type,
        "device_name": device_name(device),
        "gpu": leased_device(device),
        "driver": driver_version(device),
        "cpu": cpu_name(),
        "threads": arguments.threads,
        "versions": library_versions(),
        "source": source,
        "started_at": started_at.isoformat(timespec="milliseconds"),
        "ended_at": datetime.now(UTC).isoformat(timespec="milliseconds"),
    }
    outputs = (arguments.weights, arguments.history, arguments.epochs, arguments.training)
    with new_files(*outputs) as (weights_path, history_path, epochs_path, training_path):
        weights_path.write_bytes(weights_as_bytes(model.state_dict(), {"inputs": inputs.to_dict()}))
        steps = enumerate(zip(history.losses, history.learning_rates, strict=True), start=1)
        write_csv(
            history_path,
            [{"step": step, "loss": loss, "learning_rate": rate} for step, (loss, rate) in steps],
        )
        write_csv(epochs_path, history.epochs)
        training_path.write_text(to_json(record), encoding="utf-8")


def open_checkpoints(arguments, device):
    """The Checkpoints that the arguments ask for, or None."""
    if arguments.checkpoints is None:
        return None
    # What decides all bits: where and how often it is kept does not.
    names = ["model", "recipe", "seed"] + ["threads"] * (device.type == "cpu")
    settings = {name: getattr(arguments, name) for name in names}
    place = {"device": device.type, "versions": library_versions()}
    return Checkpoints(
        arguments.checkpoints,
        {**arguments.definition, "settings": settings, **place},
        arguments.checkpoint_seconds,
        arguments.checkpoint_steps,
    )


if __name__ == "__main__":
    run_command(
        argument_parser(),
        main,
        inputs=["dataset", "initial_weights"],
        outputs=["weights", "history", "epochs", "training"],
        code=lambda a: settings_from_json(ModelSettings, a.model).code_files,
    )
