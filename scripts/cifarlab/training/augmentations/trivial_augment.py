"""TrivialAugment."""

from typing import Literal

from cifarlab.training.parts import AugmentationSettings

# Steps of a strength; every operation is as likely, and every strength and sign of it.
N_STRENGTHS = 31
# Its first and its last strength, and whether half of the draws are negative.
OPERATIONS = {
    "identity": (0.0, 0.0, False),
    "shear_x": (0.0, 0.99, True),
    "shear_y": (0.0, 0.99, True),
    "translate_x": (0.0, 32.0, True),
    "translate_y": (0.0, 32.0, True),
    "rotate": (0.0, 135.0, True),
    "brightness": (0.0, 0.99, True),
    "color": (0.0, 0.99, True),
    "contrast": (0.0, 0.99, True),
    "sharpness": (0.0, 0.99, True),
    "posterize": (8.0, 2.0, False),
    "solarize": (255.0, 0.0, False),
    "autocontrast": (0.0, 0.0, False),
    "equalize": (0.0, 0.0, False),
}
NUMBERS = {name: number for number, name in enumerate(OPERATIONS)}


class Settings(AugmentationSettings):
    """One change of shape or colour for every image, of a strength that is drawn too; the wide
    range of Müller and Hutter 2021, whose lengths are for images of 32 pixels."""

    name: Literal["trivial_augment"]

    def build(self, draws, n_images):
        import torch

        device = draws.of_images.device
        table = torch.from_numpy(strengths()).to(device)

        # All operations are done to all images: choosing images of one would have to be waited for.
        def augment(images, places, epoch):
            chosen = _Chosen(table.index_select(0, draws.integers(len(table), len(images))))
            pixels = _moved(images.permute(0, 3, 1, 2).contiguous().float(), chosen)
            pixels = _blended(pixels, chosen)
            return _toned(pixels.byte(), chosen).permute(0, 2, 3, 1).contiguous()

        return augment


def strengths():
    """Every operation with every strength and sign, float32 [n, 4].

    A row has the number of the operation, its strength, and the cosine and sine of its angle.
    """
    import numpy as np

    rows = [
        (NUMBERS[name], (first + (last - first) * step / (N_STRENGTHS - 1)) * sign)
        for name, (first, last, is_signed) in OPERATIONS.items()
        for step in range(N_STRENGTHS)
        for sign in (1, -1 if is_signed else 1)
    ]
    operation, strength = np.array(rows).T
    strength = np.where(operation == NUMBERS["posterize"], strength.round(), strength)
    # In float64: on a tie the last bit decides which pixel is the nearest.
    angle = np.radians(np.where(operation == NUMBERS["rotate"], strength, 0.0))
    table = np.stack([operation, strength, np.cos(angle), np.sin(angle)], axis=1)
    return table.astype("float32")


class _Chosen:
    """What was drawn for each image. drawn: float [n, 4], rows of `strengths`."""

    def __init__(self, drawn):
        self.operation, self.strength, self.cosine, self.sine = drawn.unbind(1)

    def of(self, *names):
        """Which images have one of these operations, bool [n, 1, 1, 1]."""
        is_one = sum((self.operation == NUMBERS[name]) for name in names)
        return is_one.bool()[:, None, None, None]

    def strength_of(self, *names, otherwise=0.0):
        """The strength where it is that of these operations, float [n, 1, 1, 1]."""
        strength = self.strength[:, None, None, None]
        return strength.where(self.of(*names), strength.new_full((), otherwise))


def _moved(pixels, chosen):
    """Sheared, translated and rotated: each pixel is the nearest one at its place, or black."""
    import torch

    n, _, height, width = pixels.shape
    shear_x, shear_y, left, up = (
        chosen.strength_of(name).flatten()
        for name in ("shear_x", "shear_y", "translate_x", "translate_y")
    )
    # A shear leaves the corner at the top left where it is, a rotation the middle.
    to_x = [chosen.cosine, shear_x - chosen.sine, shear_x * (height / 2) - left.trunc()]
    to_y = [shear_y + chosen.sine, chosen.cosine, shear_y * (width / 2) - up.trunc()]
    matrix = torch.stack([torch.stack(to_x, 1) / (width / 2), torch.stack(to_y, 1) / (height / 2)])
    rows, columns = (torch.arange(s, device=pixels.device) - (s - 1) / 2 for s in (height, width))
    y, x = torch.meshgrid(rows, columns, indexing="ij")
    places = torch.stack([x, y, torch.ones_like(x)], -1).view(-1, 3)
    grid = (places @ matrix.permute(1, 2, 0)).view(n, height, width, 2)
    return torch.nn.functional.grid_sample(pixels, grid, mode="nearest", align_corners=False)


def _blended(pixels, chosen):
    """Brightness, colour, contrast and sharpness: more or less of what an image lacks without."""
    names = ("brightness", "color", "contrast", "sharpness")
    red, green, blue = pixels.split(1, dim=1)
    grey = (0.2989 * red + 0.587 * green + 0.114 * blue).floor()
    without = pixels.where(chosen.of("sharpness"), pixels.new_zeros(()))
    without = grey.where(chosen.of("color"), without)
    without = grey.mean((1, 2, 3), keepdim=True).where(chosen.of("contrast"), without)
    if min(pixels.shape[2:]) > 2:
        inner = without[..., 1:-1, 1:-1]
        inner.copy_(_blurred(pixels).where(chosen.of("sharpness"), inner))
    strength = chosen.strength_of(*names)
    return (pixels + (pixels - without) * strength).clamp(0, 255)


def _blurred(pixels):
    """The weighted mean of each pixel, 5, and its neighbours, 1, but of those at an edge."""
    lines = pixels[..., :-2, :] + pixels[..., 1:-1, :] + pixels[..., 2:, :]
    squares = lines[..., :-2] + lines[..., 1:-1] + lines[..., 2:]
    return ((squares + 4 * pixels[..., 1:-1, 1:-1]) / 13).round()


def _toned(pixels, chosen):
    """Posterised, solarised, with more contrast or equalised. pixels: uint8 [n, 3, …]."""
    from torchvision.transforms.v2.functional import equalize

    # The highest of the eight bits that are left.
    bits = 256 - 2 ** (8 - chosen.strength_of("posterize", otherwise=8.0))
    toned = pixels & bits.byte()
    is_bright = pixels >= chosen.strength_of("solarize", otherwise=256.0)
    toned = (255 - pixels).where(is_bright, toned)
    plain = pixels.float()
    low, high = plain.amin((2, 3), keepdim=True), plain.amax((2, 3), keepdim=True)
    stretched = ((plain - low) / ((high - low) * (1 / 255))).clamp(0, 255).byte()
    stretched = stretched.where(high > low, pixels)
    toned = stretched.where(chosen.of("autocontrast"), toned)
    return equalize(pixels).where(chosen.of("equalize"), toned)
