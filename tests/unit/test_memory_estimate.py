"""The estimate of a step's memory counts every piece of memory once, and halves as trainings do."""

import pytest
import torch
from benches.memory import REST_GB, images_that_fit, step_bytes
from torch import nn

from cifarlab.training.recipes import Recipe
from engine.settings import checked_settings

N_IMAGES = 7
SGD = {"name": "sgd", "learning_rate": 0.1}
N_WEIGHTS = 10 * 20 + 20 + 20 * 5 + 5


def counted(optimizer, device="meta"):
    recipe = checked_settings(Recipe, {"epochs": 1, "batch_size": 8, "optimizer": optimizer})
    with torch.device(device):
        model = nn.Sequential(nn.Linear(10, 20), nn.ReLU(), nn.Linear(20, 5))
        images, labels = torch.zeros(N_IMAGES, 10), torch.zeros(N_IMAGES, dtype=torch.int64)
        return step_bytes(model, images, labels, recipe)


def test_what_is_saved_twice_is_counted_once_and_weights_are_no_activations():
    parts = counted(SGD)
    # The ReLU keeps its output, which the second layer keeps as its input.
    floats = 10 + 20 + 5
    labels_and_their_number = 8 * N_IMAGES + 4
    assert parts["activations"] == 4 * floats * N_IMAGES + labels_and_their_number
    assert parts["weights"] == parts["gradients"] == 4 * N_WEIGHTS


@pytest.mark.parametrize(
    ("optimizer", "n_bytes"),
    [
        (SGD, 0),
        ({**SGD, "momentum": 0.9}, 4 * N_WEIGHTS),
        # And how many steps each of the four parameters has taken.
        ({"name": "adamw", "learning_rate": 0.1}, 2 * 4 * N_WEIGHTS + 4 * 4),
    ],
)
def test_the_optimizers_state_is_counted(optimizer, n_bytes):
    assert counted(optimizer)["optimizer"] == n_bytes


def test_nothing_computed_gives_what_is_counted_of_a_real_step():
    assert counted(SGD) == counted(SGD, device="cpu")


@pytest.mark.parametrize(
    ("gb_of_an_image", "n_images"), [(0.09, 64), (0.19, 32), (6.0, 1), (7.0, None)]
)
def test_a_batch_is_halved_until_it_fits_a_card(gb_of_an_image, n_images):
    card_gb = 6.4 + REST_GB
    assert images_that_fit(lambda n: n * gb_of_an_image, 64, card_gb) == n_images
