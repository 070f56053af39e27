"""One optimizer step: micro-batches, memory, precision, memory format, schedule, resizing."""

import math
import shutil
from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn
from torchvision.models import GoogLeNetOutputs
from torchvision.transforms import v2

from cifarlab.datasets.inputs import MEMORY_FORMATS, Images, InputSettings
from cifarlab.evaluation.prediction import predict
from cifarlab.models.build import build_model
from cifarlab.models.families import ModelSettings
from cifarlab.training.batches import split_into_batches
from cifarlab.training.loop import train
from cifarlab.training.precision import PRECISIONS
from cifarlab.training.rates import learning_rates
from cifarlab.training.recipes import Recipe
from cifarlab.training.run import prepare_torch
from cifarlab.training.steps import Stepper
from engine.errors import UserError
from engine.settings import checked_settings

N_IMAGES = 48


def recipe(learning_rate=0.1, **changes):
    values = {
        "epochs": 1,
        "batch_size": 48,
        "optimizer": {"name": "sgd", "learning_rate": learning_rate},
    }
    return checked_settings(Recipe, {**values, **changes})


def data(size=32, memory_format="channels_last"):
    generator = np.random.default_rng(0)
    pixels = generator.integers(0, 256, (N_IMAGES, 32, 32, 3), dtype=np.uint8)
    inputs = InputSettings(size, [0.5, 0.4, 0.3], [0.2, 0.25, 0.3], memory_format)
    return Images(pixels, inputs, "cpu"), torch.from_numpy(generator.integers(0, 10, N_IMAGES))


def plain_model():
    """Convolutions without batch normalisation, so that images do not see each other."""
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(3, 8, 3, stride=2), nn.GELU(), nn.Flatten(), nn.Linear(8 * 15 * 15, 10)
    )


def cnn():
    torch.manual_seed(0)
    return build_model(checked_settings(ModelSettings, {"family": "cnn", "blocks": 2}), 10)


def gradient(model, **changes):
    """(loss, all gradients in one vector) of one step on all images, in the given order."""
    stepper = Stepper(model.train(), *data(), recipe(**changes))
    loss = stepper.step(torch.arange(N_IMAGES), learning_rate=0.0)
    return loss.item(), torch.cat([p.grad.flatten() for p in model.parameters()])


@pytest.mark.parametrize("micro_batch", [1, 16, 20, 47, 48, 100])
def test_micro_batches_give_the_gradient_of_the_whole_batch(micro_batch):
    loss, expected = gradient(plain_model())
    split_loss, found = gradient(plain_model(), micro_batch=micro_batch)
    assert split_loss == pytest.approx(loss, rel=1e-6)
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-7)


def test_a_micro_batch_larger_than_a_batch_is_the_batch():
    for given, expected in ((100, 48), (48, 48), (20, 20), ("auto", 48), (None, 48)):
        chosen = recipe(micro_batch=given)
        assert chosen.images_at_once == expected
        assert Stepper(plain_model(), *data(), chosen).micro_batch == expected


def test_batch_normalisation_sees_micro_batches_as_the_docs_say():
    _, expected = gradient(cnn())
    _, found = gradient(cnn(), micro_batch=16)
    assert not torch.allclose(found, expected, rtol=1e-2)


class Memory(nn.Module):
    """A model on a device that has memory for so many images at once."""

    def __init__(self, model, n_images):
        super().__init__()
        self.model, self.n_images = model, n_images

    def forward(self, images):
        if len(images) > self.n_images:
            raise torch.OutOfMemoryError("no memory")
        return self.model(images)


def test_auto_halves_until_it_fits_says_so_and_keeps_the_gradient(capfd):
    loss, expected = gradient(plain_model())
    model = Memory(plain_model(), n_images=13)
    found_loss, found = gradient(model, micro_batch="auto")
    assert found_loss == pytest.approx(loss, rel=1e-6)
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-7)
    said = capfd.readouterr().err
    assert "48 images at once; continuing with micro_batch 24" in said
    assert "24 images at once; continuing with micro_batch 12" in said


@pytest.mark.parametrize("n_images", [2, 3, 5, 7, 9, 33])
@pytest.mark.parametrize("limit", [1, 2, 3, 4, 6])
def test_auto_ends_with_what_fits_however_a_single_image_is_joined(n_images, limit):
    stepper = Stepper(Memory(plain_model(), limit).train(), *data(), recipe(micro_batch="auto"))
    stepper.step(torch.arange(n_images), learning_rate=0.0)
    assert n_images <= limit or stepper.micro_batch <= limit


def test_the_history_records_the_micro_batch_that_was_found():
    images, labels = data()
    history = train(Memory(plain_model(), 30), images, labels, recipe(micro_batch="auto"), seed=0)
    assert history.micro_batch == 24


