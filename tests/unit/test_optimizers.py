"""Optimizers against torch's own, and what they do with the parts of a model."""

import json

import pytest
import torch
from test_steps import N_IMAGES, data, plain_model, recipe
from torch import nn
from torchvision import models

from cifarlab.models.build import build_model
from cifarlab.models.families import ModelSettings
from cifarlab.models.heads import find_head
from cifarlab.training.groups import backbone_of, layers_below, parameter_groups
from cifarlab.training.loop import train
from cifarlab.training.rates import learning_rates
from cifarlab.training.steps import Stepper
from engine.errors import UserError
from engine.observers import Observer
from engine.settings import checked_settings

MUON = {"name": "muon", "adamw_learning_rate": 0.002}


def optimizer(name="sgd", **changes):
    return {"optimizer": {"name": name, "learning_rate": 0.1, **changes}}


def cnn(blocks=3, **settings):
    torch.manual_seed(0)
    settings = {"family": "cnn", "blocks": blocks, **settings}
    return build_model(checked_settings(ModelSettings, settings), 10).train()


def stepper_of(model, **changes):
    return Stepper(model.train(), *data(), recipe(**changes))


def rates_of(model, stepper):
    """The learning rate of every parameter, by name."""
    groups = stepper.optimizer.param_groups
    rates = {tensor: group["lr"] for group in groups for tensor in group["params"]}
    return {name: rates[tensor] for name, tensor in model.named_parameters()}


@pytest.mark.parametrize(
    ("settings", "kind", "keys"),
    [
        (
            {"name": "rmsprop", "square_smoothing": 0.9, "momentum": 0.5, "weight_decay": 0.1},
            torch.optim.RMSprop,
            {"alpha": 0.9, "momentum": 0.5, "weight_decay": 0.1},
        ),
        ({"name": "rmsprop"}, torch.optim.RMSprop, {}),
        (
            {"momentum": 0.9, "nesterov": True, "weight_decay": 0.1},
            torch.optim.SGD,
            {"momentum": 0.9, "nesterov": True, "weight_decay": 0.1},
        ),
    ],
)
def test_an_optimizer_takes_the_steps_of_torchs_own(settings, kind, keys):
    found, expected = plain_model(), plain_model()
    steppers = [stepper_of(model, **optimizer(**settings)) for model in (found, expected)]
    assert isinstance(steppers[0].optimizer, kind)
    groups = [{"params": [*expected.parameters()], "lr_multiple": 1.0}]
    steppers[1].optimizer = kind(groups, lr=0.1, foreach=False, **keys)
    for rate in (0.001, 0.002, 0.0005):
        for stepper in steppers:
            stepper.step(torch.arange(16), rate)
    for tensor, other in zip(found.parameters(), expected.parameters(), strict=True):
        torch.testing.assert_close(tensor, other, rtol=1e-4, atol=1e-6)


def test_every_parameter_is_in_one_group_where_nothing_sets_some_apart():
    model = plain_model()
    (group,) = parameter_groups(model, recipe(**optimizer()).optimizer)
    assert [*map(id, group["params"])] == [*map(id, model.parameters())]
    assert group["lr_multiple"] == 1


@pytest.mark.parametrize(
    "text",
    [
        '{"learning_rate": 0.1, "momentum": 0.0, "name": "sgd", "weight_decay": 0.0}',
        '{"learning_rate": 0.1, "name": "adam", "weight_decay": 0.0}',
    ],
)
def test_an_optimizer_is_written_without_the_keys_that_came_later_where_they_say_nothing(text):
    chosen = recipe(optimizer=json.loads(text)).optimizer
    assert chosen.to_json() == text
    assert '"layer_decay": 0.5' in chosen.model_copy(update={"layer_decay": 0.5}).to_json()


