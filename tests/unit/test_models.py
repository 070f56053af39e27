"""The three CNNs of the published comparison, and what they cost."""

import csv

import pytest
import torch
from project import ROOT

from cifarlab.cost import activations_size, layer_table, model_cost
from cifarlab.models import ModelSettings, build_model
from cifarlab.settings import checked_settings

PUBLISHED = {row["model"]: row for row in csv.DictReader((ROOT / "config/published.csv").open())}


def cnn(blocks, n_classes=100):
    return build_model(
        checked_settings(ModelSettings, {"family": "cnn", "blocks": blocks}), n_classes
    ).eval()


@pytest.mark.parametrize(
    ("blocks", "parameters", "size"),
    [(2, 219_044, "40.63"), (3, 168_036, "46.94"), (5, 1_116_388, "55.43")],
)
def test_parameters_and_published_size_are_exact(blocks, parameters, size):
    cost = model_cost(cnn(blocks), (3, 32, 32))
    assert cost["total_params"] == parameters == int(PUBLISHED[f"cnn_{blocks}"]["total_params"])
    assert f"{cost['total_size_mb']:.2f}" == size == PUBLISHED[f"cnn_{blocks}"]["total_size_mb"]
    assert cost["size_convention"] == PUBLISHED[f"cnn_{blocks}"]["size_convention"]


def test_a_block_is_convolution_norm_relu_and_pooling():
    layers = layer_table(cnn(2), (3, 32, 32))
    assert [layer["kind"] for layer in layers] == [
        *(["Conv2d", "BatchNorm2d", "ReLU", "MaxPool2d"] * 2),
        "Flatten",
        "Linear",
    ]
    assert [layer["output_shape"] for layer in layers[:4]] == [[16, 32, 32]] * 3 + [[16, 16, 16]]
    assert layers[0]["parameters"] == 16 * 3 * 5 * 5 + 16


def test_the_size_counts_the_input_once_outputs_twice_and_no_flatten():
    layers = [
        {"kind": "Linear", "output_shape": [1 << 20]},
        {"kind": "Flatten", "output_shape": [1 << 20]},
    ]
    # 4 bytes × (batch 2 × (1 Mi input + 2 × 1 Mi output) + 1 Mi parameters)
    assert activations_size(layers, [1 << 20], 1 << 20, batch_size=2) == 4 * (2 * 3 + 1)


@pytest.mark.parametrize("blocks", [1, 2, 3, 4, 5])
def test_every_depth_gives_one_logit_per_class(blocks):
    with torch.inference_mode():
        assert cnn(blocks, n_classes=7)(torch.zeros(4, 3, 32, 32)).shape == (4, 7)
