"""The part of the training split that a recipe holds out, to be validated on after every epoch."""

import torch
from torch.nn import functional

from cifarlab.evaluation.prediction import predict
from engine.errors import UserError


def hold_out(labels, share):
    """Indices of the images to train on and of those to validate on, two int64 tensors.

    labels: int64 [n_images]; share: of each class that is held out, rounded to whole images. Which
    ones depends on labels and share alone: every model and every seed is validated on the same.
    Raises UserError where a share above 0 holds out nothing, or leaves nothing to train on.
    """
    order = torch.randperm(len(labels), generator=torch.Generator().manual_seed(0))
    is_held_out = torch.zeros(len(labels), dtype=torch.bool)
    labels = labels.cpu()
    for label in labels.unique():
        of_class = order[labels[order] == label]
        is_held_out[of_class[: round(share * len(of_class))]] = True
    if share and (is_held_out.all() or not is_held_out.any()):
        raise UserError(
            f"expected a validation share that leaves images on both sides, found {share} of "
            f"{len(labels)} images; choose another share"
        )
    indices = torch.arange(len(labels))
    return indices[~is_held_out], indices[is_held_out]


class Validation:
    """Measures a model on the images held out.

    images: Images; labels: int64 [n_images]; index: int64 [n], those held out; batch_size: images
    at once.
    """

    def __init__(self, images, labels, index, batch_size):
        self.images, self.batch_size = images.only(index), batch_size
        self.labels = labels.cpu()[index]

    @property
    def n_images(self):
        return len(self.labels)

    def measure(self, model):
        """Mean cross-entropy and top-1 accuracy in percent; both None without images.

        The model comes back in the mode that it was in.
        """
        if not self.n_images:
            return {"validation_loss": None, "validation_accuracy_percent": None}
        was_training = model.training
        logits = torch.from_numpy(predict(model, self.images, self.batch_size))
        model.train(was_training)
        right = (logits.argmax(dim=1) == self.labels).double().mean()
        return {
            "validation_loss": functional.cross_entropy(logits.double(), self.labels).item(),
            "validation_accuracy_percent": 100 * right.item(),
        }