@pytest.mark.parametrize(
    ("n_images", "micro_batch", "words"),
    [
        (13, 20, "20 images at once"),
        (13, None, "micro_batch: auto"),
        (0, "auto", "smaller model"),
    ],
)
def test_without_auto_or_below_one_image_it_ends_in_one_line(n_images, micro_batch, words):
    with pytest.raises(UserError, match=words):
        gradient(Memory(plain_model(), n_images), micro_batch=micro_batch)


def test_a_test_batch_that_does_not_fit_is_halved_and_gives_the_same_logits(capfd):
    images, _ = data()
    expected = predict(plain_model(), images, 48)
    found = predict(Memory(plain_model(), 13).eval(), images, 48)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6)
    assert "continuing with 12" in capfd.readouterr().err


@pytest.mark.parametrize("batch_size", [0, -3])
def test_a_test_batch_without_images_is_one_line(batch_size):
    with pytest.raises(UserError, match=f"at least one image, found {batch_size}$"):
        predict(plain_model(), data()[0], batch_size)


def test_logits_of_a_model_that_gives_the_same_memory_again_are_kept():
    class Reusing(nn.Module):
        def __init__(self):
            super().__init__()
            self.model, self.memory = plain_model(), torch.zeros(16, 10)

        def forward(self, images):
            return self.memory.copy_(self.model(images))

    images, _ = data()
    assert np.array_equal(predict(Reusing(), images, 16), predict(plain_model(), images, 16))


def test_no_memory_for_the_optimizers_state_is_one_line():
    stepper = Stepper(plain_model(), *data(), recipe(micro_batch="auto"))

    def step():
        raise torch.OutOfMemoryError("no memory")

    stepper.optimizer.step = step
    with pytest.raises(UserError, match="optimizer's state"):
        stepper.step(torch.arange(4), learning_rate=0.1)


def test_a_fault_that_is_not_of_memory_is_not_taken_for_one():
    with pytest.raises(RuntimeError, match="shape"):
        gradient(nn.Sequential(nn.Flatten(), nn.Linear(7, 10)), micro_batch="auto")


@pytest.mark.parametrize("precision", ["bf16", "fp16"])
def test_lower_precision_computes_in_it_and_learns_the_same(precision):
    loss, expected = gradient(plain_model())
    low_loss, found = gradient(plain_model(), precision=precision)
    assert low_loss != loss
    assert low_loss == pytest.approx(loss, rel=2e-2)
    # fp16 gradients are scaled until the optimizer's step, so only their direction is compared.
    assert torch.cosine_similarity(found, expected, dim=0) > 0.99


@pytest.mark.parametrize("loss", ["cross_entropy", "focal"])
@pytest.mark.parametrize("precision", ["bf16", "fp16"])
def test_no_loss_is_computed_in_half_precision(precision, loss):
    stepper = Stepper(plain_model(), *data(), recipe(precision=precision, loss=loss))
    assert stepper.step(torch.arange(8), 0.01).dtype == torch.float32


@pytest.mark.parametrize("precision", PRECISIONS)
def test_training_in_every_precision_lowers_the_loss_and_keeps_fp32_weights(precision):
    images, labels = data()
    model = plain_model()
    settings = recipe(0.02, epochs=12, batch_size=16, precision=precision)
    history = train(model, images, labels, settings, seed=0)
    assert history.losses[-1] < history.losses[0]
    assert {parameter.dtype for parameter in model.parameters()} == {torch.float32}


@pytest.mark.long
@pytest.mark.skipif(not shutil.which("g++"), reason="torch.compile needs a C++ compiler, g++")
def test_a_compiled_model_takes_the_same_step():
    loss, expected = gradient(plain_model())
    compiled_loss, found = gradient(plain_model(), compile=True)
    assert compiled_loss == pytest.approx(loss, rel=1e-5)
    torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-6)


def test_a_compiled_model_has_a_graph_for_each_size_of_a_batch_in_whatever_order(monkeypatch):
    def sizes_compiled(*sizes):
        found = []

        def backend(graph, inputs):
            sizes = {len(v) for v in inputs if torch.is_tensor(v) and v.shape[1:] == (3, 32, 32)}
            found.extend(["open"] if any(isinstance(v, torch.SymInt) for v in inputs) else sizes)
            return graph.forward

        torch._dynamo.reset()
        monkeypatch.setattr(torch, "compile", partial(compile_as_torch_does, backend=backend))
        stepper = Stepper(plain_model().train(), *data(), recipe(compile=True))
        for size in sizes:
            stepper.step(torch.arange(size), learning_rate=0.0)
        return found

    compile_as_torch_does = torch.compile
    assert sizes_compiled(48, 48, 16, 48, 16) == [48, 16]
    # As a training does that was interrupted before the last batch of an epoch.
    assert sizes_compiled(16, 48, 16) == [16, 48]


