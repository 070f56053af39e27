"""Train one model with one recipe and one seed: weights, loss history, record of the training."""

import argparse
import sys
from contextlib import nullcontext
from functools import partial
from pathlib import Path

from cifarlab.devices import choose_device
from cifarlab.training.arguments import add_row_arguments, row_code, row_settings
from cifarlab.training.history import Diverged
from cifarlab.training.outputs import write_failure, write_run
from cifarlab.training.recipes import memory_format_of
from cifarlab.training.run import place_of, prepare_torch, train_run
from engine.checkpoints import Checkpoints, take_over
from engine.command import run_command
from engine.interruption import StopRequest
from engine.live import Live, note_wait
from engine.observers import Bar, Keeper
from engine.provenance import source_state
from engine.records import completed, read_record


def argument_parser():
    parser = argparse.ArgumentParser(description=__doc__)
    add_row_arguments(parser)
    add = parser.add_argument
    add("--rehearsal", type=Path, help="JSON file of the stage rehearse (default: none was held)")
    add("--seed", type=int, required=True, help="of the weights and of the order")
    add("--checkpoints", type=Path, help="folder that an interrupted training resumes from")
    add("--checkpoint-seconds", type=float, help="between two checkpoints")
    add("--checkpoint-steps", type=int, help="between two checkpoints")
    add("--live", type=Path, help="folder for TensorBoard event files and the progress as JSON")
    add("--failure", type=Path, help="JSON file to write if the loss is no longer finite")
    add("--weights", type=Path, required=True, help="weights.safetensors to write")
    add("--history", type=Path, required=True, help="CSV to write, a row per step")
    add("--epochs", type=Path, required=True, help="CSV to write, a row per epoch")
    add("--training", type=Path, required=True, help="JSON record to write")
    return parser


def main(arguments):
    model_settings, recipe = row_settings(arguments)
    prepare_torch(recipe, arguments.threads)
    # Before a GPU is waited for: an orphan that still trains this run holds both.
    lock = take_over(arguments.checkpoints) if arguments.checkpoints else nullcontext()
    device = choose_device(arguments.device, partial(note_wait, arguments.live))
    stop = StopRequest()
    with lock:
        train(arguments, model_settings, recipe, device, stop)
    stop.ignore()


def train(arguments, model_settings, recipe, device, stop):
    """Train, and write what came out of it."""
    source, checkpoints = source_state(), None
    if arguments.checkpoints:
        every = (arguments.checkpoint_seconds, arguments.checkpoint_steps)
        checkpoints = Checkpoints(arguments.checkpoints, {}, *every)

    def state_of():
        if failure := known_failure(arguments):
            raise failure
        # The model is built, so it is known what a user's model read. What decides all bits counts.
        settings = {name: getattr(arguments, name) for name in ("model", "recipe", "seed")}
        definition = {**completed(arguments.definition), "settings": settings, **place_of(device)}
        return checkpoints.define(definition).latest() if checkpoints else None

    observers = [Live(arguments.live, recipe.batch_size), Bar(), Keeper(checkpoints, stop)]
    try:
        run = train_run(
            arguments.dataset,
            model_settings,
            recipe,
            arguments.seed,
            arguments.initial_weights,
            device,
            memory_format_of(recipe, arguments.rehearsal),
            observers,
            state_of,
        )
    except Diverged as divergence:
        if arguments.failure:
            write_failure(arguments.failure, completed(arguments.definition), divergence)
        if checkpoints:
            checkpoints.clear()
        raise
    seconds = checkpoints.write_seconds if checkpoints else 0.0
    run.record.update(checkpoint_seconds=seconds, source=source)
    write_run(run, arguments.weights, arguments.history, arguments.epochs, arguments.training)
    if arguments.failure:
        arguments.failure.unlink(missing_ok=True)


def known_failure(arguments):
    """The Diverged of an earlier training that was defined as this one, or None.

    A workflow that tries failed jobs again would train for hours to the same end.
    """
    definition = completed(arguments.definition)
    failure = read_record(arguments.failure, ("diverged",)) if arguments.failure else None
    if failure is None or any(failure.get(key) != value for key, value in definition.items()):
        return None
    print(f"known from {arguments.failure}; delete it to try again", file=sys.stderr)
    return Diverged(**failure["diverged"])


if __name__ == "__main__":
    run_command(
        argument_parser(),
        main,
        inputs=["dataset", "initial_weights", "rehearsal"],
        outputs=["weights", "history", "epochs", "training"],
        code=row_code,
    )