def test_momentum_of_a_parameter_whose_first_gradient_comes_later():
    class Late(nn.Module):
        def __init__(self):
            super().__init__()
            self.early, self.late, self.steps = plain_model(), nn.Linear(10, 10), 0

        def forward(self, images):
            self.steps += 1
            logits = self.early(images)
            return logits if self.steps == 1 else self.late(logits)

    model = Late()
    stepper = stepper_of(model, **optimizer(momentum=0.9))
    before = model.late.weight.clone()
    stepper.step(torch.arange(8), 0.1)
    assert torch.equal(model.late.weight, before)
    stepper.step(torch.arange(8), 0.1)
    torch.testing.assert_close(model.late.weight, before - 0.1 * model.late.weight.grad)


# --- muon


@pytest.mark.parametrize("shape", [(8, 20), (20, 8), (8, 5, 2, 2), (40, 5, 2, 2)], ids=str)
def test_muon_takes_the_steps_of_torchs_own_on_the_matrix_of_a_weight(shape):
    torch.manual_seed(1)
    weight = nn.Parameter(torch.randn(shape))
    if weight.ndim == 4:
        weight.data = weight.data.contiguous(memory_format=torch.channels_last)
    matrix = nn.Parameter(weight.detach().flatten(1).clone())
    keys = {"momentum": 0.8, "weight_decay": 0.1}
    settings = recipe(optimizer={**MUON, "learning_rate": 0.05, **keys}).optimizer
    other = {"params": [nn.Parameter(torch.zeros(1))], "by_muon": False, "lr_multiple": 1.0}
    own = settings.build([{"params": [weight], "by_muon": True, "lr_multiple": 1.0}, other])
    torchs = torch.optim.Muon([matrix], lr=0.05, **keys)
    for _ in range(3):
        gradient = torch.randn(shape)
        weight.grad, matrix.grad = gradient, gradient.flatten(1).clone()
        own.step()
        torchs.step()
    assert torch.equal(weight.flatten(1), matrix)


def test_muon_takes_hidden_weights_and_adamw_all_others():
    model = cnn(3)
    stepper = stepper_of(model, optimizer={**MUON, "learning_rate": 0.05})
    muon, adamw = stepper.optimizer.optimizers
    names = {tensor: name for name, tensor in model.named_parameters()}
    of_muon = {names[tensor] for group in muon.param_groups for tensor in group["params"]}
    assert of_muon == {"block_2.conv.weight", "block_3.conv.weight"}
    assert isinstance(adamw, torch.optim.AdamW)
    of_adamw = {names[tensor] for group in adamw.param_groups for tensor in group["params"]}
    assert of_muon | of_adamw == {*names.values()}
    stepper.step(torch.arange(8), 0.025)
    # At half of its learning rate, that of adamw is halved too.
    for name, rate in rates_of(model, stepper).items():
        assert rate == pytest.approx(0.025 if name in of_muon else 0.001)


def test_what_adamw_takes_of_a_transformer_are_no_layers_of_it():
    model = models.VisionTransformer(32, 8, 2, 2, 16, 32, num_classes=10)
    groups = parameter_groups(model, recipe(optimizer={**MUON, "learning_rate": 0.05}).optimizer)
    names = {tensor: name for name, tensor in model.named_parameters()}
    of_muon = {names[t] for group in groups if group["by_muon"] for t in group["params"]}
    assert of_muon == {
        f"encoder.layers.encoder_layer_{number}.{layer}.weight"
        for number in (0, 1)
        for layer in ("self_attention.out_proj", "mlp.0", "mlp.3")
    }


@pytest.mark.parametrize("precision", ["fp32", "fp16"])
def test_a_training_with_muon_lowers_the_loss(precision):
    settings = recipe(
        epochs=12,
        batch_size=16,
        precision=precision,
        optimizer={**MUON, "learning_rate": 0.02},
    )
    history = train(cnn(2), *data(), settings, seed=0)
    assert history.losses[-1] < 0.5 * history.losses[0]


def test_gradients_that_are_not_finite_in_fp16_change_nothing():
    model = cnn(2)
    stepper = stepper_of(model, precision="fp16", optimizer={**MUON, "learning_rate": 0.02})
    before = [tensor.clone() for tensor in model.parameters()]
    stepper.scaler = torch.amp.GradScaler("cpu", init_scale=2.0**127)
    stepper.step(torch.arange(8), 0.02)
    assert all(map(torch.equal, before, model.parameters()))


