"""One architecture contains another by what its layers are, whatever they are called."""

import pytest
from test_structure import tree_of

from cifarlab.comparison.containment import contains, largest_change, layers_of


def node(name, kind, parameters=0, *children, kernel=None):
    parameters += sum(child["parameters"] for child in children)
    shape = {"kernel_size": kernel, "children": [*children]}
    return {"name": name, "kind": kind, "parameters": parameters, **shape}


def model(*children, own=0):
    return node("", "Model", own, *children)


CONV, WIDE = node("conv", "Conv2d", 448, kernel=[3, 3]), node("wide", "Conv2d", 9280, kernel=[3, 3])
SMALL, LARGE = node("head", "Linear", 6500), node("head", "Linear", 102_500)


@pytest.mark.parametrize(
    ("larger", "smaller"),
    [("cnn_3", "cnn_2"), ("cnn_5", "cnn_3"), ("resnet101", "resnet50"), ("vgg19", "vgg11")],
)
def test_a_deeper_network_contains_the_shallower_one_of_its_kind(larger, smaller):
    assert contains(tree_of(larger), tree_of(smaller))
    assert not contains(tree_of(smaller), tree_of(larger))


@pytest.mark.parametrize(
    "names", [("vit_b_32", "swin_b"), ("vgg19", "resnet101"), ("resnet101", "cnn_5")]
)
def test_of_two_families_none_contains_the_other(names):
    trees = [tree_of(name) for name in names]
    assert not contains(*trees)
    assert not contains(*reversed(trees))


@pytest.mark.parametrize(
    "other",
    [
        node("conv", "Conv2d", 449, kernel=[3, 3]),
        node("conv", "Conv2d", 448, kernel=[5, 5]),
        node("conv", "LazyConv2d", 448, kernel=[3, 3]),
        node("stem", "Conv2d", 448, kernel=[3, 3]),
    ],
)
def test_a_layer_is_the_same_by_place_kind_kernel_and_parameters(other):
    assert contains(model(CONV, WIDE, SMALL), model(CONV, LARGE))
    assert not contains(model(other, WIDE, SMALL), model(CONV, LARGE))


def test_layers_are_contained_in_their_order():
    assert contains(model(CONV, WIDE, CONV, SMALL), model(WIDE, CONV, SMALL))
    assert not contains(model(CONV, WIDE, SMALL), model(WIDE, CONV, SMALL))
    # One layer is not there twice.
    assert not contains(model(CONV, WIDE, SMALL), model(CONV, CONV, SMALL))


def test_a_model_that_is_one_layer_is_in_none():
    assert not contains(model(CONV, SMALL), model(SMALL))
    assert not contains(model(), model())


def test_parameters_of_a_module_that_has_modules_below_are_a_layer_of_their_own():
    layers = layers_of(model(node("body", "Body", 7, CONV, node("relu", "ReLU")), SMALL, own=5))
    assert layers == [
        ("", "Model", (), 5),
        ("body", "Body", (), 7),
        ("body", "Conv2d", (3, 3), 448),
        ("head", "Linear", (), 6500),
    ]


def test_the_largest_change_is_in_the_direction_of_the_sum():
    less, more = model(CONV, LARGE), model(CONV, WIDE, SMALL)
    assert largest_change(less, more) == ("head", 102_500, 6500)
    assert largest_change(more, less) == ("head", 6500, 102_500)
    assert largest_change(model(CONV, SMALL), more) == ("wide", None, 9280)
    assert largest_change(more, model(CONV, SMALL)) == ("wide", 9280, None)
    assert largest_change(more, more) == (None, None, None)


def test_the_third_block_takes_fewer_parameters_because_the_head_shrinks():
    assert largest_change(tree_of("cnn_2"), tree_of("cnn_3")) == ("head", 204_900, 102_500)
