"""Augmentations: what each does to an image, a whole batch at once, and what is refused."""

import math
from collections import Counter
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from choices import choices
from torch.utils._python_dispatch import TorchDispatchMode
from torchvision.transforms import v2
from torchvision.transforms.v2 import functional

from cifarlab.datasets.inputs import Images, InputSettings
from cifarlab.training.augmentations import AUGMENTATIONS
from cifarlab.training.augmentations.trivial_augment import NUMBERS, OPERATIONS, strengths
from cifarlab.training.augmenting import Augmenter, Batch, Draws
from cifarlab.training.losses import LOSSES
from cifarlab.training.recipes import Recipe
from engine.errors import UserError
from engine.settings import checked_settings

N_IMAGES = 200
# Height and width differ, so that they cannot be taken for each other.
SHAPE = (24, 32, 3)
ALONE = [choice["augmentations"] for choice in choices() if "augmentations" in choice]


def recipe(augmentations, **changes):
    values = {"epochs": 1, "batch_size": 16, "optimizer": {"name": "adam", "learning_rate": 0.1}}
    return checked_settings(Recipe, {**values, "augmentations": augmentations, **changes})


def pictures(n=N_IMAGES):
    # No pixel is black, so that what comes in is seen.
    pixels = np.random.default_rng(0).integers(1, 256, (n, *SHAPE), dtype=np.uint8)
    return torch.from_numpy(pixels)


class Noted(Draws):
    """Draws that remember what was drawn."""

    def __init__(self, seed):
        super().__init__(seed, "cpu")
        self.drawn = []

    def integers(self, below, *shape):
        self.drawn.append(super().integers(below, *shape))
        return self.drawn[-1]


def changed(augmentation, images, epochs=(0,)):
    """(images of each epoch, what was drawn) by one augmentation that does not mix."""
    (part,) = recipe([augmentation]).augmentations
    draws = Noted(0)
    change = part.build(draws, len(images))
    places = torch.arange(len(images))
    return [change(images, places, epoch) for epoch in epochs], draws.drawn


def channels_first(image):
    return image.permute(2, 0, 1)


def is_mirrored(images, found):
    """Of each image, whether it is mirrored; it must be that or as it was."""
    mirrored = [functional.horizontal_flip(channels_first(image)) for image in images]
    flips = [torch.equal(channels_first(f), m) for f, m in zip(found, mirrored, strict=True)]
    same = [torch.equal(f, image) for f, image in zip(found, images, strict=True)]
    assert all(a != b for a, b in zip(flips, same, strict=True))
    return torch.tensor(flips)


def test_flip_mirrors_about_half_of_the_images_others_each_time():
    images = pictures()
    flips = [is_mirrored(images, found) for found in changed("flip", images, (0, 1, 2))[0]]
    assert all(0.35 < flip.double().mean() < 0.65 for flip in flips)
    assert not torch.equal(flips[0], flips[1])
    assert not torch.equal(flips[0], flips[2])
    assert not torch.equal(flips[0], ~flips[1])


def test_an_alternating_flip_shows_an_image_both_ways_in_two_epochs():
    images = pictures()
    epochs, _ = changed({"name": "flip", "alternating": True}, images, (0, 1, 2, 3))
    flips = [is_mirrored(images, found) for found in epochs]
    assert 0.35 < flips[0].double().mean() < 0.65
    assert torch.equal(flips[1], ~flips[0])
    assert torch.equal(flips[2], flips[0])
    assert torch.equal(flips[3], flips[1])


def test_an_alternating_flip_goes_by_the_image_and_not_by_its_place_in_the_batch():
    images = pictures()
    (part,) = recipe([{"name": "flip", "alternating": True}]).augmentations
    change = part.build(Noted(0), len(images))
    every = change(images, torch.arange(len(images)), 0)
    some = torch.tensor([150, 3, 77, 3])
    assert torch.equal(change(images[some], some, 0), every[some])


def test_what_is_drawn_has_nothing_to_do_with_the_order_of_the_images():
    agree = []
    for seed in range(20):
        coins = Draws(seed, "cpu").integers(2, 1000)
        order = torch.randperm(1000, generator=torch.Generator().manual_seed(seed))
        agree.append((coins == order % 2).double().mean())
    assert 0.48 < torch.stack(agree).mean() < 0.52


@pytest.mark.parametrize("pixels", [1, 4])
def test_padded_crop_is_the_crop_of_torchvision_from_a_padded_image(pixels):
    images = pictures()
    (found,), ((top, left),) = changed({"name": "padded_crop", "pixels": pixels}, images)
    assert {*top.tolist()} == {*left.tolist()} == set(range(2 * pixels + 1))
    for image, crop, y, x in zip(images, found, top.tolist(), left.tolist(), strict=True):
        padded = functional.pad(channels_first(image), [pixels])
        expected = functional.crop(padded, y, x, *SHAPE[:2])
        assert torch.equal(channels_first(crop), expected)


