"""The models of the published comparison, torchvision's others, a user's own, and their counts."""

import csv

import pytest
import torch
import torchvision
from project import ROOT
from torch import nn

from cifarlab.cost.model_cost import model_cost, multiply_adds, total_size
from cifarlab.cost.structure import modules_below, structure_tree
from cifarlab.models.build import build_for_counting, build_model
from cifarlab.models.families import ModelSettings
from cifarlab.models.heads import find_head
from engine.errors import UserError
from engine.settings import checked_settings

PUBLISHED = {row["model"]: row for row in csv.DictReader((ROOT / "config/published.csv").open())}
ARCHITECTURES = torchvision.models.list_models(module=torchvision.models)
# Inception's last pooling and GoogLeNet's need more pixels than others.
INPUT_SIZE = 96


def settings_of(name, **changes):
    """Settings of one of the seven models, as the default configuration gives them."""
    if name.startswith("cnn"):
        values = {"family": "cnn", "blocks": int(name[-1])}
    else:
        values = {"family": "torchvision", "architecture": name}
        if name in ("vit_b_32", "swin_b"):
            values["size_convention"] = "torchinfo-MB-batch1"
    return checked_settings(ModelSettings, {**values, **changes})


@pytest.mark.parametrize(
    ("name", "parameters", "size"),
    [
        ("cnn_2", 219_044, "40.63"),
        ("cnn_3", 168_036, "46.94"),
        ("cnn_5", 1_116_388, "55.43"),
        ("vgg19", 139_979_940, "773.24"),
        ("resnet101", 42_705_060, "593.20"),
        ("vit_b_32", 87_532_132, "263.59"),
        ("swin_b", 86_845_724, "425.33"),
    ],
)
def test_parameters_and_published_size_are_exact(name, parameters, size):
    settings = settings_of(name)
    side = settings.input_size
    cost = model_cost(build_for_counting(settings, 100), (3, side, side), settings.size_convention)
    assert cost["total_params"] == parameters == int(PUBLISHED[name]["total_params"])
    assert f"{cost['total_size_mb']:.2f}" == size == PUBLISHED[name]["total_size_mb"]
    assert cost["size_convention"] == PUBLISHED[name]["size_convention"]


@pytest.mark.parametrize("name", ["vgg19", "resnet101", "vit_b_32", "swin_b", "mobilenet_v3_small"])
def test_multiply_adds_are_those_that_torchvision_states(name):
    stated = torchvision.models.get_model_weights(name)["IMAGENET1K_V1"].meta["_ops"]
    model = build_for_counting(settings_of(name), 1000)
    # It states billions with three decimals; a pooling here and there is counted by neither.
    assert multiply_adds(model, (3, 224, 224)) / 1e9 == pytest.approx(stated, rel=2e-3, abs=6e-4)


class Attends(torch.nn.Module):
    """Attention over the rows of an image, which runs as one fused operation in testing."""

    def __init__(self):
        super().__init__()
        self.attention = torch.nn.MultiheadAttention(32, 4, batch_first=True)

    def forward(self, images):
        rows = images[:, 0]
        return self.attention(rows, rows, rows, need_weights=False)[0].mean(1)


def test_multiply_adds_of_attention_are_counted_on_the_cpu_too():
    projections, products = 4 * 32 * 32 * 32, 2 * 32 * 32 * 32
    assert multiply_adds(Attends().eval(), (1, 32, 32)) == projections + products


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_the_head_of_every_torchvision_model_is_found_and_replaced(architecture):
    settings = checked_settings(
        ModelSettings,
        {"family": "torchvision", "architecture": architecture, "input_size": INPUT_SIZE},
    )
    if architecture.startswith("maxvit"):
        settings = settings.model_copy(update={"input_size": 224})
    elif architecture.startswith("vit_h"):
        settings = settings.model_copy(update={"input_size": 112})
    model = build_for_counting(settings, 7)
    name, head = find_head(model)
    assert next(head.parameters()).shape[0] == 7, name
    device = head.weight.device
    assert device.type == ("cpu" if architecture.startswith("regnet") else "meta")
    with torch.inference_mode():
        images = torch.zeros(2, 3, settings.input_size, settings.input_size, device=device)
        assert model(images).shape == (2, 7)


def test_a_model_whose_head_cannot_be_found_says_how_to_name_it():
    with pytest.raises(UserError, match=r"head: dotted\.name"):
        find_head(torch.nn.Sequential(torch.nn.ReLU()))
    model = torch.nn.ModuleDict({"features": torch.nn.Linear(1, 1)})
    with pytest.raises(UserError, match=r"'classifier\.9'.*its last are: features"):
        find_head(model, "classifier.9")


def test_an_unknown_architecture_is_named_with_close_ones():
    with pytest.raises(UserError, match=r"'resnet_101'.*resnet101"):
        build_for_counting(settings_of("resnet_101"), 100)


def test_a_block_is_convolution_norm_relu_and_pooling():
    tree = structure_tree(build_for_counting(settings_of("cnn_2"), 100), (3, 32, 32))
    layers = [module for module in modules_below(tree) if module["is_leaf"]]
    assert [layer["kind"] for layer in layers] == [
        *(["Conv2d", "BatchNorm2d", "ReLU", "MaxPool2d"] * 2),
        "Flatten",
        "Linear",
    ]
    assert [layer["output_shape"] for layer in layers[:4]] == [[16, 32, 32]] * 3 + [[16, 16, 16]]
    assert layers[0]["parameters"] == 16 * 3 * 5 * 5 + 16


