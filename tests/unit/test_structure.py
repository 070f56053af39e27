"""The structure of a model: each parameter counted once, repetition folded, legible figures."""

import functools
import json
from xml.etree import ElementTree

import pytest
import torch
import torchvision
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import TextToPath
from torch import nn

from cifarlab.cost.structure import structure_tree
from cifarlab.models.build import build_model
from cifarlab.models.families import ModelSettings
from engine.settings import checked_settings
from reporting.figures.structure import reason_svg, structure_svg
from reporting.layers import folded, structure_text

CNNS = ("cnn_2", "cnn_3", "cnn_5")
FINE_TUNED = ("vgg19", "resnet101", "vit_b_32", "swin_b")
MODELS = CNNS + FINE_TUNED
SVG = "{http://www.w3.org/2000/svg}"


@functools.cache
def model_and_tree(name):
    with torch.device("meta"):
        if name in CNNS:
            family = {"family": "cnn", "blocks": int(name.removeprefix("cnn_"))}
            model = build_model(checked_settings(ModelSettings, family), 100).eval()
            return model, structure_tree(model, (3, 32, 32))
        model = getattr(torchvision.models, name)(num_classes=100).eval()
        return model, structure_tree(model, (3, 224, 224))


def tree_of(name):
    return model_and_tree(name)[1]


def node(tree, *path):
    for name in path:
        tree = next(child for child in tree["children"] if child["name"] == name)
    return tree


def every_node(tree):
    return [tree, *(below for child in tree["children"] for below in every_node(child))]


def counts(tree, *path):
    return [(child["name"], child["times"]) for child in folded(node(tree, *path)["children"])]


class Model(nn.Module):
    """A model whose `forward` is given; its modules are attributes."""

    def __init__(self, forward, **modules):
        super().__init__()
        self.run = forward
        for name, module in modules.items():
            self.add_module(name, module)

    def forward(self, images):
        return self.run(self, images)


# --- the tree


@pytest.mark.parametrize("name", MODELS)
def test_the_root_counts_every_parameter_of_the_model(name):
    model, tree = model_and_tree(name)
    assert tree["parameters"] == sum(parameter.numel() for parameter in model.parameters())


@pytest.mark.parametrize("name", MODELS)
def test_the_tree_is_plain_json_from_the_images_to_one_logit_per_class(name):
    tree = tree_of(name)
    assert json.loads(json.dumps(tree)) == tree
    assert tree["input_shape"] == ([3, 32, 32] if name in CNNS else [3, 224, 224])
    assert tree["output_shape"] == [100]


def test_parameters_that_a_container_holds_itself_are_counted_in_it():
    vit, swin = tree_of("vit_b_32"), tree_of("swin_b")

    def own(parent):
        return parent["parameters"] - sum(child["parameters"] for child in parent["children"])

    assert own(vit) == 768  # class_token
    assert own(node(vit, "encoder")) == 50 * 768  # pos_embedding
    attention = node(swin, "features", "1", "0", "attn")
    # qkv and proj with their biases, and the table of 13 × 13 relative positions for 4 heads.
    assert attention["parameters"] == 128 * 384 + 384 + 128 * 128 + 128 + 13 * 13 * 4


def test_attention_is_a_leaf_because_its_projection_is_never_called():
    attention = node(tree_of("vit_b_32"), "encoder", "layers", "encoder_layer_0", "self_attention")
    assert attention["kind"] == "MultiheadAttention"
    assert attention["output_shape"] == [50, 768]
    assert attention["children"] == []
    assert attention["parameters"] == 4 * (768 * 768 + 768)


def test_children_stand_in_the_order_in_which_they_run():
    model = Model(lambda self, x: self.a(self.b(x)), a=nn.Flatten(), b=nn.ReLU())
    assert [child["name"] for child in structure_tree(model, (3, 4, 4))["children"]] == ["b", "a"]


def test_a_module_that_is_never_called_does_not_appear_but_what_it_holds_does():
    blocks = nn.ModuleList([nn.Conv2d(3, 3, 1), nn.ReLU()])
    model = Model(lambda self, x: self.blocks[1](self.blocks[0](x)), blocks=blocks, no=nn.ReLU())
    tree = structure_tree(model, (3, 4, 4))
    assert [child["name"] for child in tree["children"]] == ["blocks.0", "blocks.1"]