@pytest.mark.parametrize("deterministic", [False, True])
def test_cudnn_may_try_its_algorithms_unless_the_bits_must_be_the_same(monkeypatch, deterministic):
    monkeypatch.setattr(torch.backends.cudnn, "benchmark", deterministic)
    monkeypatch.setattr(torch, "use_deterministic_algorithms", lambda _: None)
    monkeypatch.setenv("CUBLAS_WORKSPACE_CONFIG", "")
    prepare_torch(recipe(deterministic=deterministic), torch.get_num_threads())
    assert torch.backends.cudnn.benchmark is not deterministic


@pytest.mark.parametrize("size", [32, 16, 48])
@pytest.mark.parametrize("memory_format", MEMORY_FORMATS)
def test_images_have_the_memory_format_of_the_inputs(memory_format, size):
    images, _ = data(size, memory_format)
    batch = images.batch(torch.arange(5))
    assert batch.is_contiguous(memory_format=MEMORY_FORMATS[memory_format])
    other, _ = data(size)
    assert torch.equal(batch, other.batch(torch.arange(5)))


@pytest.mark.parametrize(
    ("n_images", "size", "expected"),
    [
        (16, 8, [8, 8]),
        (17, 8, [8, 9]),
        (18, 8, [8, 8, 2]),
        (1, 8, [1]),
        (3, 1, [1, 1, 1]),
        (9, 8, [9]),
    ],
)
def test_a_single_image_that_is_left_joins_the_batch_before_it(n_images, size, expected):
    index = torch.randperm(n_images)
    batches = split_into_batches(index, size)
    assert list(map(len, batches)) == expected
    assert torch.equal(torch.cat(batches), index)


class Auxiliary(nn.Module):
    """A model with two auxiliary classifiers, whose logits it gives in one of several forms."""

    def __init__(self, form):
        super().__init__()
        self.model, self.form = plain_model(), form

    def forward(self, images):
        logits = self.model(images)
        features = images.mean((2, 3))
        return self.form(logits, 2 * logits, -logits, features)


FORMS = {
    "tuple": lambda logits, first, second, features: (logits, first, features, second),
    "list": lambda logits, first, second, features: [logits, first, features, second],
    "dict": lambda logits, first, second, features: {
        "aux_1": first,
        "logits": logits,
        "auxiliary": second,
        "features": features,
        "copy": logits,
    },
    "namedtuple": lambda logits, first, second, features: GoogLeNetOutputs(logits, first, second),
    "object": lambda logits, first, second, features: SimpleNamespace(
        logits=logits, aux_logits=first, aux2=second, hidden_states=(features,), loss=None
    ),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("weight", [0.0, 0.3, 1.0])
def test_losses_of_auxiliary_logits_are_added_with_their_weight(form, weight):
    loss, found = gradient(Auxiliary(FORMS[form]), auxiliary_weight=weight)
    images, labels = data()
    model = plain_model()
    logits = model(images.batch(torch.arange(N_IMAGES)))
    losses = [nn.functional.cross_entropy(factor * logits, labels) for factor in (1, 2, -1)]
    expected = losses[0] + weight * (losses[1] + losses[2])
    expected.backward()
    assert loss == pytest.approx(expected.item(), rel=1e-5)
    expected = torch.cat([parameter.grad.flatten() for parameter in model.parameters()])
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("form", FORMS)
def test_predictions_are_the_logits_in_whatever_form_a_model_gives_them(form):
    images, _ = data()
    expected = predict(plain_model(), images, 48)
    np.testing.assert_array_equal(predict(Auxiliary(FORMS[form]), images, 48), expected)


class Parts(nn.Module):
    """Parameters in many layouts: fused kernels can update them, but for `others`."""

    def __init__(self, others):
        super().__init__()
        torch.manual_seed(0)
        self.convolution = nn.Conv2d(3, 4, 5, stride=5).to(memory_format=torch.channels_last)
        self.head = nn.Linear(144, 10)
        if "gaps" in others:
            # The memory between its numbers belongs to a tensor that no step may change.
            self.whole = torch.ones(10, 288)
            self.head.weight = nn.Parameter(self.whole[:, ::2])
        self.others = others
        if "complex" in others:
            self.turn = nn.Parameter(torch.ones(10, dtype=torch.complex64))

    def forward(self, images):
        logits = self.head(self.convolution(images).flatten(1))
        return (logits * self.turn).real if "complex" in self.others else logits


@pytest.mark.parametrize("others", [[], ["gaps"], ["complex"]])
@pytest.mark.parametrize(
    "optimizer",
    [
        {"name": "adam", "weight_decay": 0.1},
        {"name": "adamw", "weight_decay": 0.1},
        {"name": "sgd", "momentum": 0.9, "weight_decay": 0.1},
    ],
)
def test_a_fused_optimizer_takes_the_steps_of_the_plain_formula(optimizer, others):
    kind = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW, "sgd": torch.optim.SGD}
    settings = recipe(optimizer={**optimizer, "learning_rate": 0.01})
    found, expected = (Parts(others) for _ in range(2))
    fused = Stepper(found, *data(), settings)
    assert fused.optimizer.param_groups[0]["fused"] is (None if others else True)
    plain = Stepper(expected, *data(), settings)
    keys = {key: value for key, value in optimizer.items() if key != "name"}
    groups = [{"params": [*expected.parameters()], "lr_multiple": 1.0}]
    plain.optimizer = kind[optimizer["name"]](groups, lr=0.01, foreach=False, fused=False, **keys)
    for _ in range(3):
        for stepper in (fused, plain):
            stepper.step(torch.arange(8), learning_rate=0.01)
    for name, parameter in found.named_parameters():
        torch.testing.assert_close(parameter, expected.get_parameter(name), rtol=1e-4, atol=1e-6)
    if "gaps" in others:
        assert torch.equal(found.whole[:, 1::2], torch.ones(10, 144))