@pytest.mark.parametrize("freeze", [False, True])
def test_muon_without_a_matrix_to_work_on_ends_in_one_line(freeze):
    model = cnn(2 if freeze else 1)
    if freeze:
        model.block_2.conv.weight.requires_grad_(False)
    with pytest.raises(UserError, match=r"^optimizer: .* for muon, found none between") as error:
        stepper_of(model, optimizer={**MUON, "learning_rate": 0.02})
    assert len(str(error.value).splitlines()) == 1


# --- parts of a model


@pytest.mark.parametrize("name", ["sgd", "adam", "adamw", "rmsprop", "muon"])
def test_biases_and_norms_can_be_left_without_decay(name):
    rest = MUON if name == "muon" else {}
    rest = {**rest, "weight_decay": 0.5, "decay_biases_and_norms": False}
    model = cnn(3)
    before = {name: tensor.clone() for name, tensor in model.named_parameters()}
    stepper = stepper_of(model, **optimizer(**{**rest, "name": name}))
    for group in stepper.optimizer.param_groups:
        is_decayed = {tensor.ndim > 1 for tensor in group["params"]}
        assert is_decayed == {group["weight_decay"] == 0.5}
    assert before.keys() == rates_of(model, stepper).keys()


def test_weights_alone_shrink_where_there_is_no_gradient():
    model = cnn(2)
    chosen = optimizer("adamw", weight_decay=0.5, decay_biases_and_norms=False)
    stepper = stepper_of(model, **chosen)
    with torch.no_grad():
        for tensor in model.parameters():
            tensor.fill_(1.0)
            tensor.grad = torch.zeros_like(tensor)
    for group in stepper.optimizer.param_groups:
        group["lr"] = 0.1
    stepper.optimizer.step()
    for tensor in model.parameters():
        assert torch.all(tensor == (1 - 0.1 * 0.5 if tensor.ndim > 1 else 1.0))


def test_the_head_and_each_layer_below_it_have_their_multiples_of_the_learning_rate():
    model = cnn(3)
    chosen = optimizer(layer_decay=0.5, head_learning_rate_multiple=10.0)
    stepper = stepper_of(model, **chosen)
    stepper.step(torch.arange(8), 0.2)
    expected = {"head": 2.0, "block_3": 0.1, "block_2": 0.05, "block_1": 0.025}
    for name, rate in rates_of(model, stepper).items():
        assert rate == pytest.approx(expected[name.partition(".")[0]])


def test_a_head_that_the_models_settings_name_is_the_head():
    model = cnn(2, head="block_1.conv")
    stepper = stepper_of(model, **optimizer(head_learning_rate_multiple=10.0))
    stepper.step(torch.arange(8), 0.2)
    for name, rate in rates_of(model, stepper).items():
        assert rate == pytest.approx(2.0 if name.startswith("block_1.conv") else 0.2)


@pytest.mark.parametrize(
    ("name", "n_layers", "first", "last"),
    [
        ("resnet18", 9, ["conv1.weight", "bn1.weight", "bn1.bias"], "layer4.1."),
        ("vgg11_bn", 10, ["features.0.weight", "features.0.bias"], "classifier.3."),
        ("vit_b_32", 14, ["class_token"], "encoder.layers.encoder_layer_11."),
        ("swin_t", 16, ["features.0.0.weight", "features.0.0.bias"], "features.7.1."),
        ("mobilenet_v2", 19, ["features.0.0.weight"], "features.18.0."),
    ],
)
def test_layers_are_the_blocks_of_a_model(name, n_layers, first, last):
    with torch.device("meta"):
        model = models.get_model(name, weights=None)
    names = {tensor: name for name, tensor in model.named_parameters()}
    _, head = find_head(model)
    layers = [[names[tensor] for tensor in layer] for layer in layers_below(model, head)]
    assert len(layers) == n_layers
    assert layers[0][: len(first)] == first
    assert any(name.startswith(last) for name in layers[-1])
    in_layers = [name for layer in layers for name in layer]
    assert len(in_layers) == len({*in_layers}) == len(names) - len([*head.parameters()])


