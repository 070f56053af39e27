"""Count and measure what one model needs: parameters, size, speed, memory; list its layers."""

import argparse
import time
from pathlib import Path

from cifarlab.cost.attempts import attempt, together
from cifarlab.cost.inputs import any_inputs
from cifarlab.cost.measurements import MEMORY, measure_memory, measure_speed
from cifarlab.cost.model_cost import model_cost
from cifarlab.datasets.store import load_description
from cifarlab.devices import (
    DEVICES,
    choose_device,
    clocks,
    device_name,
    library_versions,
    prepare_cpu,
)
from cifarlab.models.build import build_for_counting, build_model, image_shape
from cifarlab.models.families import ModelSettings
from cifarlab.training.recipes import Recipe, memory_format_of
from engine.command import run_command
from engine.files import new_files, to_json
from engine.settings import settings_from_json


def argument_parser():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dataset", type=Path, required=True, help="classes.json of the data set")
    parser.add_argument("--model", required=True, help="settings of the model, as JSON")
    parser.add_argument(
        "--recipes",
        required=True,
        help="JSON object of recipes by name: memory is measured at the batch size of each",
    )
    parser.add_argument(
        "--rehearsals",
        type=Path,
        nargs="*",
        help="of each recipe, by the stage rehearse",
    )
    parser.add_argument("--device", choices=DEVICES, default="auto")
    parser.add_argument("--threads", type=int, default=1, help="of the CPU (default: %(default)s)")
    parser.add_argument("--cost", type=Path, required=True, help="JSON file to write")
    return parser


def main(arguments):
    settings = settings_from_json(ModelSettings, arguments.model)
    recipes = settings_from_json(dict[str, Recipe], arguments.recipes)
    classes = load_description(arguments.dataset)
    n_classes, image_side = classes["n_classes"], classes["image_shape"][0]
    paths = arguments.rehearsals or [None] * len(recipes)
    formats = {
        name: memory_format_of(recipe, path)
        for (name, recipe), path in zip(recipes.items(), paths, strict=True)
    }
    prepare_cpu(arguments.threads)
    device = choose_device(arguments.device)
    model = build_for_counting(settings, n_classes)
    counted = model_cost(model, image_shape(settings), settings.size_convention)
    place = (n_classes, image_side, device.type, arguments.threads)
    # First, while this process holds nothing of the device.
    memory = {
        name: {
            "batch_size": recipe.batch_size,
            **attempt(MEMORY, measure_memory, settings, recipe, formats[name], *place),
        }
        for name, recipe in recipes.items()
    }
    inputs = any_inputs(settings, next(iter(formats.values())))
    speed = speed_of(build_model(settings, n_classes).eval(), inputs, device)
    # At once, while the clock is still that of the measurement.
    clock, highest_clock = clocks(device)
    cost = {
        **together(counted, speed),
        "memory": memory,
        "device": device.type,
        "device_name": device_name(device),
        "clock_mhz": clock,
        "highest_clock_mhz": highest_clock,
        "threads": arguments.threads,
        "versions": library_versions(device),
    }
    with new_files(arguments.cost) as (cost_path,):
        cost_path.write_text(to_json(cost), encoding="utf-8")


def speed_of(model, inputs, device):
    """As `measure_speed`; says for how long it measured."""
    started = time.perf_counter()
    speed = measure_speed(model, inputs, device)
    print(f"speed was measured for {time.perf_counter() - started:.2f} s")
    return speed


if __name__ == "__main__":
    run_command(
        argument_parser(),
        main,
        inputs=["dataset", "rehearsals"],
        outputs=["cost"],
        code=lambda a: [
            *settings_from_json(ModelSettings, a.model).code_files,
            *(
                path
                for recipe in settings_from_json(dict[str, Recipe], a.recipes).values()
                for path in recipe.step_code_files
            ),
        ],
    )
