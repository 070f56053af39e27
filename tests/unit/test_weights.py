"""Weights that a model starts from: fetched, verified, checked against the model, loaded."""

import hashlib
import importlib
import io
import pkgutil

import pytest
import safetensors.torch
import torch
import torchvision
from loopback import broken_off, other_bytes, serving, whole

from cifarlab.datasets.store import save_dataset
from cifarlab.models.build import build_model
from cifarlab.models.families import ModelSettings
from cifarlab.models.fitting import fit_to_model
from cifarlab.models.pretrained import hash_in_name, locate_weights
from cifarlab.models.weights import load_into, read_metadata
from engine.download import Patience
from engine.errors import UserError
from engine.settings import checked_settings

QUICK = Patience(timeout_seconds=1, tries=3, first_pause_seconds=0.01)


def settings_of(architecture="squeezenet1_1", **changes):
    return checked_settings(
        ModelSettings, {"family": "torchvision", "architecture": architecture, **changes}
    )


def published_state(architecture="squeezenet1_1", n_classes=1000):
    """Weights as somebody published them, for another number of classes."""
    torch.manual_seed(7)
    return torchvision.models.get_model(
        architecture, weights=None, num_classes=n_classes
    ).state_dict()


def as_file(state):
    """(bytes of a .pth file, its name with torch.hub's hash)"""
    buffer = io.BytesIO()
    torch.save(state, buffer)
    content = buffer.getvalue()
    return content, f"net-{hashlib.sha256(content).hexdigest()[:8]}.pth"


@pytest.fixture
def stage(tmp_path, run_command):
    """Run the command of the stage for settings; returns its result and its output's path."""
    from test_store import small_dataset

    save_dataset(small_dataset(), tmp_path / "data", {"synthetic": True})
    output = tmp_path / "weights.safetensors"

    def run(settings):
        result = run_command(
            *("weights.py", "--dataset", tmp_path / "data/manifest.json"),
            *("--model", settings.to_json(), "--downloads", tmp_path / "downloads"),
            *("--weights", output, "--first-pause-seconds", "0.01", "--tries", "3"),
        )
        assert "Traceback" not in result.stderr
        return result, output

    return run


def url_of(site, name):
    return site.url.rpartition("/")[0] + "/" + name


def test_weights_are_fetched_by_url_and_the_head_is_left_out(stage):
    state = published_state()
    content, name = as_file(state)
    with serving(content) as site:
        settings = settings_of(weights=url_of(site, name))
        result, output = stage(settings)
    assert result.returncode == 0, result.stderr
    kept = safetensors.torch.load_file(output)
    assert sorted(kept) == sorted(key for key in state if not key.startswith("classifier.1."))
    origin = read_metadata(output)
    assert origin == {
        "source": settings.weights,
        "sha256": hashlib.sha256(content).hexdigest(),
        "head": "replaced",
    }
    torch.manual_seed(0)
    model = build_model(settings, 2)
    fresh_head = model.classifier[1].weight.clone()
    load_into(model, output, without_head="classifier.1")
    assert torch.equal(model.features[0].weight, state["features.0.weight"])
    assert torch.equal(model.classifier[1].weight, fresh_head)


def test_a_broken_download_is_continued(stage):
    content, name = as_file(published_state())
    with serving(content, broken_off, whole) as site:
        result, _ = stage(settings_of(weights=url_of(site, name)))
    assert result.returncode == 0, result.stderr
    assert site.requests[1][1] == f"bytes={len(content) // 2}-"


def test_a_truncated_file_ends_in_one_line_and_leaves_no_output(stage):
    content, name = as_file(published_state())
    with serving(content, broken_off) as site:
        result, output = stage(settings_of(weights=url_of(site, name)))
    assert result.returncode == 1
    assert "the connection broke off; gave up after 3 tries" in result.stderr
    assert not output.exists()


def test_a_wrong_hash_ends_in_one_line_and_leaves_no_output(stage, tmp_path):
    content, name = as_file(published_state())
    with serving(content, other_bytes) as site:
        result, output = stage(settings_of(weights=url_of(site, name)))
    assert result.returncode == 1
    assert f"expected sha256 {name[4:12]}, found " in result.stderr
    assert not output.exists()
    assert [path.name for path in (tmp_path / "downloads").iterdir()] == [".lock"]


def test_weights_of_another_architecture_are_listed_key_by_key(stage):
    content, name = as_file(published_state("squeezenet1_0"))
    with serving(content) as site:
        result, output = stage(settings_of(weights=url_of(site, name)))
    assert result.returncode == 1
    assert "features.0.weight (96×3×7×7, expected 64×3×3×3)" in result.stderr
    assert " missing: " in result.stderr
    assert " unexpected: " in result.stderr
    assert not output.exists()


@pytest.mark.parametrize("suffix", [".PTH", ".safetensors"])
def test_a_local_file_is_used_and_a_head_that_fits_is_kept(stage, tmp_path, suffix):
    state = published_state(n_classes=2)
    path = tmp_path / f"mine{suffix}"
    if suffix == ".PTH":
        wrapped = {f"module.{key}": value.double() for key, value in state.items()}
        torch.save({"net": wrapped, "optimizer": {"lr": 0.1}, "epoch": 3}, path)
    else:
        safetensors.torch.save_file(state, path)
    result, output = stage(settings_of(weights=str(path)))
    assert result.returncode == 0, result.stderr
    origin = read_metadata(output)
    assert origin["head"] == "kept"
    if suffix == ".PTH":
        assert origin["taken_off"] == ["net", "module."]
        assert f"all names in {path} began with net, module., which was removed" in result.stdout
        assert (
            f"{len(state)} tensors of {path} are converted from float64 to float32" in result.stdout
        )
    else:
        assert "taken_off" not in origin
        assert not result.stdout
    assert torch.equal(
        safetensors.torch.load_file(output)["classifier.1.weight"], state["classifier.1.weight"]
    )


