"""scripts/train.py, timed: `ours.py --warm-up 30 -- <arguments of scripts/train.py>`.

The last line is JSON: images per second of the steps after --warm-up. With --parts also the seconds
of forward, loss, backward, optimizer step and input: timers that cost some microseconds a
step, so a rate is taken without.
"""

import argparse
import json
import runpy
import sys
import time
from collections import defaultdict
from pathlib import Path

# Before the folder of this file, which has other programs of the same names.
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts"))

import torch

from cifarlab.cost.model_cost import multiply_adds
from cifarlab.datasets.inputs import Images
from cifarlab.datasets.store import load_description
from cifarlab.models.build import build_for_counting, image_shape
from cifarlab.models.families import ModelSettings
from cifarlab.training import loop
from cifarlab.training.augmenting import Augmenter
from engine import observers
from engine.settings import settings_from_json

SCRIPTS = Path(__file__).resolve().parents[2] / "scripts"
PARTS = ("forward", "loss", "backward", "optimizer", "input")


class Stopwatch(observers.Bar):
    """The bar of a training, which also takes the time of the steps after the first `warm_up`.

    at_start is called when those begin.
    """

    def __init__(self, warm_up, at_start):
        self.warm_up, self.at_start = warm_up, at_start

    def note_step(self, step, loss, learning_rate):
        super().note_step(step, loss, learning_rate)
        self.step, self.loss, self.ended = step, loss, time.perf_counter()
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
            self.loss_function = Timed(self.loss_function, seconds, "loss")
            self.optimizer.step = Timed(self.optimizer.step, seconds, "optimizer")

    loop.Stepper = TimedStepper
    torch.autograd.backward = Timed(torch.autograd.backward, seconds, "backward")
    time_calls(Augmenter, "batch", seconds)
    time_calls(Images, "prepared", seconds)
    return seconds


def time_calls(kind, name, seconds):
    """Add the seconds of a method of a class to those of the input."""
    method = getattr(kind, name)

    def timed(*arguments):
        started = time.perf_counter()
        result = method(*arguments)
        seconds["input"] += time.perf_counter() - started
        return result

    setattr(kind, name, timed)


def count_multiply_adds(arguments):
    """Multiply-adds of one image. arguments: of scripts/train.py."""
    settings = settings_from_json(ModelSettings, arguments.model)
    model = build_for_counting(settings, load_description(arguments.dataset)["n_classes"])
    return multiply_adds(model, image_shape(settings))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--warm-up", type=int, required=True, help="steps before the clock starts")
    parser.add_argument("--parts", action="store_true", help="time the parts of a step too")
    parser.add_argument("training", nargs="+", help="arguments of scripts/train.py")
    arguments = parser.parse_args()
    seconds = time_parts() if arguments.parts else {}
    stopwatch = Stopwatch(arguments.warm_up, seconds.clear)
    # The command as it is, with this in the place of its bar.
    observers.Bar = lambda: stopwatch
    sys.argv = [str(SCRIPTS / "train.py"), *arguments.training]
    command = runpy.run_path(sys.argv[0], run_name="__main__")
    of_training = command["argument_parser"]().parse_args(arguments.training)
    batch_size = json.loads(of_training.recipe)["batch_size"]
    most_steps = load_description(of_training.dataset)["count"] // batch_size
    if stopwatch.step > most_steps:
        found = f"found {stopwatch.step}; name fewer, or more images"
        sys.exit(f"error: expected at most {most_steps} steps of {batch_size} images, {found}")
    n_images = (stopwatch.step - stopwatch.warm_up) * batch_size
    total = stopwatch.ended - stopwatch.started
    result = {"images_per_second": n_images / total, "images": n_images, "loss": stopwatch.loss}
    if arguments.parts:
        if missing := [name for name in PARTS if not seconds[name]]:
            sys.exit(f"error: expected calls of {', '.join(missing)} in a step, found none")
        counted = count_multiply_adds(of_training)
        result |= {"seconds": total, "parts": dict(seconds), "multiply_adds": counted}
    print(json.dumps(result))


if __name__ == "__main__":
    main()