def test_the_sizes_count_what_their_rules_say():
    one = {"outputs": 1 << 20, "is_leaf": True, "parameters": 0, "children": []}
    linear = {**one, "kind": "Linear", "parameters": 1 << 20}
    relu, flatten = {**one, "kind": "ReLU"}, {**one, "kind": "Flatten"}
    # A layer that is in a block, and an attention, which gives no tensor.
    block = {**linear, "kind": "Block", "is_leaf": False, "children": [relu]}
    attention = {**linear, "kind": "Attention", "outputs": 0, "parameters": 1 << 20}
    tree = {"children": [linear, block, flatten, attention]}
    tree |= {"input_shape": [1 << 20], "parameters": 3 << 20, "kind": "Model", "outputs": 1 << 20}
    # Mi numbers: batch × (input + 2 × outputs) + parameters, 4 bytes each.
    mib = 4 * (1 * (1 + 2 * 3) + 3)
    assert total_size("activations-x2-MiB-batch1", tree) == mib
    mib = 4 * (64 * (1 + 2 * 3) + 3)
    assert total_size("activations-x2-MiB-batch64", tree) == mib
    mb = 4 * (1 * (1 + 2 * 1) + 1) * (1 << 20) / 1e6
    assert total_size("torchinfo-MB-batch1", tree) == pytest.approx(mb)


@pytest.mark.parametrize("blocks", [1, 2, 3, 4, 5])
def test_a_cnn_of_every_depth_gives_one_logit_per_class(blocks):
    model = build_model(settings_of(f"cnn_{blocks}"), 7).eval()
    with torch.inference_mode():
        assert model(torch.zeros(4, 3, 32, 32)).shape == (4, 7)


LINEAR = """
from torch import nn
def make(n):
    return nn.Sequential(nn.Flatten(), nn.Linear(3 * 32 * 32, {outputs}))
"""


def test_a_users_file_may_define_dataclasses_and_compute_with_numbers(tmp_path):
    text = """
from __future__ import annotations
from dataclasses import dataclass
import torch
from torch import nn

@dataclass
class Widths:
    head: int

class Net(nn.Module):
    def __init__(self, n, rates):
        super().__init__()
        self.rate, self.head = rates[0], nn.Linear(Widths(3072).head, n)
    def forward(self, images):
        return self.head(images.flatten(1)) * (1 + self.rate)

def make(n):
    return Net(n, [rate.item() for rate in torch.linspace(0.5, 1, 2)])
"""
    model = build_for_counting(own_model(tmp_path, text), 7)
    assert model.rate == 0.5
    assert model_cost(model, (3, 32, 32), "activations-x2-MiB-batch1")["total_params"] == 3073 * 7


def own_model(tmp_path, text, factory="make", **options):
    path = tmp_path / "my_model.py"
    path.write_text(text)
    values = {"family": "file", "factory": f"{path}:{factory}", "options": options}
    return checked_settings(ModelSettings, values)


def test_a_users_factory_gets_the_number_of_classes_and_its_options(tmp_path):
    text = LINEAR.format(outputs="n * factor").replace("make(n)", "make(n, factor)")
    model = build_model(own_model(tmp_path, text, factor=1), 7)
    assert model[1].out_features == 7


@pytest.mark.parametrize(
    ("text", "factory", "words"),
    [
        ("x = 1", "make", "has no function 'make'"),
        ("def make(n_classes): return n_classes", "make", "returned a value of type int"),
        (None, "make", "expected a Python file"),
        ("def make(:", "make", r"SyntaxError.*my_model\.py"),
        ("def make(n, depth): pass", "make", "missing a required argument: 'depth'"),
        ("def make(n): return 1 / 0", "make", r"ZeroDivisionError.*my_model\.py, line 1"),
    ],
)
@pytest.mark.parametrize("build", [build_model, build_for_counting])
def test_a_fault_of_a_users_factory_is_named(tmp_path, text, factory, words, build):
    settings = own_model(tmp_path, text or "", factory)
    if text is None:
        (tmp_path / "my_model.py").unlink()
    with pytest.raises(UserError, match=words):
        build(settings, 7)


@pytest.mark.parametrize("seed", range(8))
def test_a_training_cnn_gives_the_bits_of_the_published_order(seed):
    torch.manual_seed(seed)
    blocks = 1 + seed % 5
    model = build_model(checked_settings(ModelSettings, {"family": "cnn", "blocks": blocks}), 100)
    # Whole numbers, so that many windows have their largest value twice or none above zero.
    images = torch.randint(-2, 3, (6, 3, 32, 32)).float().to(memory_format=torch.channels_last)
    labels = torch.arange(6)

    def outputs_and_gradients(forward):
        model.load_state_dict(start)
        model.train().zero_grad()
        logits = forward(images)
        nn.functional.cross_entropy(logits, labels).backward()
        return [logits, *(p.grad for p in model.parameters()), *model.state_dict().values()]

    def published_order(numbers):
        for layer in model:
            is_block = isinstance(layer, nn.Sequential)
            numbers = nn.Sequential.forward(layer, numbers) if is_block else layer(numbers)
        return numbers

    start = {key: value.clone() for key, value in model.state_dict().items()}
    found = [value.clone() for value in outputs_and_gradients(model)]
    expected = [value.clone() for value in outputs_and_gradients(published_order)]
    assert all(map(torch.equal, found, expected))
    assert found[1].abs().sum() > 0
