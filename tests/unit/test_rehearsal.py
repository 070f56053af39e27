"""The rehearsal: what passes it can be trained and evaluated; the rest ends in one line."""

import json
import textwrap

import numpy as np
import pytest
import torch
from simulated_gpus import H100, T4

from cifarlab.datasets.inputs import Images
from cifarlab.datasets.store import Dataset, Split, load_split, save_dataset
from cifarlab.devices import choose_device
from cifarlab.evaluation.prediction import predict
from cifarlab.models.build import build_model
from cifarlab.models.families import ModelSettings
from cifarlab.models.weights import load_into
from cifarlab.training.outputs import write_run
from cifarlab.training.recipes import Recipe, memory_format_of
from cifarlab.training.rehearsal import rehearse, tries_channels_last
from cifarlab.training.run import train_run
from engine.errors import UserError
from engine.settings import checked_settings

CPU = torch.device("cpu")
# 17 images in batches of 8: the one that is left joins the batch before it.
N_IMAGES, N_CLASSES, BATCH_SIZE = 17, 4, 8


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    """Path of the train.json of a data set."""
    folder = tmp_path_factory.mktemp("data")
    generator = np.random.default_rng(0)
    pixels = generator.integers(0, 256, (N_IMAGES, 32, 32, 3), dtype=np.uint8)
    split = Split(pixels, np.arange(N_IMAGES) % N_CLASSES)
    save_dataset(Dataset(split, split, list("abcd")), folder, {"synthetic": True})
    return folder / "train.json"


def recipe(**changes):
    values = {
        "epochs": 2,
        "batch_size": BATCH_SIZE,
        "optimizer": {"name": "sgd", "learning_rate": 0.01, "momentum": 0.9},
    }
    return checked_settings(Recipe, {**values, **changes})


def own_model(tmp_path, body, input_size=32):
    """Settings of a model whose file has this body, after its imports."""
    path = tmp_path / "my_model.py"
    head = "import torch\nfrom torch import nn\nfrom torch.nn import functional as F\n"
    path.write_text(head + textwrap.dedent(body))
    values = {"family": "file", "factory": f"{path}:make", "input_size": input_size}
    return checked_settings(ModelSettings, values)


def net(layers, forward):
    """The text of a model: lines of its __init__ and of its forward, which gets x."""
    return "\n".join(
        [
            "class Net(nn.Module):",
            "    def __init__(self, n):",
            "        super().__init__()",
            *(f"        {line}" for line in layers.strip().split("\n")),
            "    def forward(self, x):",
            *(f"        {line}" for line in forward.strip().split("\n")),
            "def make(n):",
            "    return Net(n)",
        ]
    )