def test_a_module_that_is_called_twice_appears_once_with_its_first_output():
    model = Model(
        lambda self, x: self.shared(self.pool(self.shared(x))),
        shared=nn.Sequential(nn.Conv2d(3, 3, 1), nn.ReLU()),
        pool=nn.MaxPool2d(2),
    )
    tree = structure_tree(model, (3, 4, 4))
    assert [child["name"] for child in tree["children"]] == ["shared", "pool"]
    assert node(tree, "shared")["output_shape"] == [3, 4, 4]
    assert [child["name"] for child in node(tree, "shared")["children"]] == ["0", "1"]
    assert tree["parameters"] == 3 * 3 + 3


def test_a_parameter_that_two_modules_share_is_counted_once():
    first, second = nn.Linear(4, 4, bias=False), nn.Linear(4, 4, bias=False)
    second.weight = first.weight
    tree = structure_tree(nn.Sequential(first, second), (4,))
    assert tree["parameters"] == 16


@pytest.mark.parametrize(
    ("output", "shape"),
    [
        (lambda x: (None, x.flatten(1), x), [48]),
        (lambda x: {"scores": x.flatten(1), "images": x}, [48]),
        (lambda x: {"nested": [None, (x,)]}, [3, 4, 4]),
        (lambda x: None, None),
        (lambda x: 7, None),
    ],
)
def test_the_output_shape_is_that_of_the_first_tensor(output, shape):
    part = Model(lambda self, x: output(x))
    model = Model(lambda self, x: (self.part(x), self.head(x))[1], part=part, head=nn.Flatten())
    tree = structure_tree(model, (3, 4, 4))
    assert node(tree, "part")["output_shape"] == shape
    assert structure_svg(tree, "model")
    assert structure_text(tree)


def test_the_model_is_left_without_hooks_even_when_it_fails():
    model = nn.Sequential(nn.Conv2d(3, 4, 1), nn.Linear(5, 6)).eval()
    with pytest.raises(RuntimeError):
        structure_tree(model, (3, 4, 4))
    for module in model.modules():
        assert not module._forward_hooks
        assert not module._forward_pre_hooks


# --- folding


def test_the_blocks_of_resnet101_fold_behind_the_first_of_each_stage():
    tree = tree_of("resnet101")
    assert counts(tree, "layer1") == [("0", 1), ("1–2", 2)]
    assert counts(tree, "layer3") == [("0", 1), ("1–22", 22)]
    assert folded(node(tree, "layer3")["children"])[1]["kind"] == "Bottleneck"


def test_the_blocks_of_vit_and_of_swin_fold():
    vit = tree_of("vit_b_32")
    assert counts(vit, "encoder", "layers") == [("encoder_layer_0–11", 12)]
    assert counts(tree_of("swin_b"), "features", "5") == [("0–17", 18)]


def test_a_folded_node_has_the_parameters_of_one():
    layers = node(tree_of("vit_b_32"), "encoder", "layers")
    (block,) = folded(layers["children"])
    assert block["times"] * block["parameters"] == layers["parameters"]


def test_only_neighbours_that_are_alike_all_the_way_down_fold():
    def block(activation):
        return nn.Sequential(nn.Flatten(), nn.Sequential(activation))

    model = nn.Sequential(block(nn.ReLU()), block(nn.ReLU()), block(nn.GELU()), block(nn.ReLU()))
    assert counts(structure_tree(model, (3, 4, 4))) == [("0–1", 2), ("2", 1), ("3", 1)]


# --- the diagram


def flat(count, layer):
    return nn.Sequential(*(layer(number) for number in range(count)))


def convolution(number):
    return nn.Conv2d(3, 3, 1 + 2 * (number % 5), padding=number % 5)


