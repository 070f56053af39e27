"""The rehearsal of a row's runs: all that they will do, once, on a few images, before the work."""

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch

from cifarlab.datasets.inputs import Images
from cifarlab.datasets.store import load_description, load_split
from cifarlab.evaluation.prediction import predict
from cifarlab.models.build import build_for_counting, faults_of_the_model
from cifarlab.models.outputs import checked_logits
from cifarlab.models.weights import load_into, save_weights
from cifarlab.training.batches import split_into_batches
from cifarlab.training.history import Diverged
from cifarlab.training.loop import train
from cifarlab.training.precision import convolves_on_tensor_cores, set_precision
from cifarlab.training.randomness import seed_all
from cifarlab.training.run import naming_determinism, start
from cifarlab.training.validation import hold_out
from engine.checkpoints import Checkpoints
from engine.errors import UserError
from engine.faults import one_line
from engine.files import writing
from engine.observers import Keeper

# No seed that a run or a model's own code is likely to have.
SEED, OTHER_SEED = 1_629_174_503, 1_629_174_504
# A full batch, the last one of an epoch, and one after the validation.
STEPS = 3
# Share of the largest logit that rounding may differ by: sums have another order on a GPU.
TOLERANCE = 1e-4


def rehearse(dataset, model_settings, recipe, initial_weights, device, folder=None):
    """Do all that a run does, once; returns what its jobs go by, a JSON object.

    dataset: Path of the train.json of a data set; initial_weights: Path of the stage weights'
    output, or None; folder: Path, for files that are deleted at the end (default: the system's
    place for them). It trains steps on the batches of an epoch that differ in size, validates,
    saves checkpoints and weights, loads and resumes them, and predicts, with images of the data
    set, on models that are thrown away. In the memory format channels_last where it is worth a try
    and the model runs in it, else contiguous: `memory_format` of what is returned.
    Raises UserError where the model cannot do one of these.
    """
    set_precision(recipe.precision, device)
    rehearsal = _Rehearsal(dataset, model_settings, recipe, initial_weights, device, folder)
    with faults_of_the_model(model_settings):
        if tries_channels_last(recipe, model_settings, rehearsal.description["n_classes"], device):
            try:
                rehearsal.perform("channels_last")
                return {"memory_format": "channels_last"}
            except UserError:
                raise
            except Exception as error:  # a user's code can raise anything
                reason = f"{type(error).__name__}: {one_line(error)}"
            print(f"the model does not run in channels_last ({reason}); trying contiguous")
        rehearsal.perform("contiguous")
    return {"memory_format": "contiguous"}


def tries_channels_last(recipe, model_settings, n_classes, device):
    """Whether channels_last is worth a try, for a recipe and a model on a device.

    A recipe's `auto` is left to what is gained. On CUDA only convolutions gain, and only on tensor
    cores: in float32 older cards can be slower (timm's benchmarks: 30 % faster networks of
    convolutions in half precision, transformers as before).
    """
    if recipe.channels_last != "auto" or device.type != "cuda":
        return bool(recipe.channels_last)
    return convolves_on_tensor_cores(recipe.precision, device) and _has_convolutions(
        build_for_counting(model_settings, n_classes)
    )


def _has_convolutions(model):
    """Whether a model has more of them than the one that cuts images into patches."""
    return sum(isinstance(module, torch.nn.Conv2d) for module in model.modules()) > 1


