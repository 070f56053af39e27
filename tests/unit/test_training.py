"""The training loop: what it does to the weights, and what it records."""

import math

import numpy as np
import pytest
import torch
from torch import nn
from weights_bytes import weights_as_bytes

from cifarlab.datasets.inputs import Images, InputSettings
from cifarlab.models.build import build_model
from cifarlab.models.families import ModelSettings
from cifarlab.models.weights import load_into, read_metadata
from cifarlab.training import loop
from cifarlab.training.history import Diverged
from cifarlab.training.loop import train
from cifarlab.training.randomness import Order
from cifarlab.training.recipes import Recipe
from engine.errors import UserError
from engine.settings import checked_settings

N_IMAGES = 150


def recipe(epochs=2, **optimizer):
    optimizer = {"name": "adam", "learning_rate": 1e-3, **optimizer}
    return checked_settings(Recipe, {"epochs": epochs, "batch_size": 64, "optimizer": optimizer})


def data():
    generator = np.random.default_rng(0)
    pixels = generator.integers(0, 256, (N_IMAGES, 32, 32, 3), dtype=np.uint8)
    inputs = InputSettings(32, [0.5, 0.4, 0.3], [0.2, 0.25, 0.3])
    return Images(pixels, inputs, "cpu"), torch.from_numpy(generator.integers(0, 10, N_IMAGES))


def new_model(seed=0):
    torch.manual_seed(seed)
    return build_model(checked_settings(ModelSettings, {"family": "cnn", "blocks": 2}), 10)


def trained(seed=0, **options):
    model = new_model(seed)
    history = train(model, *data(), recipe(**options), seed)
    return weights_as_bytes(model.state_dict(), {"seed": seed}), history


def test_batches_are_normalised_per_channel_as_torchvision_does():
    from torchvision.transforms import v2

    images, _ = data()
    index = torch.tensor([3, 0, 7])
    reference = v2.Compose(
        [v2.ToDtype(torch.float32, scale=True), v2.Normalize([0.5, 0.4, 0.3], [0.2, 0.25, 0.3])]
    )(images.images[index].permute(0, 3, 1, 2))
    batch = images.batch(index)
    torch.testing.assert_close(batch, reference)
    assert batch.is_contiguous(memory_format=torch.channels_last)


def test_the_order_of_an_epoch_is_copied_to_the_device_once():
    order = Order(torch.arange(20), 8, seed=0)
    batches = order.batches(torch.device("meta"))
    assert [len(batch) for batch in batches] == [8, 8, 4]
    assert {batch.device.type for batch in batches} == {"meta"}
    # Views of one tensor, not copies each.
    assert all(batch._base is batches[0]._base is not None for batch in batches)


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others():
    weights, history = trained()
    again, history_again = trained()
    assert weights == again
    assert history.losses == history_again.losses
    assert weights != trained(seed=1)[0]


def test_every_image_is_seen_once_an_epoch_and_the_order_changes():
    images, labels = data()
    seen = []

    class Spy(Images):
        def __init__(self):
            self.__dict__.update(images.__dict__)

        def rows(self, index):
            # A slice is of what is looked at in the end.
            if torch.is_tensor(index):
                seen.append(index)
            return super().rows(index)

    train(new_model(), Spy(), labels, recipe(), seed=0)
    assert [len(batch) for batch in seen] == [64, 64, 22] * 2
    first, second = torch.cat(seen[:3]), torch.cat(seen[3:])
    assert sorted(first.tolist()) == sorted(second.tolist()) == list(range(N_IMAGES))
    assert first.tolist() != second.tolist()


def test_the_seed_chooses_the_order_of_the_images():
    images, labels = data()
    first_losses = [
        train(new_model(), images, labels, recipe(epochs=1), seed).losses[0] for seed in (0, 1)
    ]
    # The same untrained model on other first images.
    assert first_losses[0] != first_losses[1]


