"""Whether weights of others fit a model: names, ties, numbers, position embeddings, the head."""

import re

import pytest
import safetensors.torch
import torch
import torchvision
from torch import nn
from weights_bytes import weights_as_bytes

from cifarlab.models.build import build_for_counting
from cifarlab.models.families import ModelSettings
from cifarlab.models.fitting import COUNTERS, PREFIXES, fit_to_model
from cifarlab.models.weights import read_safetensors
from cifarlab.models.weights_files import read_state
from engine.errors import UserError
from engine.settings import checked_settings

N_CLASSES = 5


def settings_of(architecture="vit_b_32", **changes):
    return checked_settings(
        ModelSettings, {"family": "torchvision", "architecture": architecture, **changes}
    )


SETTINGS = settings_of("squeezenet1_1")


class Net(nn.Module):
    """A user's network: the head `fc`, tied layers, a mask, and what a projection gives last."""

    def __init__(self, n_classes=N_CLASSES):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)
        self.norm = nn.BatchNorm2d(4)
        self.first, self.second = nn.Linear(4, 4), nn.Linear(4, 4)
        self.second.weight = self.first.weight
        self.fc = nn.Linear(4, n_classes)
        self.projection = nn.Linear(4, 2)
        self.register_buffer("mask", torch.full((2,), -torch.inf))


class Within(nn.Module):
    """A network whose own names begin with one of PREFIXES."""

    def __init__(self):
        super().__init__()
        self.model = Net()


def state_of(model=None, **changes):
    return {**(model or Net()).state_dict(), **changes}


def fit(state, model=None, settings=SETTINGS):
    return fit_to_model(state, model or Net(), settings, "w.pth")


def refused(words, state, model=None, settings=SETTINGS):
    with pytest.raises(UserError, match=words) as caught:
        fit(state, model, settings)
    assert "\n" not in str(caught.value)
    return str(caught.value)


# --- names


def test_a_file_of_a_counter_alone_lacks_the_models_tensors():
    refused("missing", {"n_averaged": torch.tensor(5)})


def test_what_fits_stands_in_the_order_of_the_file_whatever_the_hash_of_texts():
    state = state_of(Net(1000))
    found = fit(state, settings=settings_of("squeezenet1_1", head="fc"))
    assert [*found.state] == [key for key in state if not key.startswith("fc.")]


@pytest.mark.parametrize("model", [Net, Within])
@pytest.mark.parametrize(
    "prefixes",
    [[], *([prefix] for prefix in PREFIXES), ["_orig_mod.", "module."], ["model.", "model."]],
    ids="".join,
)
def test_what_stands_before_all_names_is_taken_off(model, prefixes):
    state = state_of(model())
    wrapped = {"".join(prefixes) + key: value for key, value in state.items()}
    found = fit(wrapped, model())
    assert found.taken_off == prefixes
    assert found.state.keys() == state.keys()
    assert all(torch.equal(found.state[key], state[key]) for key in state)


def test_what_stands_before_some_names_only_stays():
    state = {f"module.{key}": value for key, value in state_of().items()}
    message = refused("unexpected: extra, module", {**state, "extra": torch.ones(1)})
    assert "missing: conv.bias" in message


def test_the_counter_of_averaged_weights_is_left_out():
    state = torch.optim.swa_utils.AveragedModel(Net()).state_dict()
    assert state.keys() >= COUNTERS
    found = fit(state)
    assert found.taken_off == ["module."]
    assert found.state.keys() == state_of().keys()


# --- ties


@pytest.mark.parametrize("absent", ["first.weight", "second.weight"])
@pytest.mark.parametrize("device", ["cpu", "meta"])
def test_a_file_may_have_a_tied_tensor_under_one_of_its_names(absent, device):
    state = state_of()
    with torch.device(device):
        model = Net()
    found = fit({key: value for key, value in state.items() if key != absent}, model).state
    assert found["first.weight"] is found["second.weight"]
    assert torch.equal(found["first.weight"], state["first.weight"])