# --- freezing


def test_a_frozen_backbone_stays_for_its_epochs_and_is_trained_after_them():
    model, seen = cnn(2), []

    class Watch(Observer):
        def note_epoch(self, *_):
            seen.append({name: t.detach().clone() for name, t in model.named_parameters()})

    watch = Watch()
    watch.note_epoch()
    settings = recipe(epochs=3, batch_size=24, **optimizer("adam", freeze_backbone_epochs=2))
    train(model, *data(), settings, seed=0, observers=[watch])
    for name in seen[0]:
        is_same = [torch.equal(seen[epoch][name], seen[epoch + 1][name]) for epoch in range(3)]
        assert is_same == ([False] * 3 if name.startswith("head.") else [True, True, False])


def test_what_a_model_froze_itself_stays_frozen():
    model = cnn(2)
    model.block_1.requires_grad_(False)
    stepper = stepper_of(model, **optimizer(freeze_backbone_epochs=1))
    for number, expected in enumerate([False, True]):
        stepper.begin_epoch(number)
        assert not model.block_1.conv.weight.requires_grad
        assert model.block_2.conv.weight.requires_grad is expected
        assert model.head.weight.requires_grad


@pytest.mark.parametrize(
    ("frozen", "words"), [("head", "to train in the head, head"), ("block_1", "but for its head")]
)
def test_freezing_all_there_is_to_train_or_nothing_ends_in_one_line(frozen, words):
    model = cnn(1)
    model.get_submodule(frozen).requires_grad_(False)
    with pytest.raises(UserError, match=f"^freeze_backbone_epochs: .*{words}") as error:
        stepper_of(model, **optimizer(freeze_backbone_epochs=1))
    assert len(str(error.value).splitlines()) == 1


def test_a_model_without_a_head_to_find_is_trained_and_refused_where_the_head_is_asked_for():
    class Bare(nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = nn.Parameter(torch.zeros(3072, 10))

        def forward(self, images):
            return images.flatten(1) @ self.weight

    stepper_of(Bare(), **optimizer()).step(torch.arange(8), 0.1)
    for changes in ({"freeze_backbone_epochs": 1}, {"layer_decay": 0.5}):
        with pytest.raises(UserError, match=r"^head: expected"):
            stepper_of(Bare(), **optimizer(**changes))
    with pytest.raises(UserError, match=r"^head: expected"):
        backbone_of(Bare())


# --- clipping


def gradient(changes):
    """Of a step on all images, as the optimizer took it, in one vector."""
    model = plain_model()
    # The fused kernels leave the gradient without its scale in fp16.
    stepper_of(model, **changes).step(torch.arange(N_IMAGES), 0.0)
    return torch.cat([tensor.grad.flatten() for tensor in model.parameters()])


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"micro_batch": 16},
        {"precision": "bf16"},
        {"precision": "fp16"},
        {"precision": "fp16", **optimizer("adam")},
    ],
    ids=str,
)
def test_the_gradient_of_a_whole_batch_is_shortened_to_the_norm(changes):
    whole = gradient(changes)
    norm = whole.norm().item()
    assert norm == pytest.approx(gradient({}).norm().item(), rel=0.02)
    short = gradient({**changes, "clip_norm": norm / 3})
    torch.testing.assert_close(short, whole / 3, rtol=1e-4, atol=1e-7)
    torch.testing.assert_close(gradient({**changes, "clip_norm": 2 * norm}), whole)


def test_the_schedule_is_that_of_every_group():
    settings = recipe(
        epochs=1,
        batch_size=12,
        warm_up=0.5,
        schedule="linear",
        **optimizer(layer_decay=0.5),
    )
    model = cnn(2)
    stepper = Stepper(model, *data(), settings)
    for rate in learning_rates(settings, 4):
        stepper.step(torch.arange(8), rate)
        rates = rates_of(model, stepper)
        assert rates["head.weight"] == rate
        assert rates["block_2.conv.weight"] == 0.5 * rate
        assert rates["block_1.conv.weight"] == 0.25 * rate