def test_the_mean_loss_of_an_epoch_weighs_the_last_smaller_batch_less():
    history = trained()[1]
    assert len(history.losses) == len(history.learning_rates) == 6
    first = history.losses[:3]
    expected = (64 * first[0] + 64 * first[1] + 22 * first[2]) / N_IMAGES
    assert history.epochs[0]["mean_loss"] == pytest.approx(expected)
    assert history.train_seconds == pytest.approx(sum(e["seconds"] for e in history.epochs))


def test_the_first_loss_is_that_of_the_untrained_model():
    images, labels = data()
    model = new_model().train()
    order = torch.randperm(N_IMAGES, generator=torch.Generator().manual_seed(0))[:64]
    expected = torch.nn.functional.cross_entropy(model(images.batch(order)), labels[order])
    assert trained()[1].losses[0] == pytest.approx(expected.item(), rel=1e-6)


def built_for(tensor, settings):
    """The optimizer of one parameter."""
    return settings.build([{"params": [nn.Parameter(tensor)], "lr_multiple": 1.0}])


@pytest.mark.parametrize(
    ("optimizer", "kind"),
    [
        ({"name": "adam", "weight_decay": 0.1}, torch.optim.Adam),
        ({"name": "adamw", "weight_decay": 0.1}, torch.optim.AdamW),
        ({"name": "sgd", "momentum": 0.9, "weight_decay": 0.1}, torch.optim.SGD),
    ],
)
def test_an_optimizer_gets_its_settings(optimizer, kind):
    built = built_for(torch.zeros(1), recipe(**optimizer).optimizer)
    assert isinstance(built, kind)
    group = built.param_groups[0]
    assert (group["lr"], group["weight_decay"]) == (1e-3, 0.1)
    assert group.get("momentum", 0.9) == 0.9


@pytest.mark.parametrize("seconds", [0.0, 1e9])
def test_how_often_losses_are_read_changes_no_number(seconds, monkeypatch):
    expected = trained()
    monkeypatch.setattr(loop, "SECONDS_BETWEEN_READINGS", {"cpu": seconds})
    weights, history = trained()
    assert weights == expected[0]
    assert history.losses == expected[1].losses
    with pytest.raises(Diverged) as read_late:
        trained(name="sgd", learning_rate=1e20)
    monkeypatch.undo()
    with pytest.raises(Diverged) as read_at_once:
        trained(name="sgd", learning_rate=1e20)
    assert read_late.value.facts == read_at_once.value.facts


def test_a_loss_that_diverges_ends_the_training_with_its_step():
    with pytest.raises(UserError, match=r"step \d+ with learning rate 1e\+20"):
        trained(name="sgd", learning_rate=1e20)


@pytest.mark.parametrize("validation", [0.0, 0.5])
@pytest.mark.parametrize("averaging", [None, {"name": "ema", "decay": 0.9}])
def test_an_update_after_which_no_loss_is_computed_diverges_too(validation, averaging):
    settings = recipe(name="sgd", learning_rate=1e38).model_dump()
    settings |= {"max_steps": 1, "validation": validation, "averaging": averaging}
    with pytest.raises(Diverged) as error:
        train(new_model(), *data(), checked_settings(Recipe, settings), 0)
    facts = error.value.facts
    assert (facts["step"], facts["loss"]) == (1, "nan")
    assert math.isfinite(facts["last_finite_loss"])


def test_weights_that_do_not_fit_the_model_are_listed(tmp_path):
    path = tmp_path / "weights.safetensors"
    path.write_bytes(trained()[0])
    load_into(new_model(1), path)
    assert read_metadata(path) == {"seed": 0}
    other = build_model(checked_settings(ModelSettings, {"family": "cnn", "blocks": 3}), 10)
    with pytest.raises(
        UserError, match=r"missing: block_3\.conv\.bias.*another shape: head\.weight"
    ):
        load_into(other, path)
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(UserError, match="cannot read weights"):
        load_into(new_model(), path)