LONG = "W" * 300
# Models that ask for more boxes or longer words than there is room for: (model, image shape).
with torch.device("meta"):
    HOSTILE = {
        "60 different layers": (flat(60, lambda n: nn.Linear(3 + n, 4 + n)), (3,)),
        "60 different sizes": (flat(60, lambda n: nn.Linear(3 + n, 4 + n)), (2, 3)),
        "12 deep stages": (
            flat(12, lambda n: flat(3, lambda m: flat(n + m + 1, convolution))),
            (3, 8, 8),
        ),
        "40 blocks of 40": (flat(40, lambda n: flat(n % 7 + 9, convolution)), (3, 8, 8)),
        "30 pairs that repeat": (flat(30, lambda n: flat(2, lambda m: nn.Linear(4, 4))), (4,)),
        "20 blocks of different depth": (flat(20, lambda n: flat(n + 2, convolution)), (3, 8, 8)),
        "long name": (
            Model(lambda self, x: getattr(self, LONG)(x), **{LONG: nn.ReLU()}),
            (3, 4, 4),
        ),
        "long kind": (
            flat(9, lambda n: type("Mixture" * 30, (nn.Sequential,), {})(nn.ReLU())),
            (4,),
        ),
        "long phrase": (
            nn.Sequential(flat(8, lambda n: type("Mix" * 9 + f"{n}", (nn.ReLU,), {})())),
            (4,),
        ),
        "other scripts": (
            Model(lambda self, x: self.Ширина(x), Ширина=flat(3, lambda n: nn.ReLU())),
            (4,),
        ),
        "one layer": (nn.Flatten(), (3, 4, 4)),
    }
DIAGRAMS = {name: functools.partial(tree_of, name) for name in MODELS}
DIAGRAMS |= {name: functools.partial(structure_tree, *case) for name, case in HOSTILE.items()}


@pytest.fixture(params=DIAGRAMS)
def diagram(request):
    title = request.param if request.param in MODELS else "T" * 300
    return structure_svg(DIAGRAMS[request.param](), title)


def lines_of(svg):
    """Every text of the diagram: (words, left, right, baseline), set in the widest usual font."""
    measure = TextToPath().get_text_width_height_descent
    for text in ElementTree.fromstring(svg).iter(f"{SVG}text"):
        size, x = float(text.get("font-size")), float(text.get("x"))
        width, words = 0, "".join(text.itertext())
        for part in [text, *text]:
            weight = part.get("font-weight", "normal")
            font = FontProperties(family="DejaVu Sans", size=size, weight=weight)
            shown = part.text or ""
            width += float(part.get("dx", 0)) + measure(shown, font, False)[0]
        left = x - width if text.get("text-anchor") == "end" else x
        yield words, left, left + width, float(text.get("y"))


def boxes_of(svg):
    """Every box of the diagram: (depth, left, top, right, bottom)."""
    for box in ElementTree.fromstring(svg).iter(f"{SVG}rect"):
        if box.get("data-depth"):
            x, y, width, height = (float(box.get(key)) for key in ("x", "y", "width", "height"))
            yield int(box.get("data-depth")), x, y, x + width, y + height


def test_no_words_leave_the_picture_or_their_box_or_meet_others(diagram):
    _, _, width, height = map(float, ElementTree.fromstring(diagram).get("viewBox").split())
    lines = [line for line in lines_of(diagram) if line[0]]
    for words, left, right, baseline in lines:
        assert 0 <= left <= right <= width, words
        assert 12 <= baseline <= height - 4, words
        around = [box for box in boxes_of(diagram) if box[2] < baseline < box[4]]
        if around:
            _, box_left, box_top, box_right, box_bottom = max(around)
            assert box_left + 4 <= left <= right <= box_right - 4, words
            assert box_top + 12 <= baseline <= box_bottom - 4, words
    for line in lines:
        for other in lines:
            if line is not other and abs(line[3] - other[3]) < 12:
                assert line[2] + 3 <= other[1] or other[2] + 3 <= line[1], (line, other)


def test_at_most_25_boxes_none_over_another_and_the_inner_ones_within_an_outer_one(diagram):
    boxes = [*boxes_of(diagram)]
    assert 3 <= len(boxes) <= 25
    for depth, left, top, right, bottom in boxes:
        for other in (box for box in boxes if box[0] == depth and box[2] > top):
            assert bottom < other[2] or right < other[1]
        if depth:
            assert any(
                outer[0] == depth - 1
                and outer[1] < left < right < outer[3]
                and outer[2] < top < bottom < outer[4]
                for outer in boxes
            )


@pytest.mark.parametrize("name", MODELS)
def test_the_diagram_goes_from_the_input_to_the_class_logits(name):
    svg = structure_svg(tree_of(name), name)
    root = ElementTree.fromstring(svg)
    texts = ["".join(text.itertext()) for text in root.iter(f"{SVG}text")]
    assert texts[0] == root.find(f"{SVG}title").text == name
    assert texts[1].startswith(f"{tree_of(name)['parameters']:,} parameters")
    assert texts.index("input") < texts.index("class logits")
    assert texts[texts.index("input") + 1] == ("3 × 32 × 32" if name in CNNS else "3 × 224 × 224")
    assert texts[texts.index("class logits") + 1 :] == ["100"]