class _Rehearsal:
    """As many images as the first and the last batch of an epoch have, some to validate on, and
    what to do with them."""

    def __init__(self, dataset, model_settings, recipe, initial_weights, device, folder):
        self.description, split = load_description(dataset), load_split(dataset)
        self.model_settings, self.initial_weights = model_settings, initial_weights
        self.device, self.folder = device, folder
        trained_on, held_out = hold_out(torch.tensor(split.labels), recipe.validation)
        if recipe.batch_size > len(trained_on):
            raise UserError(
                f"batch_size: expected at most {len(trained_on):,}, the images to train on, found "
                f"{recipe.batch_size:,}; lower it in the recipe"
            )
        batches = split_into_batches(trained_on, recipe.batch_size)
        n_batches = len(batches)
        trained_on = trained_on[: sum({len(batches[0]), len(batches[-1])})]
        held_out = held_out[: recipe.images_at_once + 1]
        chosen = torch.cat([trained_on, held_out]).numpy()
        self.pixels = split.images[chosen]
        self.labels = torch.tensor(split.labels[chosen], device=device)
        self.indices = torch.arange(len(chosen)).split([len(trained_on), len(held_out)])
        self.n_predicted = min(recipe.images_at_once, len(chosen))
        n_steps = min(STEPS, recipe.max_steps or STEPS)
        # An epoch has a step or two, and none of them is left out.
        changes = {"epochs": STEPS, "max_steps": n_steps}
        # All that is ever trained is trained within these steps, and nothing else is.
        frozen, steps = recipe.optimizer.freeze_backbone_epochs, recipe.epochs * n_batches
        is_never_trained = frozen * n_batches >= min(steps, recipe.max_steps or steps)
        frozen = STEPS if is_never_trained else min(frozen, 1)
        changes["optimizer"] = recipe.optimizer.model_copy(
            update={"freeze_backbone_epochs": frozen}
        )
        if stopping := recipe.early_stopping:
            patience = max(stopping.patience, STEPS)
            changes["early_stopping"] = stopping.model_copy(update={"patience": patience})
        self.recipe = recipe.model_copy(update=changes)

    def perform(self, memory_format):
        """Do it; raises UserError, and whatever the model's code raises."""
        with TemporaryDirectory(dir=self.folder) as folder, writing(folder):
            model, images = self._train(SEED, folder, memory_format)
            expected = self._all_logits(model, images)
            path = Path(folder) / "weights.safetensors"
            save_weights(path, model.state_dict(), {})
            # Another seed: nothing of the model may hang on how it was built.
            model, _ = self._train(OTHER_SEED, folder, memory_format)
            load_into(model, path)
            found = self._all_logits(model, images)
        difference, largest = np.abs(found - expected).max(), np.abs(expected).max()
        if difference > TOLERANCE * largest:
            raise UserError(
                f"the logits differ by up to {difference:.3g} after the weights were saved and "
                "loaded; something that the model computes with is not in its state_dict(): make "
                "it a parameter or a buffer"
            )

    def _train(self, seed, folder, memory_format):
        """(model, images) after the steps that are left from the checkpoint before the last."""
        checkpoints = Checkpoints(folder, {}, steps=max(1, self.recipe.max_steps - 1))
        model, inputs, _ = start(
            self.description,
            self.model_settings,
            seed,
            self.initial_weights,
            self.device,
            memory_format,
        )
        images = Images(self.pixels, inputs, self.device)
        observers, state = [Keeper(checkpoints)], checkpoints.latest()
        try:
            with naming_determinism(self.recipe, self.device):
                train(model, images, self.labels, self.recipe, seed, observers, state, self.indices)
        except Diverged:
            pass  # the run itself will say so, and leave what the report needs
        except (IndexError, RuntimeError, ValueError):
            # Says so where the fault is the shape of the logits.
            self._logits(model, images, self.n_predicted)
            raise
        if torch.initial_seed() not in (SEED, OTHER_SEED):
            raise UserError(
                f"the model's code seeds torch (torch.manual_seed({torch.initial_seed()})), so "
                "that all seeds of the configuration would start alike; remove that line"
            )
        return model, images

    def _all_logits(self, model, images):
        """Logits of a batch as an evaluation computes them, and of one image alone."""
        seed_all(SEED)
        numbers = (self.n_predicted, 1)
        return np.concatenate([self._logits(model, images, n_images) for n_images in numbers])

    def _logits(self, model, images, n_images):
        logits = predict(model, images.only(torch.arange(n_images)), n_images)
        checked_logits(torch.from_numpy(logits), n_images, self.description["n_classes"])
        return logits