# PyTorch's own tutorial network.
TUTORIAL = net(
    """self.conv1, self.conv2, self.pool = nn.Conv2d(3, 6, 5), nn.Conv2d(6, 16, 5), nn.MaxPool2d(2)
self.fc1, self.fc2, self.fc3 = nn.Linear(16 * 5 * 5, 120), nn.Linear(120, 84), nn.Linear(84, n)""",
    """x = self.pool(F.relu(self.conv1(x)))
x = self.pool(F.relu(self.conv2(x))).view(-1, 16 * 5 * 5)
return self.fc3(F.relu(self.fc2(F.relu(self.fc1(x)))))""",
)
HEAD = "self.conv, self.head = nn.Conv2d(3, 8, 3, stride=4), nn.Linear(8, n)"
FEATURES = "f = self.conv(x).relu().mean((2, 3))"
HONEST = {
    "the tutorial's network, which needs contiguous images": (TUTORIAL, "contiguous"),
    "lazy layers": (
        """
        def make(n):
            return nn.Sequential(nn.LazyConv2d(8, 3, stride=4), nn.ReLU(), nn.Flatten(),
                                 nn.LazyLinear(n))
        """,
        "channels_last",
    ),
    "lazy layers that run in training alone": (
        net(
            f"{HEAD}\nself.norm, self.aux = nn.BatchNorm1d(8), nn.LazyLinear(n)",
            f"""{FEATURES}
f = self.norm(f)
return (self.head(f), self.aux(f)) if self.training else self.head(f)""",
        ),
        "channels_last",
    ),
    "a table kept from the first forward": (
        net(
            f"{HEAD}\nself.table = None",
            f"""{FEATURES}
if self.table is None:
    self.table = torch.linspace(0.5, 1.5, f.shape[1], device=f.device)
return self.head(f * self.table)""",
        ),
        "channels_last",
    ),
    "batch normalisation of features without height and width": (
        net(
            f"{HEAD}\nself.norm = nn.BatchNorm1d(8)",
            f"{FEATURES}\nreturn self.head(self.norm(f))",
        ),
        "channels_last",
    ),
    "auxiliary logits in a tuple, in training alone": (
        net(
            f"{HEAD}\nself.aux = nn.Linear(8, n)",
            f"{FEATURES}\nreturn (self.head(f), self.aux(f)) if self.training else self.head(f)",
        ),
        "channels_last",
    ),
    "logits in a dict": (
        net(HEAD, f'{FEATURES}\nreturn {{"features": f, "logits": self.head(f)}}'),
        "channels_last",
    ),
    "an object with logits": (
        net(
            HEAD,
            f"{FEATURES}\nfrom types import SimpleNamespace\n"
            "return SimpleNamespace(loss=None, logits=self.head(f), hidden_states=(f,))",
        ),
        "channels_last",
    ),
    "a block registered twice, and tied weights": (
        net(
            """self.conv, self.head = nn.Conv2d(3, 8, 3, stride=4), nn.Linear(8, n)
self.again, self.mix, self.other = self.conv, nn.Linear(8, 8), nn.Linear(8, 8)
self.other.weight = self.mix.weight""",
            f"{FEATURES}\nreturn self.head(self.other(self.mix(f)))",
        ),
        "channels_last",
    ),
    "extra state and buffers of several types": (
        net(
            f"""{HEAD}
self.register_buffer("seen", torch.zeros((), dtype=torch.int64))
self.register_buffer("mask", torch.ones(8, dtype=torch.bool))
self.register_buffer("scale", torch.ones(8, dtype=torch.float16))
self.calls = {{"n": 0}}""",
            f"""{FEATURES}
self.seen += self.training
return self.head(f * self.mask * self.scale)""",
        ).replace(
            "    def forward",
            "    def get_extra_state(self):\n        return self.calls\n"
            "    def set_extra_state(self, state):\n        self.calls = state\n    def forward",
        ),
        "channels_last",
    ),
    "dropout that is never off": (
        net(HEAD, f"{FEATURES}\nreturn self.head(F.dropout(f, 0.5))"),
        "channels_last",
    ),
    "some frozen layers": (
        net(
            f"{HEAD}\nself.conv.requires_grad_(False)",
            f"{FEATURES}\nreturn self.head(f)",
        ),
        "channels_last",
    ),
}


@pytest.mark.parametrize("kind", HONEST)
@pytest.mark.parametrize("changes", [{}, {"validation": 0.3}, {"micro_batch": 3}], ids=str)
def test_what_passes_the_rehearsal_is_trained_and_gives_the_same_logits_when_loaded(
    tmp_path, dataset, kind, changes
):
    text, memory_format = HONEST[kind]
    settings, chosen = own_model(tmp_path, text), recipe(**changes)
    rehearsal = rehearse(dataset, settings, chosen, None, CPU)
    assert rehearsal == {"memory_format": memory_format}
    run = train_run(dataset, settings, chosen, 0, None, CPU, memory_format, [], lambda: None)
    assert run.record["inputs"]["memory_format"] == memory_format
    files = [tmp_path / name for name in ("weights.safetensors", "h.csv", "e.csv", "t.json")]
    write_run(run, *files)
    torch.manual_seed(5)
    other = build_model(settings, N_CLASSES)
    load_into(other, files[0])
    images = Images(load_split(dataset).images, run.inputs, CPU)
    torch.manual_seed(6)
    expected = predict(run.model, images, BATCH_SIZE)
    torch.manual_seed(6)
    np.testing.assert_allclose(predict(other, images, BATCH_SIZE), expected, rtol=1e-4, atol=1e-6)