def test_the_page_decides_size_and_ink():
    root = ElementTree.fromstring(structure_svg(tree_of("cnn_2"), "cnn_2"))
    assert root.get("viewBox")
    assert root.get("width") is root.get("height") is None
    assert root.get("role") == "img"
    assert root.get("fill") == "currentColor"


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("cnn_5", ["block_5", "Conv2d 5×5 · BatchNorm2d · ReLU · MaxPool2d", "256 × 1 × 1"]),
        ("vgg19", ["10–18", "(Conv2d 3×3 · ReLU) × 4 · MaxPool2d", "85.7"]),
        ("resnet101", ["1–22Bottleneck × 22", "22 × 1,117,184", "1024 × 14 × 14", "57.6"]),
        ("vit_b_32", ["layersEncoderBlock × 12", "12 × 7,087,872"]),
        ("swin_b", ["5SwinTransformerBlock × 18", "2PatchMerging", "14 × 14 × 512"]),
    ],
)
def test_a_box_says_what_is_in_it_how_often_and_what_it_weighs(name, words):
    root = ElementTree.fromstring(structure_svg(tree_of(name), name))
    texts = ["".join(text.itertext()) for text in root.iter(f"{SVG}text")]
    assert set(words) <= set(texts)


def test_the_names_of_a_user_are_text_and_nothing_else():
    name = '<script>alert("&")</script>'
    broken = nn.Sequential(nn.ReLU(), type("<b>", (nn.ReLU,), {})())
    part = nn.Sequential(nn.Flatten(), nn.Sequential(nn.ReLU()))
    part.add_module("\x00\ud800\n", broken)
    model = Model(lambda self, x: getattr(self, name)(x), **{name: part})
    tree = structure_tree(model, (3, 4, 4))
    svg = structure_svg(tree, name)
    assert "<script" not in svg
    root = ElementTree.fromstring(svg.encode())
    assert {element.tag.removeprefix(SVG) for element in root.iter()} <= {
        *("svg", "title", "text", "tspan", "rect", "path", "metadata")
    }
    assert root.find(f"{SVG}title").text == name
    assert "\ufffd\ufffd\ufffd" in [text.text for text in root.iter(f"{SVG}tspan")]
    assert "ReLU · <b>" in [text.text for text in root.iter(f"{SVG}text")]
    assert len(structure_text(tree).splitlines()) == 11


def test_the_same_model_gives_the_same_bytes():
    def drawn():
        model_and_tree.cache_clear()
        return structure_svg(tree_of("resnet101"), "resnet101"), structure_text(tree_of("cnn_2"))

    assert drawn() == drawn()


@pytest.mark.filterwarnings("ignore:Glyph")
@pytest.mark.parametrize(
    "reason", ["RuntimeError: no hooks", "W" * 200, "word " * 40, "\u5c42" * 200, "<b>\x00"]
)
def test_a_drawing_without_structure_says_why_within_its_picture(reason):
    svg = reason_svg(reason, "T" * 300)
    _, _, width, height = map(float, ElementTree.fromstring(svg).get("viewBox").split())
    title, heading, *lines = lines_of(svg)
    assert heading[0].startswith("No diagram, because the layers could not be followed")
    shown = "".join(line[0] for line in lines).replace(" ", "")
    assert shown == reason.replace(" ", "").replace("\x00", "\ufffd")
    for words, left, right, baseline in (title, heading, *lines):
        assert 0 <= left <= right <= width, words
        assert 12 <= baseline <= height - 4, words


# --- the table


def test_the_table_is_aligned_folded_and_ends_in_the_total():
    lines = structure_text(tree_of("resnet101")).splitlines()
    assert len({len(line) for line in lines}) == 1
    assert lines[-1].split() == ["total", "42,705,060"]
    (block,) = [line for line in lines if "Bottleneck × 22" in line]
    assert block.startswith("  1–22 ")
    assert block.endswith(" 1024 × 14 × 14  22 × 1,117,184")
    below = lines[lines.index(block) + 1]
    assert below.startswith("    conv1 ")
    assert below.endswith(" 256 × 14 × 14         262,144")