@pytest.mark.parametrize("pixels", [1, 4, 7, 40])
def test_cutout_makes_a_square_around_a_place_in_the_image_black(pixels):
    images = pictures()
    (found,), (rows, columns) = changed({"name": "cutout", "pixels": pixels}, images)
    for image, cut, row, column in zip(
        images, found, rows.flatten().tolist(), columns.flatten().tolist(), strict=True
    ):
        expected = image.clone()
        first = [max(0, middle - pixels // 2) for middle in (row, column)]
        last = [middle - pixels // 2 + pixels for middle in (row, column)]
        expected[first[0] : last[0], first[1] : last[1]] = 0
        assert torch.equal(cut, expected)
    assert rows.unique().numel() == SHAPE[0]
    assert columns.unique().numel() == SHAPE[1]


class Fixed:
    """A distribution of torch that always gives the same number."""

    def __init__(self, share):
        self.share = share

    def sample(self, _shape):
        return torch.tensor(self.share)


@pytest.mark.parametrize("name", ["mixup", "cutmix"])
@pytest.mark.parametrize("seed", range(8))
def test_mixing_is_that_of_torchvision_with_the_same_draws(name, seed, monkeypatch):
    images, labels = pictures(12), torch.arange(12)
    (part,) = recipe([{"name": name, "alpha": 1.0}]).augmentations
    mixed, share = part.build(Draws(seed, "cpu"), 12)(images.float())

    same = Draws(seed, "cpu").of_batches
    theirs = {"mixup": v2.MixUp, "cutmix": v2.CutMix}[name](num_classes=12)
    theirs._dist = Fixed(same.betavariate(1.0, 1.0))
    # It draws a column first.
    middles = [torch.tensor([same.randrange(side)]) for side in SHAPE[:2]]
    monkeypatch.setattr(torch, "randint", lambda *_, **__: middles.pop())
    expected, targets = theirs(images.float().permute(0, 3, 1, 2), labels)
    assert torch.allclose(mixed.permute(0, 3, 1, 2), expected, atol=1e-4)
    own = augmented_targets(labels, share)
    assert torch.allclose(own, targets, atol=1e-6)
    assert 0 < share < 1


def by_torchvision(image, operation, strength):
    """One operation of torchvision's TrivialAugmentWide on one image, uint8 [3, height, width]."""
    name, strength = list(OPERATIONS)[int(operation)], float(strength)
    shear = {
        "shear_x": [math.degrees(math.atan(strength)), 0.0],
        "shear_y": [0.0, math.degrees(math.atan(strength))],
    }
    move = {"translate_x": [int(strength), 0], "translate_y": [0, int(strength)]}
    if name in shear:
        return functional.affine(image, 0.0, [0, 0], 1.0, shear[name], center=[0, 0])
    if name in move:
        return functional.affine(image, 0.0, move[name], 1.0, [0.0, 0.0])
    if name == "posterize":
        return functional.posterize(image, int(strength))
    others = {
        "identity": lambda image: image,
        "rotate": lambda image: functional.rotate(image, strength),
        "brightness": lambda image: functional.adjust_brightness(image, 1 + strength),
        "color": lambda image: functional.adjust_saturation(image, 1 + strength),
        "contrast": lambda image: functional.adjust_contrast(image, 1 + strength),
        "sharpness": lambda image: functional.adjust_sharpness(image, 1 + strength),
        "solarize": lambda image: functional.solarize(image, strength),
        "autocontrast": functional.autocontrast,
        "equalize": functional.equalize,
    }
    return others[name](image)


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("shape", [(32, 32), (20, 28)], ids=str)
def test_trivial_augment_is_torchvisions_of_one_image(operation, shape):
    # Every strength and sign, on dark and bright images, smooth and rough ones.
    table = torch.from_numpy(strengths())
    rows = (table[:, 0] == NUMBERS[operation]).nonzero().flatten().repeat(5)
    draws = SimpleNamespace(of_images=torch.Generator(), integers=lambda *_: rows)
    generator, n = np.random.default_rng(0), len(rows)
    darkest = generator.integers(0, 200, (n, 1, 1, 3))
    ranges = generator.integers(1, 56, (n, 1, 1, 3))
    images = darkest + generator.integers(0, ranges, (n, *shape, 3))
    images[0] = 7
    images = torch.from_numpy(images.astype(np.uint8))
    (part,) = recipe(["trivial_augment"]).augmentations
    found = part.build(draws, n)(images, torch.arange(n), 0)
    expected = torch.stack(
        [
            by_torchvision(channels_first(image), *table[row, :2])
            for image, row in zip(images, rows, strict=True)
        ]
    )
    # Rounding decides the last bit of a product.
    difference = (found.permute(0, 3, 1, 2).int() - expected.int()).abs()
    assert difference.max() <= 1
    assert (difference > 0).double().mean() < 2e-3


def test_trivial_augment_has_the_strengths_of_torchvision_each_as_likely():
    table = torch.from_numpy(strengths()).double()
    assert len(table) == 14 * 31 * 2
    space = v2.TrivialAugmentWide._AUGMENTATION_SPACE
    for number, (strengths_of, is_signed) in enumerate(space.values()):
        found = table[table[:, 0] == number, 1]
        expected = strengths_of(31, 32, 32)
        expected = (torch.zeros(31) if expected is None else expected).double()
        if number == NUMBERS["solarize"]:
            expected = 255 * expected
        both = torch.cat([expected, -expected if is_signed else expected])
        torch.testing.assert_close(found.sort().values, both.sort().values, rtol=0, atol=1e-4)


def augmented_targets(labels, share):
    batch = Batch(torch.zeros(len(labels)), labels, share)
    whole = batch.targets(slice(0, len(labels)), len(labels))
    # A batch that is computed in parts has the same neighbours.
    parts = [batch.targets(slice(start, start + 5), len(labels)) for start in (0, 5, 10)]
    assert torch.equal(torch.cat(parts), whole)
    return whole


def test_the_loss_of_mixed_labels_is_the_mean_of_both_losses():
    torch.manual_seed(0)
    logits, labels = torch.randn(6, 10), torch.tensor([1, 2, 3, 3, 0, 9])
    batch = Batch(torch.zeros(6), labels, 0.7)
    for module in LOSSES.values():
        loss = module.Settings(name=module.Settings.__module__.rpartition(".")[2]).build()
        mixed = loss(logits, batch.targets(slice(0, 6), 10))
        expected = 0.7 * loss(logits, labels) + 0.3 * loss(logits, labels.roll(1))
        assert mixed == pytest.approx(expected.item(), rel=1e-5)


class Calls(TorchDispatchMode):
    """Counts the operations of torch while it is entered."""

    def __init__(self):
        super().__init__()
        self.names = Counter()

    def __torch_dispatch__(self, function, types, arguments=(), options=None):
        self.names[function.overloadpacket.__name__] += 1
        return function(*arguments, **(options or {}))


def augmenter(augmentations, seed=0):
    images = Images(pictures().numpy(), InputSettings(32, [0.5] * 3, [0.2] * 3), "cpu")
    labels = torch.arange(N_IMAGES) % 10
    return Augmenter(images, labels, recipe(augmentations).augmentations, seed)


@pytest.mark.parametrize("augmentations", ALONE, ids=str)
def test_nothing_is_done_image_by_image_and_nothing_is_read(augmentations):
    counts = []
    for n in (8, 64):
        one = augmenter(augmentations)
        with Calls() as calls:
            one.batch(torch.arange(n), 0)
        counts.append(calls.names)
    assert counts[0] == counts[1]
    read = {"_local_scalar_dense", "nonzero", "masked_select", "is_nonzero", "equal"}
    assert not read & counts[0].keys()


@pytest.mark.parametrize("augmentations", ALONE, ids=str)
def test_the_stored_images_stay_as_they_are(augmentations):
    one, index = augmenter(augmentations), torch.arange(20)
    before = pictures()
    for epoch in (0, 1):
        batch = one.batch(index, epoch)
        prepared = one.images.prepared(batch.images)
        # Preparing a batch again gives the same: a step may have to.
        assert torch.equal(one.images.prepared(batch.images), prepared)
    assert torch.equal(one.images.images, before)


@pytest.mark.parametrize("augmentations", ALONE, ids=str)
def test_a_state_goes_on_where_it_was_and_another_seed_draws_otherwise(augmentations):
    index = torch.arange(N_IMAGES)

    def drawn(one, n=12):
        return [one.batch(index, epoch).images for epoch in range(n)]

    one, other = augmenter(augmentations), augmenter(augmentations, seed=1)
    first, state = drawn(one), one.state()
    assert not all(map(torch.equal, first, drawn(other)))
    expected = drawn(one)
    again = augmenter(augmentations)
    again.resume(state)
    assert all(map(torch.equal, drawn(again), expected))


@pytest.mark.parametrize(
    ("augmentations", "changes", "line"),
    [
        (["flip", "flip"], {}, "augmentations: should have flip once"),
        (
            [{"name": "mixup", "alpha": 1}, {"name": "cutmix", "alpha": 1}],
            {},
            "augmentations: should mix images in one way, found mixup and cutmix",
        ),
        ([{"name": "padded_crop"}], {}, "augmentations[0].pixels: missing; Largest shift"),
        ([{"name": "turn"}], {}, "augmentations[0].name: should be one of 'cutmix', 'cutout', "),
        ("flip", {}, "augmentations: should be a valid list (found 'flip')"),
    ],
)
def test_what_does_not_fit_is_refused_in_one_line(augmentations, changes, line):
    with pytest.raises(UserError) as error:
        recipe(augmentations, **changes)
    (found,) = str(error.value).splitlines()[1:]
    assert found.strip().startswith(line)


def test_mixing_needs_a_loss_that_takes_mixed_labels(monkeypatch):
    monkeypatch.setattr(LOSSES["focal"].Settings, "takes_soft_targets", False)
    with pytest.raises(UserError, match="should not have mixup: focal takes no mixed labels"):
        recipe([{"name": "mixup", "alpha": 1}], loss="focal")


def test_a_recipe_without_augmentations_is_the_same_text_as_before_there_were_any():
    assert "augmentations" not in recipe([]).model_dump()
    assert set(AUGMENTATIONS) >= {"flip", "padded_crop", "cutout", "mixup", "cutmix"}