def test_ties_of_a_file_are_kept_in_what_the_stage_writes(tmp_path):
    torch.save(state_of(), tmp_path / "w.pth")
    found = fit(read_state(tmp_path / "w.pth")[0])
    (tmp_path / "kept").write_bytes(weights_as_bytes(found.state, {}))
    assert "second.weight" not in safetensors.torch.load_file(tmp_path / "kept")
    kept = read_safetensors(tmp_path / "kept")
    assert kept["second.weight"] is kept["first.weight"]


def test_different_values_for_what_the_model_ties_are_refused():
    words = "different values for first.weight, second.weight, which are one tensor in the model"
    refused(words, state_of(**{"second.weight": torch.ones(4, 4)}))


# --- the head


@pytest.mark.parametrize("bias", [True, False])
def test_a_head_that_is_not_the_last_layer_is_named_as_the_cure(bias):
    def changed(n_classes):
        model = Net(n_classes)
        model.fc = nn.Linear(4, n_classes, bias=bias)
        return model

    state = state_of(changed(1000))
    message = refused(
        "if fc gives the logits, say so in the .* settings, head: fc$", state, changed(5)
    )
    assert "fc.weight (1000×4, expected 5×4)" in message
    found = fit(state, changed(5), settings_of("squeezenet1_1", head="fc"))
    assert not found.head_fits
    assert found.state.keys() == {key for key in state if not key.startswith("fc.")}


def test_a_head_that_a_file_has_not_is_named_as_the_cure():
    state = {key: value for key, value in state_of().items() if not key.startswith("fc.")}
    refused("2 missing: fc.bias, fc.weight; if fc gives the logits", state)


@pytest.mark.parametrize(
    "changes",
    [
        {"fc.weight": torch.ones(9, 4), "first.bias": torch.ones(9)},
        {"fc.bias": torch.ones(9)},
        {key: torch.ones(9) for key in state_of() if key.startswith("norm.")},
        {"other.weight": torch.ones(2)},
    ],
    ids=lambda changes: " ".join(changes),
)
def test_other_faults_have_nothing_to_do_with_the_head(changes):
    assert "gives the logits" not in refused("; name weights of this model$", state_of(**changes))


# --- numbers


@pytest.mark.parametrize("kind", [torch.float16, torch.bfloat16, torch.float64])
def test_other_floats_are_converted_and_that_is_said(kind):
    name = str(kind).removeprefix("torch.")
    found = fit({k: v.to(kind) if v.is_floating_point() else v for k, v in state_of().items()})
    n_floats = sum(value.is_floating_point() for value in state_of().values())
    assert found.conversions == {f"{name} to float32": n_floats}
    assert fit(state_of()).conversions == {}


def test_integers_are_right_where_integers_are_expected():
    counted = torch.tensor(7, dtype=torch.int32)
    found = fit(state_of(**{"norm.num_batches_tracked": counted}))
    assert found.conversions == {"int32 to int64": 1}


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("conv.bias", torch.ones(4, dtype=torch.int64), r"\(int64, expected float32\)"),
        ("conv.bias", torch.ones(4, dtype=torch.bool), r"\(bool, expected float32\)"),
        ("conv.bias", torch.ones(4, dtype=torch.complex64), r"\(complex64, expected float32\)"),
        ("norm.num_batches_tracked", torch.tensor(7.5), r"\(float32, expected int64\)"),
    ],
    ids=str,
)
def test_other_kinds_of_numbers_are_refused(key, value, words):
    refused(
        f"w.pth holds other kinds of numbers than the model: {re.escape(key)} {words}; save them",
        state_of(**{key: value}),
    )


@pytest.mark.parametrize("number", [torch.nan, torch.inf, -torch.inf])
@pytest.mark.parametrize("key", ["conv.bias", "norm.running_mean", "norm.running_var"])
def test_weights_that_are_not_finite_are_named(number, key):
    refused(
        f"w.pth holds weights that are NaN or infinite: {re.escape(key)}; .*; name other weights",
        state_of(**{key: torch.tensor([1.0, number, 0.0, 2.0])}),
    )