def test_max_steps_ends_the_training_and_counts_what_was_seen():
    images, labels = data()
    history = train(plain_model(), images, labels, recipe(batch_size=20, max_steps=2), seed=0)
    assert (len(history.losses), history.images_seen) == (2, 40)
    assert history.epochs[0]["mean_loss"] == pytest.approx(sum(history.losses) / 2)


def test_the_learning_rate_warms_up_and_anneals():
    factors = learning_rates(recipe(1.0, warm_up=0.2, schedule="cosine"), 10)
    assert factors[:3] == [0.5, 1.0, 1.0]
    assert factors[2:] == sorted(factors[2:], reverse=True)
    assert factors[6] == pytest.approx(0.5)
    assert 0 < factors[9] < 0.05
    assert learning_rates(recipe(1.0), 10) == [1.0] * 10


@pytest.mark.parametrize("n_steps", [1, 7, 350])
@pytest.mark.parametrize("warm_up", [0.0, 0.1, 0.99])
def test_the_learning_rates_are_those_of_the_formulas_to_the_last_bit(n_steps, warm_up):
    n_warm_up = round(warm_up * n_steps)
    expected = [0.3 * ((step + 1) / n_warm_up) for step in range(n_warm_up)]
    for step in range(n_warm_up, n_steps):
        angle = math.pi * (step - n_warm_up) / (n_steps - n_warm_up)
        expected.append(0.3 * (0.5 * (1 + math.cos(angle))))
    assert learning_rates(recipe(0.3, warm_up=warm_up, schedule="cosine"), n_steps) == expected


def test_the_schedule_reaches_the_optimizer_and_the_history():
    images, labels = data()
    settings = recipe(epochs=5, batch_size=24, warm_up=0.2, schedule="cosine")
    history = train(plain_model(), images, labels, settings, seed=0)
    assert history.learning_rates == learning_rates(settings, 10)
    model = plain_model()
    before = torch.cat([p.detach().clone().flatten() for p in model.parameters()])
    stepper = Stepper(model, images, labels, settings)
    stepper.step(torch.arange(8), learning_rate=0.0)
    assert torch.equal(before, torch.cat([p.detach().flatten() for p in model.parameters()]))
    stepper.step(torch.arange(8), learning_rate=0.1)
    assert not torch.equal(before, torch.cat([p.detach().flatten() for p in model.parameters()]))


@pytest.mark.parametrize("size", [224, 64, 32, 20])
def test_resizing_on_the_device_is_torchvisions_per_image_pipeline(size):
    images, _ = data(size)
    pipeline = v2.Compose(
        [
            v2.Resize((size, size), interpolation=v2.InterpolationMode.BILINEAR),
            v2.ToImage(),
            v2.ToDtype(torch.float32, scale=True),
            v2.Normalize([0.5, 0.4, 0.3], [0.2, 0.25, 0.3]),
        ]
    )
    index = torch.tensor([5, 0, 17])
    expected = torch.stack([pipeline(Image.fromarray(images.images[i].numpy())) for i in index])
    batch = images.batch(index)
    assert batch.shape == (3, 3, size, size)
    # PIL rounds a resized pixel to 1/255, which the smallest deviation (0.2) makes 0.02.
    tolerance = 1.01 / 255 / 0.2
    assert (batch - expected).abs().max() <= (tolerance if size != 32 else 1e-6)
