"""The project's own training of one model, timed: what scripts/train.py calls.

The last line is JSON: images per second of the steps after --warm-up. With --parts also the seconds
of forward (with the loss), backward, optimizer step and input: timers that cost some microseconds a
step, so a rate is taken without.
"""

import argparse
import json
import sys
import time
from collections import defaultdict
from pathlib import Path

# Before the folder of this file, which has other programs of the same names.
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts"))

import torch
import yaml

from cifarlab.configuration import read_configuration
from cifarlab.cost.model_cost import multiply_adds
from cifarlab.datasets.inputs import Images
from cifarlab.devices import choose_device
from cifarlab.models.build import build_for_counting, image_shape
from cifarlab.training import loop
from cifarlab.training.recipes import memory_format_of
from cifarlab.training.run import prepare_torch, train_run
from engine.observers import Bar, Keeper, Observer

ROOT = Path(__file__).resolve().parents[2]
RECIPE = "published_scratch"
PARTS = ("forward", "backward", "optimizer", "input")


class Stopwatch(Observer):
    """The seconds of the steps after the first `warm_up`; calls `at_start` when they begin."""

    def __init__(self, warm_up, at_start):
        self.warm_up, self.at_start = warm_up, at_start

    def note_step(self, step, loss, learning_rate):
        self.loss, self.ended = loss, time.perf_counter()
        if step == self.warm_up:
            self.at_start()
            self.started = time.perf_counter()


class Timed:
    """Something that is called, with the seconds of its calls added up in `seconds[name]`."""

    def __init__(self, called, seconds, name):
        self.called, self.seconds, self.name = called, seconds, name

    def __call__(self, *arguments, **options):
        started = time.perf_counter()
        try:
            return self.called(*arguments, **options)
        finally:
            self.seconds[self.name] += time.perf_counter() - started

    def __getattr__(self, name):
        return getattr(self.called, name)


def time_parts():
    """Time what a step calls, from now on; returns the seconds by PARTS, a dict.

    The loop's own code runs: only the model, the loss, autograd and the optimizer that it calls are
    wrapped. On a CPU a call returns when it is done.
    """
    seconds = defaultdict(float)

    class TimedStepper(loop.Stepper):
        def __init__(self, *arguments, **options):
            super().__init__(*arguments, **options)
            self.model = Timed(self.model, seconds, "forward")
            self.loss_function = Timed(self.loss_function, seconds, "forward")
            self.optimizer.step = Timed(self.optimizer.step, seconds, "optimizer")

    loop.Stepper = TimedStepper
    torch.autograd.backward = Timed(torch.autograd.backward, seconds, "backward")
    batch = Images.batch

    def timed_batch(images, index):
        started = time.perf_counter()
        result = batch(images, index)
        seconds["input"] += time.perf_counter() - started
        return result

    Images.batch = timed_batch
    return seconds


def settings_of(model_name, steps):
    """(ModelSettings, Recipe) of a model of config/config.yaml, for so many steps."""
    configuration = read_configuration(yaml.safe_load((ROOT / "config/config.yaml").read_text()))
    recipe = configuration.recipes[RECIPE].model_copy(update={"max_steps": steps})
    return configuration.models[model_name], recipe


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dataset", type=Path, required=True, help="train.json of the data set")
    parser.add_argument("--model", required=True, help="a name of config/config.yaml")
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--warm-up", type=int, required=True, help="steps before the clock starts")
    parser.add_argument("--steps", type=int, required=True, help="that are measured")
    parser.add_argument("--parts", action="store_true", help="time the parts of a step too")
    arguments = parser.parse_args()
    steps = arguments.warm_up + arguments.steps
    settings, recipe = settings_of(arguments.model, steps)
    prepare_torch(recipe, arguments.threads)
    device = choose_device("cpu")
    seconds = time_parts() if arguments.parts else {}
    stopwatch = Stopwatch(arguments.warm_up, seconds.clear)
    memory_format = memory_format_of(recipe, None)
    observers = [Bar(), Keeper(), stopwatch]
    place = (device, memory_format, observers, lambda: None)
    run = train_run(arguments.dataset, settings, recipe, 0, None, *place)
    n_images = arguments.steps * recipe.batch_size
    total = stopwatch.ended - stopwatch.started
    result = {"images_per_second": n_images / total, "images": n_images, "loss": stopwatch.loss}
    if arguments.parts:
        if missing := [name for name in PARTS if not seconds[name]]:
            sys.exit(f"error: expected calls of {', '.join(missing)} in a step, found none")
        model = build_for_counting(settings, run.model[-1].out_features)
        result |= {
            "seconds": total,
            "parts": dict(seconds),
            "multiply_adds": multiply_adds(model, image_shape(settings)),
        }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
