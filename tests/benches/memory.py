"""Memory that a training step needs on a GPU, counted on the meta device: an estimate.

Counted are weights, gradients, the optimizer's state, and what autograd saves for the backward
pass. On top of that come CUDA itself, the images of the data set and the workspaces of its
libraries; REST_GB is taken for them. No GPU is needed, and nothing was compared with one.
"""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent / "scripts"))

import torch
import yaml

from cifarlab.configuration import read_configuration
from cifarlab.models.build import image_shape
from cifarlab.models.families import FAMILIES
from cifarlab.training.groups import parameter_groups

ROOT = Path(__file__).resolve().parent.parent.parent
MODELS = ("vgg19", "resnet101", "vit_b_32", "swin_b")
N_CLASSES = 100
# By name; they have a little more: 8 GiB are 8.6 GB.
CARDS_GB = (8, 12, 16, 24, 40, 80)
REST_GB = 1.5
PARTS = ("weights", "gradients", "optimizer", "activations")


def bytes_of(tensors):
    """Size of the memory below some tensors, each piece of it counted once."""
    storages = [tensor.untyped_storage() for tensor in tensors]
    # Its address in memory is 0 on the meta device; this is the address of the object.
    return sum({storage._cdata: storage.nbytes() for storage in storages}.values())


def step_bytes(model, images, labels, recipe):
    """Bytes of each of PARTS for a training step, a dict; all tensors on the meta device.

    model: nn.Module; images: float32 [n, 3, side, side]; labels: int64 [n]; recipe: Recipe, whose
    precision is not looked at: all is float32.
    """
    model.train()
    own = [*model.parameters(), *model.buffers()]
    owned = {tensor.untyped_storage()._cdata for tensor in own}
    saved = []

    def keep(tensor):
        if tensor.untyped_storage()._cdata not in owned:
            saved.append(tensor)
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        loss = recipe.loss.build()(model(images), labels)
    optimizer = recipe.optimizer.build(parameter_groups(model, recipe.optimizer))
    gradients = torch.autograd.grad(loss, [*model.parameters()])
    for parameter, gradient in zip(model.parameters(), gradients, strict=True):
        parameter.grad = gradient
    optimizer.step()
    state = [value for values in optimizer.state.values() for value in values.values()]
    return {
        "weights": bytes_of(own),
        "gradients": bytes_of(gradients),
        "optimizer": bytes_of(filter(torch.is_tensor, state)),
        "activations": bytes_of(saved),
    }


def estimate_gb(settings, recipe, n_images):
    """The same in GB, for a model's settings and a number of images at once."""
    with torch.device("meta"):
        model = FAMILIES[settings.family].build(settings, N_CLASSES)
        images = torch.empty(n_images, *image_shape(settings))
        labels = torch.empty(n_images, dtype=torch.int64)
        parts = step_bytes(model, images, labels, recipe)
    return {name: n_bytes / 1e9 for name, n_bytes in parts.items()}


def images_that_fit(gb_of, batch_size, card_gb):
    """The micro-batch that `auto` ends with on a card, or None where one image is too many.

    gb_of: a function from a number of images to the GB that a step with so many needs.
    """
    n_images = batch_size
    while gb_of(n_images) + REST_GB > card_gb:
        if n_images == 1:
            return None
        n_images = (n_images + 1) // 2
    return n_images


def table(models, recipe):
    """Lines of Markdown. models: settings by name."""
    titles = ("model", *PARTS, "sum, GB", *(f"{card} GB" for card in CARDS_GB))
    lines = [f"| {' | '.join(titles)} |", "|---|" + "---:|" * (len(titles) - 1)]
    for name, settings in models.items():
        parts = estimate_gb(settings, recipe, recipe.batch_size)

        def gb_of(n_images, settings=settings):
            return sum(estimate_gb(settings, recipe, n_images).values())

        numbers = [f"{gb:.1f}" for gb in (*parts.values(), sum(parts.values()))]
        fits = [images_that_fit(gb_of, recipe.batch_size, card) for card in CARDS_GB]
        lines.append(f"| {' | '.join(map(str, (name, *numbers, *fits)))} |")
    return lines


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--recipe", default="published_finetune", help="(default: %(default)s)")
    arguments = parser.parse_args()
    configuration = read_configuration(yaml.safe_load((ROOT / "config/config.yaml").read_text()))
    models = {name: configuration.models[name] for name in MODELS}
    print("\n".join(table(models, configuration.recipes[arguments.recipe])))


if __name__ == "__main__":
    main()
