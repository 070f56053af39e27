"""The files that a training leaves."""

from cifarlab.models.weights import save_weights
from engine.files import new_files, to_json, write_csv


def write_run(run, weights, history, epochs, training):
    """Write a finished Run, all files or none: its weights, tables of steps and epochs, record."""
    with new_files(weights, history, epochs, training) as paths:
        weights_path, history_path, epochs_path, training_path = paths
        inputs = {"inputs": run.inputs.to_dict()}
        save_weights(weights_path, run.model.state_dict(), inputs)
        write_csv(history_path, run.history.steps())
        write_csv(epochs_path, run.history.epochs)
        training_path.write_text(to_json(run.record), encoding="utf-8")


def write_failure(path, definition, divergence):
    """Write why a training has no outputs.

    definition: a JSON object, what they would have been made from; divergence: Diverged.
    """
    with new_files(path) as (partial_path,):
        failure = {**definition, "diverged": divergence.facts}
        partial_path.write_text(to_json(failure), encoding="utf-8")