def test_what_is_infinite_as_the_model_has_it_is_named():
    big = torch.full((4,), 1e300, dtype=torch.float64)
    refused("NaN or infinite: conv.bias", state_of(**{"conv.bias": big}))


def test_a_mask_may_be_infinite_and_not_nan():
    assert fit(state_of()).state["mask"].isinf().all()
    refused("NaN or infinite: mask", state_of(mask=torch.tensor([torch.nan, 0])))


# --- position embeddings


def vit_state(image_size, kind=torch.float32, patch_size=32):
    torch.manual_seed(0)
    model = torchvision.models.VisionTransformer(image_size, patch_size, 1, 4, 768, 3072)
    positions = torch.randn_like(model.encoder.pos_embedding)
    return {**model.state_dict(), "encoder.pos_embedding": positions.to(kind)}


class Small(torchvision.models.VisionTransformer):
    """The first layer of vit_b_32."""

    def __init__(self, image_size):
        super().__init__(image_size, 32, 1, 4, 768, 3072, num_classes=N_CLASSES)


@pytest.fixture(scope="module")
def for_96():
    return vit_state(96)


@pytest.mark.parametrize("input_size", [64, 160])
def test_positions_of_another_input_size_say_which_fits(for_96, input_size):
    words = (
        rf"position embeddings are for input_size 96, expected {input_size}; "
        "set input_size: 96, or interpolate_positions: true"
    )
    refused(words, for_96, Small(input_size), settings_of(input_size=input_size))


@pytest.mark.parametrize("kind", [torch.float32, torch.float16])
def test_positions_are_interpolated_as_torchvision_does_by_a_setting(kind):
    state = vit_state(96, kind)
    settings = settings_of(input_size=160, interpolate_positions=True)
    found = fit(state, Small(160), settings).state
    expected = torchvision.models.vision_transformer.interpolate_embeddings(
        160, 32, {"encoder.pos_embedding": state["encoder.pos_embedding"].float()}
    )
    assert found["encoder.pos_embedding"].shape == (1, 26, 768)
    assert torch.equal(found["encoder.pos_embedding"], expected["encoder.pos_embedding"])
    # The state that was given stays.
    assert state["encoder.pos_embedding"].shape == (1, 10, 768)


@pytest.mark.parametrize("interpolate", [None, True])
def test_positions_of_the_right_size_stay_as_they_are(for_96, interpolate):
    settings = settings_of(input_size=96, interpolate_positions=interpolate)
    found = fit(for_96, Small(96), settings).state
    assert torch.equal(found["encoder.pos_embedding"], for_96["encoder.pos_embedding"])


@pytest.mark.parametrize(
    "positions", [torch.ones(1, 8, 768), torch.ones(2, 10, 768), torch.ones(3)]
)
def test_positions_that_are_no_grid_are_of_another_shape(for_96, positions):
    state = {**for_96, "encoder.pos_embedding": positions}
    refused(
        "of another shape: encoder.pos_embedding", state, Small(160), settings_of(input_size=160)
    )


def test_positions_for_other_patches_are_of_another_architecture():
    message = refused("of another shape: ", vit_state(96, patch_size=16), Small(96), settings_of())
    assert "conv_proj.weight (768×3×16×16, expected 768×3×32×32)" in message


@pytest.mark.parametrize("architecture", ["swin_t", "swin_v2_t"])
def test_the_tables_of_relative_positions_do_not_depend_on_the_input_size(architecture):
    shapes = [
        {
            key: value.shape
            for key, value in build_for_counting(
                settings_of(architecture, input_size=size), N_CLASSES
            )
            .state_dict()
            .items()
        }
        for size in (64, 224)
    ]
    assert shapes[0] == shapes[1]
