"""The model of a run, ready to look at test images."""

from cifarlab.datasets.inputs import InputSettings, placed
from cifarlab.models.build import build_model
from cifarlab.models.weights import load_into, read_metadata


def load_trained(settings, n_classes, weights, device):
    """(model, InputSettings) of the weights of a run.

    settings: of the model; weights: path of its weights.safetensors; device: torch.device.
    """
    model = build_model(settings, n_classes)
    load_into(model, weights)
    inputs = InputSettings(**read_metadata(weights)["inputs"])
    return placed(model, inputs, device), inputs