REFUSED = {
    "all parameters frozen": (
        net(f"{HEAD}\nself.requires_grad_(False)", f"{FEATURES}\nreturn self.head(f)"),
        "found all of them frozen; set requires_grad",
    ),
    "no parameters": (
        net("self.n = n", "return x.mean((2, 3))"),
        "parameters to train, found none",
    ),
    "layers in a plain list": (
        net(
            f"{HEAD}\nself.blocks = [nn.Linear(8, 8)]",
            f"{FEATURES}\nreturn self.head(self.blocks[0](f))",
        ),
        r"Net\.blocks is a plain list of layers.*use torch\.nn\.ModuleList",
    ),
    "a lazy layer that never runs": (
        net(f"{HEAD}\nself.unused = nn.LazyLinear(n)", f"{FEATURES}\nreturn self.head(f)"),
        r"the shape of unused\.weight is never settled",
    ),
    "double precision": (
        net(f"{HEAD}\nself.double()", f"{FEATURES}\nreturn self.head(f)"),
        r"parameters of float32, found conv\.weight of float64",
    ),
    "a factory that seeds torch": (
        net(f"torch.manual_seed(0)\n{HEAD}", f"{FEATURES}\nreturn self.head(f)"),
        r"seeds torch \(torch\.manual_seed\(0\)\)",
    ),
    "a forward that seeds torch": (
        net(HEAD, f"torch.manual_seed(3)\n{FEATURES}\nreturn self.head(f)"),
        r"seeds torch \(torch\.manual_seed\(3\)\)",
    ),
    "too many logits": (
        net(HEAD.replace("8, n)", "8, n + 1)"), f"{FEATURES}\nreturn self.head(f)"),
        r"expected logits of shape \(8, 4\) for 8 images, found a tensor of shape \(8, 5\)",
    ),
    "too few logits": (
        net(HEAD.replace("8, n)", "8, n - 1)"), f"{FEATURES}\nreturn self.head(f)"),
        r"\(8, 4\) for 8 images, found a tensor of shape \(8, 3\); let the model's factory take "
        r"n_classes, or name .*, head: dotted\.name",
    ),
    "logits with height and width": (
        net(HEAD, f"{FEATURES}\nreturn self.head(f)[:, :, None, None]"),
        r"found a tensor of shape \(8, 4, 1, 1\)",
    ),
    "a dict without logits": (
        net(HEAD, f'{FEATURES}\nreturn {{"features": f, "classes": self.head(f)}}'),
        "found dict with the fields features, classes",
    ),
    "a tuple that begins with a list": (
        net(HEAD, f"{FEATURES}\nreturn ([f], self.head(f))"),
        "found tuple of list, Tensor",
    ),
    "None": (net(HEAD, FEATURES), "found NoneType"),
    "a random projection that is no buffer": (
        net(
            f"{HEAD}\nself.projection = torch.randn(8, 8)",
            f"{FEATURES}\nreturn self.head(f @ self.projection)",
        ),
        r"logits differ by up to .* is not in its state_dict\(\)",
    ),
    "a graph kept from the step before": (
        net(
            f"{HEAD}\nself.last = 0.0",
            f"{FEATURES}\nif self.training:\n    self.last = f.mean() + 0.1 * self.last\n"
            "    f = f + self.last\nreturn self.head(f)",
        ),
        "backward through the graph a second time",
    ),
    "a mask of the first batch's size": (
        net(
            f"{HEAD}\nself.mask = None",
            f"{FEATURES}\nif self.mask is None:\n    self.mask = torch.ones_like(f)\n"
            "return self.head(f * self.mask)",
        ),
        r"size of tensor a.*\(.*my_model\.py, line \d+\)",
    ),
    "sys.exit in forward": (
        net(HEAD, "import sys\nsys.exit(0)"),
        r"SystemExit: 0 \(.*my_model\.py, line \d+\)",
    ),
    "training alone fails": (
        net(HEAD, f"assert not self.training, 'no training'\n{FEATURES}\nreturn self.head(f)"),
        r"AssertionError: no training \(.*my_model\.py, line \d+\)",
    ),
    "a line break in the reason": (
        net(HEAD, "raise ValueError('first\\nsecond')"),
        "ValueError: first second",
    ),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_what_cannot_be_trained_ends_in_one_line_with_the_reason(tmp_path, dataset, kind):
    text, words = REFUSED[kind]
    with pytest.raises(UserError, match=words) as refusal:
        rehearse(dataset, own_model(tmp_path, text), recipe(), None, CPU)
    assert "\n" not in str(refusal.value)


MUON = {"name": "muon", "learning_rate": 0.02, "adamw_learning_rate": 0.002}
FREEZING = {"name": "sgd", "learning_rate": 0.1, "freeze_backbone_epochs": 1}


@pytest.mark.parametrize(
    ("layers", "changes", "words"),
    [
        (HEAD, {"optimizer": MUON}, r"^optimizer: .* to train, for muon, found none between"),
        (
            f"{HEAD}\nself.head.requires_grad_(False)",
            {"optimizer": FREEZING},
            r"^freeze_backbone_epochs: expected .* to train in the head, head, found none in Net",
        ),
        (
            f"{HEAD}\nself.conv.requires_grad_(False)",
            {"optimizer": FREEZING},
            r"^freeze_backbone_epochs: expected .* to train but for its head, found none in Net",
        ),
        (HEAD, {"batch_size": 18}, r"^batch_size: expected at most 17, the images to train on, fo"),
        (
            HEAD,
            # Of the class with 5 images two are held out, of those with 4 one.
            {"batch_size": 13, "validation": 0.3},
            r"^batch_size: expected at most 12, .* found 13; lower it in the recipe$",
        ),
    ],
)
def test_a_recipe_that_a_model_or_its_images_contradict_ends_in_one_line_before_a_training(
    tmp_path, dataset, layers, changes, words
):
    settings = own_model(tmp_path, net(layers, f"{FEATURES}\nreturn self.head(f)"))
    with pytest.raises(UserError, match=words) as refusal:
        rehearse(dataset, settings, recipe(**changes), None, CPU)
    assert "\n" not in str(refusal.value)


# A backbone that cannot be trained: no gradient comes out of its operation.
UNTRAINABLE = """
class Refused(torch.autograd.Function):
    @staticmethod
    def forward(context, x):
        return x.clone()
    @staticmethod
    def backward(context, gradient):
        raise ValueError("no gradient for the backbone")
"""


@pytest.mark.parametrize(
    ("epochs", "frozen", "max_steps", "is_trained"),
    [
        *[(5, frozen, None, True) for frozen in (0, 1, 2, 4)],
        *[(2, 2, None, False), (1, 3, None, False)],
        *[(5, 2, 4, False), (5, 2, 5, True), (5, 0, 1, True), (5, 1, 2, False)],
    ],
)
def test_a_backbone_that_is_frozen_at_first_is_rehearsed_as_far_as_it_is_ever_trained(
    tmp_path, dataset, epochs, frozen, max_steps, is_trained
):
    optimizer = {**FREEZING, "freeze_backbone_epochs": frozen}
    body = UNTRAINABLE + net(HEAD, f"{FEATURES}\nreturn self.head(Refused.apply(f))")
    # A full batch and a rest: two steps an epoch.
    chosen = recipe(epochs=epochs, optimizer=optimizer, max_steps=max_steps)
    settings = own_model(tmp_path, body)
    if not is_trained:
        rehearse(dataset, settings, chosen, None, CPU)
        return
    with pytest.raises(UserError, match="no gradient for the backbone"):
        rehearse(dataset, settings, chosen, None, CPU)


@pytest.mark.parametrize(("name", "size"), [("cnn_5", 16), ("vit_b_32", 100)])
def test_an_input_size_that_a_model_cannot_run_with_is_named(dataset, name, size):
    architecture = {"family": "torchvision", "architecture": name}
    values = {"family": "cnn", "blocks": 5} if name == "cnn_5" else architecture
    settings = checked_settings(ModelSettings, {**values, "input_size": size})
    with pytest.raises(
        UserError, match=rf'images \[n, 3, {size}, {size}\]; .*"input_size": {size}'
    ):
        rehearse(dataset, settings, recipe(), None, CPU)


def test_batch_normalisation_on_single_images_is_refused_before_the_training(tmp_path, dataset):
    text, _ = HONEST["batch normalisation of features without height and width"]
    with pytest.raises(UserError, match="more than 1 value per channel"):
        rehearse(dataset, own_model(tmp_path, text), recipe(micro_batch=1), None, CPU)


def test_inception_with_auxiliary_logits_is_refused_at_a_size_that_fails_in_training_alone(
    tmp_path, dataset
):
    text = """
    from torchvision.models import inception_v3
    def make(n):
        return inception_v3(num_classes=n, aux_logits=True, init_weights=False)
    """
    with pytest.raises(UserError, match="cannot be built and trained"):
        rehearse(dataset, own_model(tmp_path, text, input_size=96), recipe(), None, CPU)


def test_an_operation_that_is_not_deterministic_is_named_where_the_recipe_asks_for_it(
    tmp_path, dataset
):
    fault = "raise RuntimeError('pool has no deterministic implementation')"
    settings = own_model(tmp_path, net(HEAD, fault))
    with pytest.raises(UserError, match=r"no deterministic implementation\).*deterministic: false"):
        rehearse(dataset, settings, recipe(deterministic=True), None, CPU)


@pytest.mark.parametrize("batch_size", [BATCH_SIZE, N_IMAGES])
@pytest.mark.parametrize("stopping", [None, {"patience": 1}])
def test_a_training_that_could_not_be_resumed_is_refused_however_many_steps_an_epoch_has(
    tmp_path, dataset, batch_size, stopping
):
    forward = """
if not hasattr(self, "late"):
    self.register_buffer("late", torch.ones(1))
"""
    settings = own_model(tmp_path, net(HEAD, f"{forward}{FEATURES}\nreturn self.head(f)"))
    validated = {"validation": 0.2, "early_stopping": stopping} if stopping else {}
    # As many as are left to train on.
    n_images = 13 if stopping else N_IMAGES
    changes = {"batch_size": min(batch_size, n_images), **validated}
    with pytest.raises(UserError, match="late"):
        rehearse(dataset, settings, recipe(**changes), None, CPU)


def test_a_loss_that_is_not_finite_is_for_the_training_to_report(tmp_path, dataset):
    text = net(HEAD, f"{FEATURES}\nreturn self.head(f) * float('inf')")
    settings = own_model(tmp_path, text)
    assert rehearse(dataset, settings, recipe(), None, CPU)["memory_format"] == "channels_last"


def test_a_rehearsal_takes_nothing_from_the_seeds_of_the_runs(tmp_path, dataset):
    text, memory_format = HONEST["dropout that is never off"]
    settings = own_model(tmp_path, text)

    def losses():
        arguments = (dataset, settings, recipe(), 0, None, CPU, memory_format, [], lambda: None)
        return train_run(*arguments).history.losses

    expected = losses()
    rehearse(dataset, settings, recipe(), None, CPU)
    assert losses() == expected


CNN, TRANSFORMER = (
    checked_settings(ModelSettings, {**values, "input_size": 224})
    for values in (
        {"family": "cnn", "blocks": 2},
        {"family": "torchvision", "architecture": "swin_t"},
    )
)


@pytest.mark.parametrize(
    ("precision", "card", "is_tried"),
    [
        ("fp32", H100, False),
        ("tf32", H100, True),
        ("torch_default", H100, True),
        ("bf16", H100, True),
        # Without TF32, all is computed in true float32.
        ("tf32", T4, False),
        ("torch_default", T4, False),
        ("fp16", T4, True),
    ],
)
def test_on_cuda_auto_tries_channels_last_where_tensor_cores_convolve(
    machine, precision, card, is_tried
):
    machine.has(card)
    device = choose_device("cuda")
    assert tries_channels_last(recipe(precision=precision), CNN, 10, device) is is_tried
    # Its only convolution cuts the image into patches.
    assert not tries_channels_last(recipe(precision=precision), TRANSFORMER, 10, device)
    for chosen in (True, False):
        asked_for = recipe(precision=precision, channels_last=chosen)
        assert tries_channels_last(asked_for, TRANSFORMER, 10, device) is chosen


@pytest.mark.parametrize(
    ("channels_last", "memory_format"),
    [("auto", "channels_last"), (True, "channels_last"), (False, "contiguous")],
)
def test_elsewhere_auto_is_channels_last_and_the_recipe_is_obeyed(
    tmp_path, dataset, channels_last, memory_format
):
    settings = own_model(tmp_path, net(HEAD, f"{FEATURES}\nreturn self.head(f)"))
    chosen = recipe(channels_last=channels_last)
    assert rehearse(dataset, settings, chosen, None, CPU) == {"memory_format": memory_format}


def test_without_a_rehearsal_the_recipe_says_the_memory_format(tmp_path):
    assert memory_format_of(recipe(), None) == "channels_last"
    assert memory_format_of(recipe(channels_last=False), None) == "contiguous"
    path = tmp_path / "rehearsal.json"
    path.write_text(json.dumps({"memory_format": "contiguous"}))
    assert memory_format_of(recipe(), path) == "contiguous"