@pytest.mark.parametrize(
    ("weights", "words"),
    [
        ("absent/file.pth", "expected a file at absent/file.pth, found none"),
        ("absent.CKPT", "expected a file at absent.CKPT, found none"),
        ("./", "expected a file at ., found a folder"),
        ("IMAGENET22K", "torchvision has no 'IMAGENET22K' for squeezenet1_1; it has IMAGENET1K_V1"),
        ("http://127.0.0.1:9/plain.pth", "expected a hash in the file name"),
    ],
)
def test_weights_that_cannot_be_located_are_named(tmp_path, weights, words):
    with pytest.raises(UserError, match=words):
        locate_weights(settings_of(weights=weights), tmp_path, QUICK)


def test_a_family_without_named_weights_says_what_it_takes(tmp_path):
    settings = checked_settings(
        ModelSettings, {"family": "cnn", "blocks": 2, "weights": "IMAGENET1K_V1"}
    )
    with pytest.raises(UserError, match="no name that family cnn knows"):
        locate_weights(settings, tmp_path, QUICK)


@pytest.mark.parametrize("architecture", torchvision.models.list_models(module=torchvision.models))
def test_every_weight_that_torchvision_names_carries_its_hash_and_statistics(architecture):
    for weights in torchvision.models.get_model_weights(architecture):
        assert len(hash_in_name(weights.url)) >= len("sha256:") + 8
        transforms = weights.transforms()
        assert len(transforms.mean) == len(transforms.std) == 3


def test_densenets_published_keys_are_renamed():
    state = published_state("densenet121", 10)
    old = {
        key.replace(".norm1.", ".norm.1.").replace(".conv2.", ".conv.2."): value
        for key, value in state.items()
    }
    assert old.keys() != state.keys()
    settings = settings_of("densenet121")
    fit = fit_to_model(old, build_model(settings, 10), settings, "old.pth")
    assert fit.head_fits
    assert fit.state.keys() == state.keys()


# A file as it was first published, of today's names: what torch renames or fills in when it loads.
OLD_NAMES = {
    "vit_b_32": lambda key: key.replace(".mlp.0.", ".mlp.linear_1.").replace(
        ".mlp.3.", ".mlp.linear_2."
    ),
    "resnet18": lambda key: None if key.endswith(".num_batches_tracked") else key,
    "mobilenet_v2": lambda key: None if key.endswith(".num_batches_tracked") else key,
}


@pytest.mark.parametrize("architecture", OLD_NAMES)
def test_what_torch_renames_or_fills_in_when_it_loads_is_so_here(architecture):
    settings = settings_of(architecture, weights="IMAGENET1K_V1")
    with torch.device("meta"):
        theirs = torchvision.models.get_model(architecture, weights=None)
        model = build_model(settings, 10)
    today = {
        key: torch.zeros(value.shape, dtype=value.dtype)
        for key, value in theirs.state_dict().items()
    }
    old = {OLD_NAMES[architecture](key): value for key, value in today.items()}
    old.pop(None, None)
    assert old.keys() != today.keys()
    assert theirs.load_state_dict(old, assign=True).missing_keys == []
    fit = fit_to_model(old, model, settings, "old.pth")
    assert not fit.head_fits
    assert fit.state.keys() == {
        key
        for key in model.state_dict()
        if key in today and model.state_dict()[key].shape == today[key].shape
    }


def test_which_modules_rename_what_they_load_is_known():
    modules = [torch.nn.modules, torchvision.models, torchvision.ops]
    for package in list(modules):
        names = [name for _, name, _ in pkgutil.iter_modules(package.__path__)]
        modules += [importlib.import_module(f"{package.__name__}.{name}") for name in names]
    classes = {one for module in modules for one in vars(module).values() if isinstance(one, type)}
    renaming = {one.__name__ for one in classes if "_load_from_state_dict" in vars(one)}
    # Batch normalisation and MLPBlock: see above. MNASNet changes itself, not names; the others are
    # for the detection of objects, or complain alone.
    known = {"_NormBase", "MLPBlock", "MNASNet", "FrozenBatchNorm2d", "FeaturePyramidNetwork"}
    assert renaming - {"Module"} <= {*known, "_InstanceNorm"}


@pytest.mark.parametrize("architecture", ["inception_v3", "googlenet"])
def test_auxiliary_classifiers_of_published_weights_are_left_out(architecture):
    settings = settings_of(architecture, weights="IMAGENET1K_V1")
    state = torchvision.models.get_model(
        architecture, weights=None, aux_logits=True, init_weights=False
    ).state_dict()
    with torch.device("meta"):
        model = build_model(settings, 10)
    fit = fit_to_model(state, model, settings, "w.pth")
    assert not fit.head_fits
    assert not any(key.startswith(("aux", "Aux")) for key in fit.state)


def test_a_module_that_asks_for_its_version_loads(stage, tmp_path):
    path = tmp_path / "mnasnet.pth"
    torch.save(published_state("mnasnet0_5"), path)
    settings = settings_of("mnasnet0_5", weights=str(path))
    result, output = stage(settings)
    assert result.returncode == 0, result.stderr
    load_into(build_model(settings, 2), output, without_head="classifier.1")
